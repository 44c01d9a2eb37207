import {
  arraySchema,
  defaultSchema,
  integerSchema,
  kindSchema,
  objectSchema,
  oneOfSchema,
  patternSchema,
  type Schema,
  stringSchema,
} from '../core/schema.ts';

const cloudflareSchema = objectSchema({
  kind: oneOfSchema('cloudflare'),
  zoneId: patternSchema(/^[0-9a-f]{32}$/, 'a zone id (32 hex digits)'),
  /** `files`: the pages and unhashed files that changed; the other three as Cloudflare names them. */
  mode: defaultSchema(oneOfSchema('files', 'tags', 'prefixes', 'everything'), 'files'),
  /** For `tags` and `prefixes`. Prefixes have no scheme: `www.example.org/docs`. */
  values: defaultSchema(arraySchema(stringSchema), []),
  /** Items in one call; Cloudflare allows 100 (500 on Enterprise). */
  batchSize: defaultSchema(integerSchema({ min: 1, max: 500 }), 100),
  tokenVariable: defaultSchema(
    patternSchema(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable'),
    'CLOUDFLARE_API_TOKEN',
  ),
  apiUrl: defaultSchema(
    patternSchema(/^https?:\/\//, 'an http(s) URL'),
    'https://api.cloudflare.com/client/v4',
  ),
  retries: defaultSchema(integerSchema({ min: 0, max: 20 }), 5),
  timeoutMs: defaultSchema(integerSchema({ min: 100, max: 120_000 }), 15_000),
});

const commandSchema = objectSchema({
  kind: oneOfSchema('command'),
  /**
   * Program and arguments, run without a shell. `{urls-file}` is replaced by a file with one changed address a line,
   * `{release}` by the release's id.
   */
  command: arraySchema(stringSchema),
  timeoutMs: defaultSchema(integerSchema({ min: 100, max: 3_600_000 }), 120_000),
});

export type CloudflarePurgeConfig = ReturnType<typeof cloudflareSchema>;
export type CommandPurgeConfig = ReturnType<typeof commandSchema>;
export type PurgeCacheConfig = CloudflarePurgeConfig | CommandPurgeConfig;

const cacheSchema: Schema<PurgeCacheConfig> = kindSchema<PurgeCacheConfig>({
  cloudflare: cloudflareSchema,
  command: commandSchema,
});

/** The section `purge` of flow.config.ts: the caches in front of the site. */
export const purgeSchema = objectSchema({
  caches: defaultSchema(arraySchema(cacheSchema), []),
});
