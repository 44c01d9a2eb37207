import { hash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';

/** Contents by their SHA-256, in the project's area: each is kept once, whoever needs it. */
export interface Blobs {
  /** Durable when it resolves. */
  put(content: Uint8Array): Promise<string>;
  /** @throws Error when it is missing or was damaged */
  get(contentHash: string): Promise<Buffer>;
  /** Removes all but these, and but those that somebody has put within the last hour: no row may name them yet. */
  keepOnly(hashes: ReadonlySet<string>): Promise<void>;
}

export function hashOf(content: Uint8Array): string {
  return hash('sha256', content, 'hex');
}

export function createBlobs(areaPath: string): Blobs {
  const folder = path.join(areaPath, 'blobs');
  const fileOf = (contentHash: string) => path.join(folder, contentHash.slice(0, 2), contentHash);
  return {
    async put(content) {
      const contentHash = hashOf(content);
      const file = fileOf(contentHash);
      if (await touch(file)) return contentHash;
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      const temporary = `${file}.${crypto.randomUUID()}`;
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(content);
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
      return contentHash;
    },
    async get(contentHash) {
      const content = await readFile(fileOf(contentHash));
      if (hashOf(content) !== contentHash) throw new Error(`the kept content ${contentHash} is damaged`);
      return content;
    },
    async keepOnly(hashes) {
      for (const part of await readdir(folder).catch(() => [])) {
        for (const name of await readdir(path.join(folder, part))) {
          const file = path.join(folder, part, name);
          if (!hashes.has(name) && (await isOld(file))) await rm(file, { force: true });
        }
      }
    },
  };
}

const keptMs = 3_600_000;

/** False when the file is not there. File times are the file system's, so the machine's clock is meant here. */
async function touch(file: string): Promise<boolean> {
  const at = new Date();
  return utimes(file, at, at).then(
    () => true,
    () => false,
  );
}

async function isOld(file: string): Promise<boolean> {
  const stats = await stat(file).catch(() => null);
  return stats !== null && Date.now() - stats.mtimeMs > keptMs;
}
