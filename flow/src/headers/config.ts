import {
  arraySchema,
  booleanSchema,
  defaultSchema,
  objectSchema,
  oneOfSchema,
  recordSchema,
  stringSchema,
} from '../core/schema.ts';

/** The section `headers` of flow.config.ts. */
export const headersSchema = objectSchema({
  /** Header files written into the release. */
  write: defaultSchema(arraySchema(oneOfSchema('cloudflare', 'netlify')), ['cloudflare'] as const),
  /** Adds nosniff, referrer and frame rules, which fit any site. */
  security: defaultSchema(booleanSchema, true),
  /** Further headers for every answer, such as Content-Security-Policy. */
  extra: defaultSchema(recordSchema(stringSchema), {}),
});
