/** A stretch of output of one kind. */
export interface OutputPart {
  readonly id: number;
  readonly stream: 'stdout' | 'stderr';
  text: string;
  lines: number;
}

export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly data: string;
  readonly encoding: 'utf8' | 'base64';
}

/** What is kept for the page; the limits of a run may allow far more than a browser can draw. */
const mostCharacters = 4_000_000;
/** A part is drawn as a whole, and drawn again whenever it grows. */
const mostPartCharacters = 20_000;
const mostPartLines = 500;

/**
 * The output of a run in the order it came, neighbours of one kind joined. Bytes that are no UTF-8 are decoded
 * with replacement characters, also when a character is cut between two chunks.
 */
export class OutputText {
  readonly parts: OutputPart[] = [];
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  #characters = 0;
  #nextId = 1;
  /** Characters that were let go from the beginning, because there were too many. */
  dropped = 0;

  add(chunk: OutputChunk): void {
    const text =
      chunk.encoding === 'utf8'
        ? chunk.data
        : this.#decoders[chunk.stream].decode(bytesOf(chunk.data), { stream: true });
    this.#append(chunk.stream, text);
  }

  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) this.#append(stream, this.#decoders[stream].decode());
  }

  /** All of it, or what one stream said. */
  text(stream?: 'stdout' | 'stderr'): string {
    return this.parts
      .filter((part) => stream === undefined || part.stream === stream)
      .map((part) => part.text)
      .join('');
  }

  lines(stream: 'stdout' | 'stderr'): number {
    return this.parts.reduce((sum, part) => sum + (part.stream === stream ? part.lines : 0), 0);
  }

  /**
   * The last parts that together have no more lines than a page can lay out (a program that printed half a million
   * short lines within its limit once stopped the whole page), and how many lines stand before them.
   */
  tail(mostLines: number, stream?: 'stdout' | 'stderr'): { parts: OutputPart[]; linesBefore: number } {
    const parts = this.parts.filter((part) => stream === undefined || part.stream === stream);
    let lines = 0;
    let first = parts.length;
    while (first > 0) {
      lines += parts[first - 1]?.lines ?? 0;
      if (lines > mostLines && first < parts.length) break;
      first -= 1;
    }
    const linesBefore = parts.slice(0, first).reduce((sum, part) => sum + part.lines, 0);
    return { parts: parts.slice(first), linesBefore };
  }

  #append(stream: 'stdout' | 'stderr', text: string): void {
    let from = 0;
    while (from < text.length) {
      const part = this.#openPart(stream);
      const piece = pieceOf(text, from, {
        characters: mostPartCharacters - part.text.length,
        lines: mostPartLines - part.lines,
      });
      part.text += piece.text;
      part.lines += piece.lines;
      from += piece.text.length;
    }
    this.#characters += text.length;
    this.#dropBeginning();
  }

  #openPart(stream: 'stdout' | 'stderr'): OutputPart {
    const last = this.parts.at(-1);
    if (last?.stream === stream && last.text.length < mostPartCharacters && last.lines < mostPartLines)
      return last;
    const part = { id: this.#nextId++, stream, text: '', lines: 0 };
    this.parts.push(part);
    return part;
  }

  #dropBeginning(): void {
    while (this.#characters > mostCharacters && this.parts.length > 1) {
      const gone = this.parts.shift()?.text.length ?? 0;
      this.#characters -= gone;
      this.dropped += gone;
    }
  }
}

/** As much of a text as there is room for, but a line's end at the least; never half a surrogate pair. */
function pieceOf(
  text: string,
  from: number,
  room: { readonly characters: number; readonly lines: number },
): { text: string; lines: number } {
  const last = Math.min(text.length, from + Math.max(1, room.characters));
  let lines = 0;
  let to = from;
  while (to < last && lines < room.lines) {
    const end = text.indexOf('\n', to);
    if (end < 0 || end >= last) {
      to = last;
      break;
    }
    lines += 1;
    to = end + 1;
  }
  if (to < text.length && /[\ud800-\udbff]/.test(text.charAt(to - 1))) to += 1;
  return { text: text.slice(from, to), lines };
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
