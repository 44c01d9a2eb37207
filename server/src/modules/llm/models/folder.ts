import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type GgufHeader, GgufSyntaxError, readGgufHeader } from './gguf-header.ts';

/** A file of the models folder. */
export interface ModelFile {
  /** File name without `.gguf`. */
  readonly id: string;
  readonly file: string;
  readonly path: string;
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
    const stats = await stat(whole).catch(() => null);
    if (!stats?.isFile()) return null;
    const stamp = `${stats.size}:${stats.mtimeMs}:${stats.ino}`;
    let known = remembered.get(file);
    if (known?.stamp !== stamp) {
      known = { stamp, ...(await headerOrProblem(whole)) };
      remembered.set(file, known);
    }
    const { header, problem } = known;
    return {
      id: file.slice(0, -extension.length),
      file,
      path: whole,
      sizeBytes: stats.size,
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

async function headerOrProblem(file: string): Promise<Pick<Remembered, 'header' | 'problem'>> {
  try {
    return { header: await readGgufHeader(file), problem: null };
  } catch (error) {
    if (error instanceof GgufSyntaxError) return { header: null, problem: error.message };
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return { header: null, problem: `it can’t be read (${code})` };
  }
}
