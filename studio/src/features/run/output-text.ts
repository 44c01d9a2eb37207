/** A stretch of output of one kind. */
export interface OutputPart {
  readonly id: number;
  readonly stream: 'stdout' | 'stderr';
  text: string;
}

export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly data: string;
  readonly encoding: 'utf8' | 'base64';
}

/** What is kept for the page; the limits of a run may allow far more than a browser can draw. */
const mostCharacters = 4_000_000;

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
    return this.text(stream).split('\n').length - 1;
  }

  #append(stream: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    const last = this.parts.at(-1);
    if (last?.stream === stream && last.text.length < 20_000) last.text += text;
    else this.parts.push({ id: this.#nextId++, stream, text });
    this.#characters += text.length;
    while (this.#characters > mostCharacters && this.parts.length > 1) {
      const gone = this.parts.shift()?.text.length ?? 0;
      this.#characters -= gone;
      this.dropped += gone;
    }
  }
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
