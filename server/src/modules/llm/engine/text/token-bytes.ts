import type { LlamaModel, Token } from 'node-llama-cpp';

const byteTokenType = 6;
const userDefinedType = 4;

/** The bytes that a token stands for; a token may be a part of a character. */
export type TokenBytes = (token: Token) => Buffer;

/** Reads the bytes of tokens off the model's vocabulary. */
export function createTokenBytes(model: LlamaModel): TokenBytes {
  const vocabulary = model.fileInfo.metadata.tokenizer?.ggml;
  const tokens: readonly string[] = vocabulary?.tokens ?? [];
  const types: readonly number[] = vocabulary?.token_type ?? [];
  const byteLevel = vocabulary?.model === 'gpt2' ? byteLevelAlphabet() : null;
  return (token) => {
    const text = tokens[token] ?? '';
    if (types[token] === byteTokenType) return Buffer.from([Number.parseInt(text.slice(3, 5), 16)]);
    if (types[token] === userDefinedType) return Buffer.from(text);
    if (byteLevel !== null) return fromByteLevel(text, byteLevel);
    return Buffer.from(text.replaceAll('\u2581', ' '));
  };
}

function fromByteLevel(text: string, alphabet: ReadonlyMap<string, number>): Buffer {
  const bytes: number[] = [];
  for (const character of text) {
    const byte = alphabet.get(character);
    if (byte === undefined) return Buffer.from(text);
    bytes.push(byte);
  }
  return Buffer.from(bytes);
}

/** GPT-2's letters for the 256 bytes: printable ones stand for themselves, the others follow from U+0100 on. */
function byteLevelAlphabet(): ReadonlyMap<string, number> {
  const alphabet = new Map<string, number>();
  let moved = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    if (printable) alphabet.set(String.fromCharCode(byte), byte);
    else {
      alphabet.set(String.fromCharCode(0x100 + moved), byte);
      moved += 1;
    }
  }
  return alphabet;
}
