import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPackCache } from '../build/cache.ts';
import { digestOfSources, packageVersion } from '../core/versions.ts';
import type { Scan } from './reference.ts';
import type { FileKind } from './site-file.ts';

/** What earlier builds found in the same bytes, by their SHA-256 and by what kind of file they were. */
export interface ScanStore {
  /** Of the files of the site: the words that count as mentions depend on them. */
  readonly extensions: readonly string[];
  get(kind: FileKind, sha256: string): Scan | undefined;
  set(kind: FileKind, sha256: string, scan: Scan): void;
  save(): void;
}

/** Opens the store; scans by other scanners, of whatever version, are not in it. */
export function openScanStore(cacheDir: string, extensions: readonly string[]): ScanStore {
  const version = [
    digestOfSources(path.dirname(fileURLToPath(import.meta.url))),
    packageVersion('oxc-parser'),
    packageVersion('entities'),
    ...extensions,
  ].join(' ');
  const pack = openPackCache(path.join(cacheDir, 'scans.pack'), version);
  return {
    extensions,
    get: (kind, sha256) => {
      const bytes = pack.get(`${kind} ${sha256}`);
      return bytes === undefined ? undefined : (JSON.parse(bytes.toString('utf8')) as Scan);
    },
    set: (kind, sha256, scan) => pack.set(`${kind} ${sha256}`, Buffer.from(JSON.stringify(scan))),
    save: pack.save,
  };
}
