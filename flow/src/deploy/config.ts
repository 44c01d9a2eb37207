import {
  arraySchema,
  booleanSchema,
  defaultSchema,
  integerSchema,
  kindSchema,
  objectSchema,
  oneOfSchema,
  optionalSchema,
  patternSchema,
  type Schema,
  stringSchema,
} from '../core/schema.ts';

const name = optionalSchema(patternSchema(/^[A-Za-z0-9._-]+$/, 'a name of letters, digits, dots and dashes'));
const environments = defaultSchema(arraySchema(oneOfSchema('staging', 'prod')), ['prod'] as const);
/** The name of an environment variable; secrets themselves never stand in the configuration. */
const variable = (fallback: string): Schema<string> =>
  defaultSchema(patternSchema(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable'), fallback);
const cloudflareApiUrl = defaultSchema(
  patternSchema(/^https?:\/\//, 'an http(s) URL'),
  'https://api.cloudflare.com/client/v4',
);

const localSchema = objectSchema({
  kind: oneOfSchema('local'),
  name,
  environments,
  /** The folder that gets `releases/` and the link `current`, which the web server's root names. */
  path: stringSchema,
});

const sshSchema = objectSchema({
  kind: oneOfSchema('ssh'),
  name,
  environments,
  host: patternSchema(/^[A-Za-z0-9][A-Za-z0-9._:-]*$/, 'a host name or address'),
  user: optionalSchema(patternSchema(/^[A-Za-z_][A-Za-z0-9._-]*$/, 'a user name')),
  port: optionalSchema(integerSchema({ min: 1, max: 65_535 })),
  /** Absolute path on the server, laid out like a local target. */
  path: patternSchema(/^\/[^\0\n]*$/, 'an absolute path'),
  identityFile: optionalSchema(stringSchema),
  knownHostsFile: optionalSchema(stringSchema),
  connectTimeoutSeconds: defaultSchema(integerSchema({ min: 1, max: 300 }), 15),
});

const gitSchema = objectSchema({
  kind: oneOfSchema('git'),
  name,
  environments,
  remote: defaultSchema(patternSchema(/^[^-\s][^\s]*$/, 'a remote name or URL'), 'origin'),
  branch: defaultSchema(patternSchema(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'a branch name'), 'gh-pages'),
});

const cloudflarePagesSchema = objectSchema({
  kind: oneOfSchema('cloudflare-pages'),
  name,
  environments,
  accountId: patternSchema(/^[0-9a-f]{32}$/, 'an account id (32 hex digits)'),
  project: patternSchema(/^[a-z0-9][a-z0-9-]*$/, 'a project name'),
  branch: defaultSchema(stringSchema, 'main'),
  tokenVariable: variable('CLOUDFLARE_API_TOKEN'),
  apiUrl: cloudflareApiUrl,
});

const cloudflareWorkersSchema = objectSchema({
  kind: oneOfSchema('cloudflare-workers'),
  name,
  environments,
  accountId: patternSchema(/^[0-9a-f]{32}$/, 'an account id (32 hex digits)'),
  script: patternSchema(/^[a-z0-9][a-z0-9_-]*$/, 'a script name'),
  compatibilityDate: defaultSchema(patternSchema(/^\d{4}-\d{2}-\d{2}$/, 'a date'), '2025-01-01'),
  notFoundHandling: defaultSchema(oneOfSchema('404-page', 'single-page-application', 'none'), '404-page'),
  tokenVariable: variable('CLOUDFLARE_API_TOKEN'),
  apiUrl: cloudflareApiUrl,
});

const s3Schema = objectSchema({
  kind: oneOfSchema('s3'),
  name,
  environments,
  endpoint: patternSchema(/^https?:\/\/[^/]+\/?$/, 'an http(s) URL without a path'),
  region: defaultSchema(stringSchema, 'us-east-1'),
  bucket: patternSchema(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'a bucket name'),
  prefix: defaultSchema(patternSchema(/^([A-Za-z0-9._-]+\/)*$/, 'empty, or a path that ends in /'), ''),
  /** `path`: endpoint/bucket/key; `host`: bucket.endpoint/key. */
  addressing: defaultSchema(oneOfSchema('path', 'host'), 'path'),
  accessKeyVariable: variable('AWS_ACCESS_KEY_ID'),
  secretKeyVariable: variable('AWS_SECRET_ACCESS_KEY'),
  sessionTokenVariable: variable('AWS_SESSION_TOKEN'),
  /** Puts Cache-Control of the release's roles on each object. */
  cacheControl: defaultSchema(booleanSchema, true),
});

/** Where a release goes. */
export type TargetConfig =
  | ReturnType<typeof localSchema>
  | ReturnType<typeof sshSchema>
  | ReturnType<typeof gitSchema>
  | ReturnType<typeof cloudflarePagesSchema>
  | ReturnType<typeof cloudflareWorkersSchema>
  | ReturnType<typeof s3Schema>;

export type LocalTargetConfig = ReturnType<typeof localSchema>;
export type SshTargetConfig = ReturnType<typeof sshSchema>;
export type GitTargetConfig = ReturnType<typeof gitSchema>;
export type CloudflarePagesConfig = ReturnType<typeof cloudflarePagesSchema>;
export type CloudflareWorkersConfig = ReturnType<typeof cloudflareWorkersSchema>;
export type S3TargetConfig = ReturnType<typeof s3Schema>;

const targetSchema: Schema<TargetConfig> = kindSchema<TargetConfig>({
  local: localSchema,
  ssh: sshSchema,
  git: gitSchema,
  'cloudflare-pages': cloudflarePagesSchema,
  'cloudflare-workers': cloudflareWorkersSchema,
  s3: s3Schema,
});

/** The section `deploy` of flow.config.ts. */
export const deploySchema = objectSchema({
  targets: defaultSchema(arraySchema(targetSchema), []),
  /** Releases kept for rollback, the live one included; assets of these stay reachable for open tabs. */
  keepReleases: defaultSchema(integerSchema({ min: 2, max: 100 }), 5),
});
