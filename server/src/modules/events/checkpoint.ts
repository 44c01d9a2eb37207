import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type ChainEnd, endIsSigned, signEnd } from './audit-chain.ts';

const CheckpointFile = z.object({
  sequence: z.int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string().regex(/^[0-9a-f]{64}$/),
});

export type CheckpointState =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'known'; readonly end: ChainEnd };

/** An end of the audit log that was seen once, kept outside the database so that a lost tail shows. */
export interface CheckpointStore {
  read(): Promise<CheckpointState>;
  write(end: ChainEnd): Promise<void>;
}

/** A signed file, replaced as a whole. */
export function createCheckpointStore(options: { folder: string; key: Buffer }): CheckpointStore {
  const { folder, key } = options;
  const file = path.join(folder, 'audit-checkpoint.json');

  return {
    async read() {
      let text: string;
      try {
        text = await readFile(file, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'none' };
        throw error;
      }
      const parsed = CheckpointFile.safeParse(parseJson(text));
      if (!parsed.success) return { kind: 'unreadable' };
      const end = { sequence: parsed.data.sequence, hash: Buffer.from(parsed.data.hash, 'hex') };
      const signed = endIsSigned(key, end, Buffer.from(parsed.data.signature, 'hex'));
      return signed ? { kind: 'known', end } : { kind: 'unreadable' };
    },
    async write(end) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const draft = `${file}.${process.pid}.new`;
      const handle = await open(draft, 'w', 0o600);
      try {
        const content = {
          sequence: end.sequence,
          hash: end.hash.toString('hex'),
          signature: signEnd(key, end).toString('hex'),
        };
        await handle.writeFile(`${JSON.stringify(content)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, file);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON fails the schema, like any other damage to the file.
    return undefined;
  }
}
