import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type GgufHeader, GgufSyntaxError, readGgufHeader } from './gguf-header.ts';
import { partsOf, withLaterParts } from './split-files.ts';

/** A file of the models folder. */
export interface ModelFile {
  /** File name without `.gguf`. */
  readonly id: string;
  readonly file: string;
  readonly path: string;
  /** All files of the model, this one first; several where it is split. */
  readonly paths: readonly string[];
  readonly sizeBytes: number;
  /** Null when it can't be read; `problem` says why. */
  readonly header: GgufHeader | null;
  readonly problem: string | null;
}

export interface ModelFolder {
  list(): Promise<readonly ModelFile[]>;
}

const extension = '.gguf';
/** A model in several files is loaded by its first one. */
const laterPart = /-(?!0*1-of-)\d+-of-\d+$/;

interface Remembered {
  readonly stamp: string;
  readonly header: GgufHeader | null;
  readonly problem: string | null;
}

/** The GGUF files of a folder. A header is read once for each state of a file. */
export function createModelFolder(folder: string): ModelFolder {
  const remembered = new Map<string, Remembered>();

  async function describe(file: string): Promise<ModelFile | null> {
    const whole = path.join(folder, file);
    const paths = partsOf(file).map((part) => path.join(folder, part));
    const stats = await Promise.all(paths.map((part) => stat(part).catch(() => null)));
    if (stats[0]?.isFile() !== true) return null;
    const stamp = stats.map((one) => (one === null ? '' : `${one.size}:${one.mtimeMs}:${one.ino}`)).join(' ');
    let known = remembered.get(file);
    if (known?.stamp !== stamp) {
      const missing = paths.filter((_, index) => stats[index]?.isFile() !== true);
      known = { stamp, ...(await headerOrProblem(paths, missing)) };
      remembered.set(file, known);
    }
    const { header, problem } = known;
    return {
      id: file.slice(0, -extension.length),
      file,
      path: whole,
      paths,
      sizeBytes: stats.reduce((sum, one) => sum + (one?.size ?? 0), 0),
      header,
      problem,
    };
  }

  return {
    async list() {
      const names = await readdir(folder).catch(() => []);
      const files = names.filter((name) => isModelFile(name)).sort();
      for (const name of remembered.keys()) if (!files.includes(name)) remembered.delete(name);
      const models: ModelFile[] = [];
      // One after another: headers are megabytes.
      for (const file of files) {
        const model = await describe(file);
        if (model !== null) models.push(model);
      }
      return models;
    },
  };
}

function isModelFile(name: string): boolean {
  if (name.startsWith('.') || !name.endsWith(extension) || name.length === extension.length) return false;
  return !laterPart.test(name.slice(0, -extension.length));
}

async function headerOrProblem(
  paths: readonly string[],
  missing: readonly string[],
): Promise<Pick<Remembered, 'header' | 'problem'>> {
  const [first = '', ...later] = paths;
  try {
    if (missing.length > 0) {
      const names = missing.map((part) => path.basename(part)).join(', ');
      throw new GgufSyntaxError(`it is in ${paths.length} files, and these are missing: ${names}`);
    }
    return { header: await withLaterParts(await readGgufHeader(first), later), problem: null };
  } catch (error) {
    if (error instanceof GgufSyntaxError) return { header: null, problem: error.message };
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return { header: null, problem: `it can’t be read (${code})` };
  }
}
