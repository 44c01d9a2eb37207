import { isFault } from '#base/fault.ts';
import type { CheckContext } from './check.ts';

/**
 * Looks at the project as it was before the task: changed files whose name fits get their old contents, `look` is run,
 * and they get the new ones back, whatever happens. Null when a file cannot be put back to what it was.
 */
export async function withBaseState<Result>(
  { bench, before, changes }: Pick<CheckContext, 'bench' | 'before' | 'changes'>,
  fits: RegExp,
  look: () => Promise<Result>,
): Promise<Result | null> {
  const kept: { readonly path: string; readonly now: string | null; readonly earlier: string | null }[] = [];
  for (const { path } of await changes()) {
    if (!fits.test(path)) continue;
    const [now, earlier] = [await bench.read(path), await before(path)];
    kept.push({ path, now, earlier });
  }
  const put = async (path: string, content: string | null, present: boolean) => {
    if (content !== null) await bench.write(path, content);
    else if (present) await bench.remove(path);
  };
  try {
    for (const { path, now, earlier } of kept) await put(path, earlier, now !== null);
    return await look();
  } catch (error) {
    if (isFault(error) && error.code.startsWith('files.')) return null;
    throw error;
  } finally {
    for (const { path, now, earlier } of kept) await put(path, now, earlier !== null).catch(() => undefined);
  }
}
