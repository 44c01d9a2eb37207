import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** Contents by their SHA-256, in the project's area: each is kept once, whoever needs it. */
export interface Blobs {
  /** Durable when it resolves. */
  put(content: Uint8Array): Promise<string>;
  /** @throws Error when it is missing or was damaged */
  get(contentHash: string): Promise<Buffer>;
  /** Removes all but these. */
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
      if (existsSync(file)) return contentHash;
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
          if (!hashes.has(name)) await rm(path.join(folder, part, name), { force: true });
        }
      }
    },
  };
}
