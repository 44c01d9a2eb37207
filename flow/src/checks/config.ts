import {
  arraySchema,
  booleanSchema,
  defaultSchema,
  integerSchema,
  objectSchema,
  recordSchema,
  stringSchema,
} from '../core/schema.ts';

/** The section `checks` of flow.config.ts. */
export const checksSchema = objectSchema({
  /** Globs, relative to the site's folder, that no check looks at. */
  ignore: defaultSchema(arraySchema(stringSchema), []),
  /** Rules or whole checks that are switched off: `markdown.line_length`, `images`. */
  disable: defaultSchema(arraySchema(stringSchema), []),
  /** Real character sets of files that are not UTF-8, glob → label; only these are ever converted. */
  charsets: defaultSchema(recordSchema(stringSchema), {}),
  /** Whether `links` also asks other servers. */
  externalLinks: defaultSchema(booleanSchema, false),
  externalTimeoutMs: defaultSchema(integerSchema({ min: 100, max: 120_000 }), 10_000),
  /** Weight above which an image is reported. */
  imageMaxBytes: defaultSchema(integerSchema({ min: 1, max: 1_000_000_000 }), 500_000),
  /** Width or height above which an image is reported. */
  imageMaxPixels: defaultSchema(integerSchema({ min: 1, max: 100_000 }), 3_840),
});
