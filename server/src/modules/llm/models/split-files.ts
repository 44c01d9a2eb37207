import path from 'node:path';
import { type GgufHeader, GgufSyntaxError, readGgufTensors } from './gguf-header.ts';

/** `name-00001-of-00003.gguf`, as llama.cpp's gguf-split names the first file of a model in several. */
const firstPart = /^(.*)-(0*1)-of-(\d+)\.gguf$/;
const mostParts = 1_000;

/** The files of a model, the given first one at the beginning; only that where it is not split. */
export function partsOf(file: string): string[] {
  const [, name, one = '', total = ''] = firstPart.exec(file) ?? [];
  const count = Number(total);
  if (name === undefined || count < 2 || count > mostParts) return [file];
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(one.length, '0');
    return `${name}-${number}-of-${total}.gguf`;
  });
}

/**
 * The header of a split model: what it is stands in its first file, its weights in all of them.
 * @throws GgufSyntaxError with the name of the file that is damaged
 */
export async function withLaterParts(header: GgufHeader, later: readonly string[]): Promise<GgufHeader> {
  let { parameterCount, tensorBytes } = header;
  for (const file of later) {
    try {
      const tensors = await readGgufTensors(file);
      parameterCount += tensors.parameterCount;
      tensorBytes += tensors.tensorBytes;
    } catch (error) {
      if (!(error instanceof GgufSyntaxError)) throw error;
      throw new GgufSyntaxError(`${path.basename(file)}: ${error.message}`);
    }
  }
  return { ...header, parameterCount, tensorBytes };
}
