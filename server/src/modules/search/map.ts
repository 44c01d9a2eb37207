import type { RawResultOf } from '#base/contract.ts';
import type { Database } from '#kernel/database/database.ts';
import type { searchContract } from './contract.ts';
import { type ChunkRow, chunksOfFiles, pathsAfter } from './ranking-store.ts';

/** Files whose chunks are held at a time. */
const pageSize = 200;

/**
 * Files with what they define, those in `first` before the others in the order of their paths, as many as fit: symbols are
 * cut before a file is left out. Of a large project only what may fit is read.
 */
export async function mapOf(
  database: Database,
  projectId: string,
  request: { readonly first: ReadonlySet<string>; readonly files: number; readonly limitCharacters: number },
): Promise<RawResultOf<typeof searchContract, 'search.map'>> {
  const { first, limitCharacters } = request;
  const kept: { path: string; symbols: string[] }[] = [];
  let left = limitCharacters;

  /** False when there is no room for more. */
  async function add(paths: readonly string[]): Promise<boolean> {
    const chunks = Map.groupBy(await chunksOfFiles(database, projectId, paths), ({ path }) => path);
    for (const path of paths) {
      const rows = chunks.get(path);
      // It went a moment ago.
      if (rows === undefined) continue;
      if (left < path.length + 1) return false;
      left -= path.length + 1;
      const symbols = symbolsOf(rows).filter((symbol) => {
        const fits = symbol.length + 2 <= left;
        if (fits) left -= symbol.length + 2;
        return fits;
      });
      kept.push({ path, symbols });
    }
    return true;
  }

  let room = await add([...first]);
  let after = '';
  while (room) {
    const paths = await pathsAfter(database, projectId, { after, limit: pageSize });
    room = await add(paths.filter((path) => !first.has(path)));
    if (paths.length < pageSize) break;
    after = paths.at(-1) ?? after;
  }
  return { files: kept, omittedFiles: Math.max(0, request.files - kept.length) };
}

function symbolsOf(chunks: readonly ChunkRow[]): string[] {
  return [...new Set(chunks.flatMap(({ symbol }) => symbol?.split(', ') ?? []))];
}
