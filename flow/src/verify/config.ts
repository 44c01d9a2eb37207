import {
  arraySchema,
  booleanSchema,
  defaultSchema,
  integerSchema,
  objectSchema,
  optionalSchema,
  patternSchema,
} from '../core/schema.ts';

/** The section `verify` of flow.config.ts. */
export const verifySchema = objectSchema({
  /** The live address; `site.url` when not given. */
  url: optionalSchema(patternSchema(/^https?:\/\/[^/]+(\/.*)?$/, 'an absolute http(s) URL')),
  /**
   * Edges to ask one by one, as `address[:port]`: the site's host name is kept, only the connection goes there.
   * Without any, every address that the host name resolves to is asked.
   */
  edges: defaultSchema(
    arraySchema(patternSchema(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(:\d+)?$/, 'address[:port]')),
    [],
  ),
  /** Asks again until the edge has the release, or this time is over. */
  waitSeconds: defaultSchema(integerSchema({ min: 0, max: 3_600 }), 30),
  timeoutMs: defaultSchema(integerSchema({ min: 100, max: 120_000 }), 15_000),
  concurrency: defaultSchema(integerSchema({ min: 1, max: 64 }), 8),
  /** Whether the headers of every file are judged too. */
  headers: defaultSchema(booleanSchema, true),
  /** Goes back to the release before when a check fails. */
  rollback: defaultSchema(booleanSchema, false),
});
