import { FlowFault } from '../core/fault.ts';
import type { ReleaseFile, ReleaseManifest } from '../core/layout.ts';
import {
  arraySchema,
  booleanSchema,
  integerSchema,
  objectSchema,
  oneOfSchema,
  patternSchema,
  type Schema,
  stringSchema,
} from '../core/schema.ts';

const nullable =
  <T>(inner: Schema<T>): Schema<T | null> =>
  (value, place) =>
    value === null ? null : inner(value, place);

/** A relative path that stays inside the release on every system: no `..`, no control characters, no backslash. */
const safePath: Schema<string> = patternSchema(
  /^(?!\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))(?!.*\/\/)[^\\\p{Cc}]+(?<!\/)$/u,
  'a relative path inside the release',
);
const sha256 = patternSchema(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex');

const fileSchema: Schema<ReleaseFile> = (value, place) => {
  const { original, ...rest } = value as Record<string, unknown>;
  const file = objectSchema({
    path: safePath,
    sha256,
    sizeBytes: integerSchema({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    role: oneOfSchema('html', 'hashed', 'unhashed', 'alias', 'worker', 'metadata', 'config'),
    mime: patternSchema(/^[^\p{Cc}]*$/u, 'a media type'),
  })(rest, place);
  return original === undefined ? file : { ...file, original: stringSchema(original, `${place}.original`) };
};

const manifestSchema = objectSchema({
  formatVersion: integerSchema({ min: 1, max: 1 }),
  id: patternSchema(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/, 'a release id'),
  label: stringSchema,
  version: nullable(stringSchema),
  commit: nullable(stringSchema),
  dirty: booleanSchema,
  committedAt: nullable(stringSchema),
  contentHash: stringSchema,
  siteUrl: nullable(stringSchema),
  worker: nullable(
    objectSchema({
      path: safePath,
      version: stringSchema,
      kind: oneOfSchema('worker', 'kill-switch'),
    }),
  ),
  files: arraySchema(fileSchema),
});

/**
 * Reads `release.json`, from this machine or from a target: strictly, since its paths are written to and its id names
 * folders. `source` names it in a fault.
 * @throws deploy.release_invalid
 */
export function parseManifest(text: string, source: string): ReleaseManifest {
  try {
    return { ...manifestSchema(JSON.parse(text), ''), formatVersion: 1 };
  } catch (cause) {
    const reason = cause instanceof FlowFault ? cause.text : null;
    throw new FlowFault('deploy.release_invalid', {
      file: source,
      text: {
        en: `${source} is no valid release manifest. ${reason?.en ?? ''}`.trim(),
        de: `${source} ist kein gültiges Release-Manifest. ${reason?.de ?? ''}`.trim(),
      },
      fix: {
        en: 'Build the release anew: cds flow build',
        de: 'Das Release neu bauen: cds flow build',
      },
      cause,
    });
  }
}
