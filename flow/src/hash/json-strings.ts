import { decodeScriptEscapes } from './decoded-escapes.ts';
import { type MappedText, sliceMapped } from './reference.ts';

/** A string of a JSON text: the keys that lead to it (list positions as `*`), whether it is itself a key, and its content. */
export interface JsonString {
  readonly path: readonly string[];
  readonly isKey: boolean;
  /** Decoded when asked for: the sources inside a source map are megabytes that nobody looks at. */
  content(): MappedText;
}

/**
 * Walks all strings of a JSON text with their places. Tolerant: a broken text gives the strings up to the break, because
 * the judge of JSON is the browser that reads it; what is not found here stays under its own name.
 */
export function jsonStrings(source: MappedText, onString: (found: JsonString) => void): void {
  const { text } = source;
  const frames: { list: boolean; key: string; expectsKey: boolean }[] = [];
  const tokens = /"(?:[^"\\]|\\[\s\S])*"|[{}[\],:]/g;
  for (const token of text.matchAll(tokens)) {
    const sign = token[0];
    const top = frames.at(-1);
    if (sign === '{' || sign === '[') {
      frames.push({ list: sign === '[', key: sign === '[' ? '*' : '', expectsKey: sign === '{' });
    } else if (sign === '}' || sign === ']') {
      frames.pop();
    } else if (sign === ',') {
      if (top !== undefined && !top.list) top.expectsKey = true;
    } else if (sign !== ':') {
      const content = () =>
        decodeScriptEscapes(sliceMapped(source, token.index + 1, token.index + sign.length - 1));
      const isKey = top?.expectsKey ?? false;
      onString({ path: (isKey ? frames.slice(0, -1) : frames).map((frame) => frame.key), isKey, content });
      if (top !== undefined && isKey) {
        top.key = content().text;
        top.expectsKey = false;
      }
    }
  }
}
