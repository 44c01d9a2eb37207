import { checksSchema } from '../checks/config.ts';
import { deploySchema } from '../deploy/config.ts';
import { headersSchema } from '../headers/config.ts';
import { purgeSchema } from '../purge/config.ts';
import { verifySchema } from '../verify/config.ts';
import {
  arraySchema,
  booleanSchema,
  defaultSchema,
  integerSchema,
  objectSchema,
  oneOfSchema,
  optionalSchema,
  patternSchema,
  recordSchema,
  stringSchema,
  type TypeOf,
} from './schema.ts';

const siteSchema = objectSchema({
  /** Absolute URL under which visitors see the site, with the folder it lives in (`https://name.github.io/repo/`). */
  url: optionalSchema(patternSchema(/^https?:\/\/[^/]+(\/.*)?$/, 'an absolute http(s) URL')),
  title: optionalSchema(stringSchema),
  description: optionalSchema(stringSchema),
  author: optionalSchema(stringSchema),
  language: defaultSchema(
    patternSchema(/^[a-zA-Z]{2,3}(-[A-Za-z0-9]+)*$/, 'a language tag such as "en"'),
    'en',
  ),
});

const buildSchema = objectSchema({
  /** The folder with the sources; found by itself when not given. */
  source: optionalSchema(stringSchema),
  /** The project's own build (`npm run build`); its `output` then enters at step 3. */
  command: optionalSchema(stringSchema),
  output: optionalSchema(stringSchema),
  /** Globs, relative to the source folder, that never reach the release. */
  ignore: defaultSchema(arraySchema(stringSchema), []),
  /** Whether pages become `name.html` or `name/index.html`. */
  pageUrls: defaultSchema(oneOfSchema('file', 'folder'), 'file'),
  highlight: defaultSchema(booleanSchema, true),
  /** Whether HTML written inside Markdown is passed through. */
  rawHtml: defaultSchema(booleanSchema, true),
  feed: defaultSchema(booleanSchema, true),
  sitemap: defaultSchema(booleanSchema, true),
  /** Values for layouts, as `{{ data.name }}`. */
  data: defaultSchema(
    recordSchema<unknown>((value) => value),
    {},
  ),
});

const hashSchema = objectSchema({
  /** Globs of files that keep their names whatever refers to them. */
  keep: defaultSchema(arraySchema(stringSchema), []),
  /** Globs of URL paths that another server answers: never looked for among the files. */
  external: defaultSchema(arraySchema(stringSchema), []),
  /** `error`: a reference that leads nowhere stops the release. */
  unresolved: defaultSchema(oneOfSchema('error', 'warn'), 'error'),
});

const workerSchema = objectSchema({
  /** `auto`: a worker when the site has a web manifest. `kill`: a worker that removes itself and every cache. */
  mode: defaultSchema(oneOfSchema('auto', 'on', 'off', 'kill'), 'auto'),
  path: defaultSchema(patternSchema(/^[A-Za-z0-9._/-]+\.js$/, 'a relative path that ends in .js'), 'sw.js'),
  /** Source path of the page that is shown without a network; made by the flow when there is none. */
  offlinePage: defaultSchema(stringSchema, 'offline.html'),
  /** URL path prefixes that the worker never touches and servers never store. */
  apiPaths: defaultSchema(arraySchema(patternSchema(/^\//, 'a path that starts with /')), ['/api/']),
  /** Hashed files above this size are cached when used, not in advance. */
  precacheMaxFileBytes: defaultSchema(integerSchema({ min: 0, max: 100_000_000 }), 2_000_000),
  precacheMaxTotalBytes: defaultSchema(integerSchema({ min: 0, max: 1_000_000_000 }), 25_000_000),
  /** Whether pages get the registration and the "new version" prompt by themselves. */
  register: defaultSchema(booleanSchema, true),
});

const metadataSchema = objectSchema({
  /** Whether each page shows the release's label in its footer. */
  footer: defaultSchema(booleanSchema, true),
  /** The version shown; package.json's when not given. */
  version: optionalSchema(stringSchema),
  signature: optionalSchema(
    objectSchema({
      kind: oneOfSchema('ssh', 'minisign'),
      /** Path of the private key file, or `env:NAME` for one whose path is in the environment. */
      keyFile: stringSchema,
    }),
  ),
});

export const flowConfigSchema = objectSchema({
  site: siteSchema,
  build: buildSchema,
  hash: hashSchema,
  worker: workerSchema,
  metadata: metadataSchema,
  headers: headersSchema,
  deploy: deploySchema,
  purge: purgeSchema,
  verify: verifySchema,
  checks: checksSchema,
});

/** The whole configuration with every default filled in. */
export type FlowConfig = TypeOf<typeof flowConfigSchema>;

type DeepPartial<T> = T extends readonly (infer Item)[]
  ? readonly DeepPartial<Item>[]
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/** What `flow.config.ts` holds: `export default { … } satisfies FlowConfigInput`. Every setting may be left out. */
export type FlowConfigInput = DeepPartial<FlowConfig>;

/** Fills in the defaults. @throws FlowFault flow.config_invalid, flow.config_unknown_key */
export function parseFlowConfig(value: unknown): FlowConfig {
  return flowConfigSchema(value, '');
}
