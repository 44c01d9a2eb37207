import { isUtf8 } from 'node:buffer';
import type { ChangedFile, ProposedFile } from '../contract-changes.ts';
import type { Blobs } from './blobs.ts';
import { unifiedDiff } from './diff-lines.ts';
import type { FileChange } from './differences.ts';
import { regionsOf, takeRegions } from './regions.ts';

type Contents = Pick<FileChange, 'path' | 'baseHash' | 'afterHash'>;

const diffCharacters = 200_000;
/** Larger files are taken or refused as a whole: nobody reads them line by line. */
const shownCharacters = 400_000;

async function readBoth({ baseHash, afterHash }: Contents, blobs: Blobs) {
  const [before, after] = await Promise.all(
    [baseHash, afterHash].map((hash) => (hash === null ? null : blobs.get(hash))),
  );
  const change = baseHash === null ? 'created' : afterHash === null ? 'deleted' : 'changed';
  const binary = [before, after].some((bytes) => bytes != null && (!isUtf8(bytes) || bytes.includes(0)));
  return { before, after, change, binary } as const;
}

/** A change as a list shows it: counts and a unified diff, cut where it is too long. */
export async function describeChange(contents: Contents, blobs: Blobs): Promise<ChangedFile> {
  const { path } = contents;
  const { before, after, change, binary } = await readBoth(contents, blobs);
  if (binary) return { path, change, binary, addedLines: 0, removedLines: 0, diff: '' };
  const { diff, added, removed } = unifiedDiff(String(before ?? ''), String(after ?? ''));
  return {
    path,
    change,
    binary,
    addedLines: added,
    removedLines: removed,
    diff: diff.length > diffCharacters ? `${diff.slice(0, diffCharacters)}\n[the rest is not shown]\n` : diff,
  };
}

/** A change as a review shows it: both texts and every difference by its number. */
export async function describeFile(contents: Contents, blobs: Blobs): Promise<ProposedFile> {
  const { path } = contents;
  const { before, after, change, binary } = await readBoth(contents, blobs);
  const [from, to] = [before?.toString() ?? null, after?.toString() ?? null];
  if (binary || (from?.length ?? 0) + (to?.length ?? 0) > shownCharacters)
    return { path, change, shown: 'whole', before: null, after: null, regions: [] };
  return { path, change, shown: 'lines', before: from, after: to, regions: regionsOf(from ?? '', to ?? '') };
}

/**
 * The content with only the chosen differences: its hash, or undefined when nothing is taken. Created, deleted and binary
 * files are one difference. @returns the number that is not one of the file's in `unknown`
 */
export async function selectRegions(
  contents: Contents,
  chosen: ReadonlySet<number>,
  blobs: Blobs,
): Promise<{ readonly afterHash: string | null } | { readonly unknown: number } | undefined> {
  const { before, after, change, binary } = await readBoth(contents, blobs);
  const whole = change !== 'changed' || binary || before == null || after == null;
  const count = whole ? 1 : regionsOf(before.toString(), after.toString()).length;
  const unknown = [...chosen].find((number) => number > count);
  if (unknown !== undefined) return { unknown };
  if (chosen.size === 0) return undefined;
  if (whole || chosen.size === count) return { afterHash: contents.afterHash };
  return {
    afterHash: await blobs.put(Buffer.from(takeRegions(before.toString(), after.toString(), chosen))),
  };
}
