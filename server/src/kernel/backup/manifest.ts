import { z } from 'zod';

export const manifestName = 'manifest.json';

/**
 * What a backup holds; written last, so that a truncated file has none. In paths and targets of links, bytes that are not
 * UTF-8 are spelt as `nameText` does it.
 */
export const Manifest = z.object({
  format: z.literal('cyberdevstudio-backup'),
  /** 2: some files stand there once and have several names; 3: some names or targets are not UTF-8, or no name in a zip. */
  formatVersion: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  platformVersion: z.string(),
  createdAt: z.string(),
  /** Applied migrations as `module/file`. */
  migrations: z.array(z.string()),
  tables: z.array(
    z.object({ schema: z.string(), table: z.string(), columns: z.array(z.string()), entry: z.string() }),
  ),
  sequences: z.array(
    z.object({ schema: z.string(), sequence: z.string(), value: z.string(), called: z.boolean() }),
  ),
  /** Symbolic links of the data folder: path and target. */
  links: z.array(z.object({ path: z.string(), target: z.string() })),
  /** Files of the data folder that are the same as one of the entries under another name. */
  copies: z.array(z.object({ path: z.string(), of: z.string() })).default([]),
  /** Folders of the data folder that hold nothing; not named by older versions. */
  emptyFolders: z.array(z.string()).default([]),
  /** Paths of the data folder by entry, where an entry can't be named `files/` and the path. */
  names: z.record(z.string(), z.string()).default({}),
  /** Permission bits of files, by entry. */
  modes: z.record(z.string(), z.int().min(0).max(0o777)),
  /** SHA-256 and size in bytes of every entry but this one. */
  entries: z.record(z.string(), z.object({ sha256: z.string(), sizeBytes: z.int() })),
});
export type Manifest = z.infer<typeof Manifest>;
