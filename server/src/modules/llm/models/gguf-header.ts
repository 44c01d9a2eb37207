import { type FileHandle, open } from 'node:fs/promises';
import { GgufReader, type GgufScalar, GgufSyntaxError } from './gguf-reader.ts';

/** What the header of a GGUF file says about its model. */
export interface GgufHeader {
  readonly architecture: string;
  readonly name: string | null;
  readonly licence: string | null;
  readonly parameterCount: number;
  readonly quantization: string | null;
  readonly trainedContextSize: number;
  readonly vocabularySize: number;
  readonly embeddingLength: number;
  readonly layers: number;
  /** Of all layers together: values that the key-value memory holds for each token. */
  readonly keyValueWidth: number;
  /** What follows the header: the weights. */
  readonly tensorBytes: number;
  readonly capabilities: { readonly chat: boolean; readonly embeddings: boolean; readonly infill: boolean };
}

export { GgufSyntaxError };

/**
 * Reads the header of a GGUF file (specification: docs/gguf.md of the ggml project, versions 2 and 3) and checks
 * that the file is as long as its tensors need. Reads at most a bounded number of bytes, whatever the file claims.
 * @throws GgufSyntaxError with a reason that a person can read
 */
export async function readGgufHeader(file: string): Promise<GgufHeader> {
  const { metadata, tensors } = await readFile(file);
  return headerOf(metadata, tensors);
}

/**
 * How many weights a later file of a split model holds; it says nothing else about it.
 * @throws GgufSyntaxError as for a whole file
 */
export async function readGgufTensors(file: string): Promise<Tensors> {
  return (await readFile(file)).tensors;
}

type Tensors = Pick<GgufHeader, 'parameterCount' | 'tensorBytes'>;

interface Contents {
  readonly metadata: Metadata;
  readonly tensors: Tensors;
}

async function readFile(file: string): Promise<Contents> {
  const handle = await open(file, 'r');
  try {
    return await readFrom(handle);
  } finally {
    await handle.close();
  }
}

async function readFrom(handle: FileHandle): Promise<Contents> {
  const { size } = await handle.stat();
  const reader = new GgufReader(handle, size);
  await reader.begin();
  const metadata = await reader.metadata();
  const tensors = await reader.tensors();
  const alignment = numberOf(metadata, 'general.alignment') ?? 32;
  if (!Number.isInteger(alignment) || alignment < 1) throw new GgufSyntaxError('its alignment is impossible');
  const dataStart = Math.ceil(reader.position / alignment) * alignment;
  const dataEnd = dataStart + tensors.dataBytes;
  if (dataEnd > size) {
    throw new GgufSyntaxError(`it is cut off: ${dataEnd} bytes are needed, ${size} are there`);
  }
  return { metadata, tensors: { parameterCount: tensors.elements, tensorBytes: tensors.dataBytes } };
}

type Metadata = ReadonlyMap<string, GgufScalar>;

function headerOf(metadata: Metadata, tensors: Tensors): GgufHeader {
  const architecture = textOf(metadata, 'general.architecture');
  if (architecture === null) throw new GgufSyntaxError('it names no architecture');
  const own = (key: string): number | null => numberOf(metadata, `${architecture}.${key}`);
  const layers = own('block_count') ?? 0;
  const embeddingLength = own('embedding_length') ?? 0;
  return {
    architecture,
    name: textOf(metadata, 'general.name'),
    licence: textOf(metadata, 'general.license'),
    quantization: quantizationOf(numberOf(metadata, 'general.file_type')),
    trainedContextSize: own('context_length') ?? 0,
    vocabularySize: numberOf(metadata, 'tokenizer.ggml.tokens#') ?? own('vocab_size') ?? 0,
    embeddingLength,
    layers,
    keyValueWidth: keyValueWidth(own, { layers, embeddingLength }),
    capabilities: capabilitiesOf(metadata, architecture),
    ...tensors,
  };
}

/** Keys and values of one token in all layers. Head counts may differ by layer; the reader gives their sum. */
function keyValueWidth(
  own: (key: string) => number | null,
  { layers, embeddingLength }: { readonly layers: number; readonly embeddingLength: number },
): number {
  const heads = own('attention.head_count') ?? 1;
  const headsOfAllLayers =
    own('attention.head_count_kv#sum') ?? (own('attention.head_count_kv') ?? heads) * layers;
  const keyLength = own('attention.key_length') ?? embeddingLength / heads;
  const valueLength = own('attention.value_length') ?? embeddingLength / heads;
  return headsOfAllLayers * (keyLength + valueLength);
}

function capabilitiesOf(metadata: Metadata, architecture: string): GgufHeader['capabilities'] {
  const embeddings =
    (numberOf(metadata, `${architecture}.pooling_type`) ?? 0) !== 0 ||
    metadata.get(`${architecture}.attention.causal`) === false;
  const has = (key: string): boolean => metadata.has(`tokenizer.ggml.${key}`);
  const infill =
    (has('fim_pre_token_id') || has('prefix_token_id')) &&
    (has('fim_mid_token_id') || has('middle_token_id'));
  return {
    chat: !embeddings && metadata.has('tokenizer.chat_template'),
    embeddings,
    infill: !embeddings && infill,
  };
}

function textOf(metadata: Metadata, key: string): string | null {
  const value = metadata.get(key);
  return typeof value === 'string' && value !== '' ? value : null;
}

function numberOf(metadata: Metadata, key: string): number | null {
  const value = metadata.get(key);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** `llama_ftype` of llama.cpp's llama.h. */
const fileTypes: Readonly<Record<number, string>> = {
  0: 'F32',
  1: 'F16',
  2: 'Q4_0',
  3: 'Q4_1',
  7: 'Q8_0',
  8: 'Q5_0',
  9: 'Q5_1',
  10: 'Q2_K',
  11: 'Q3_K_S',
  12: 'Q3_K_M',
  13: 'Q3_K_L',
  14: 'Q4_K_S',
  15: 'Q4_K_M',
  16: 'Q5_K_S',
  17: 'Q5_K_M',
  18: 'Q6_K',
  19: 'IQ2_XXS',
  20: 'IQ2_XS',
  21: 'Q2_K_S',
  22: 'IQ3_XS',
  23: 'IQ3_XXS',
  24: 'IQ1_S',
  25: 'IQ4_NL',
  26: 'IQ3_S',
  27: 'IQ3_M',
  28: 'IQ2_S',
  29: 'IQ2_M',
  30: 'IQ4_XS',
  31: 'IQ1_M',
  32: 'BF16',
  36: 'TQ1_0',
  37: 'TQ2_0',
  38: 'MXFP4',
};

function quantizationOf(fileType: number | null): string | null {
  return fileType === null ? null : (fileTypes[fileType] ?? null);
}
