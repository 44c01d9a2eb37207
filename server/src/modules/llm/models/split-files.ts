import path from 'node:path';
import { type GgufHeader, GgufSyntaxError, readGgufTensors } from './gguf-header.ts';

/** `name-00001-of-00003.gguf`, as llama.cpp's gguf-split names the files of a model in several. */
const splitName = /^(.*)-(\d+)-of-(\d+)\.gguf$/;
const mostParts = 1_000;

/** All files of the model that this one belongs to, the first one at the beginning; only itself where it is not split. */
export function partsOf(file: string): string[] {
  const [, name, place = '', total = ''] = splitName.exec(file) ?? [];
  const count = Number(total);
  if (name === undefined || count < 2 || count > mostParts) return [file];
  if (Number(place) < 1 || Number(place) > count) return [file];
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(place.length, '0');
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
