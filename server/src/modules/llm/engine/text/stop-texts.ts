/** Finds the earliest of the stop texts in a stream of text, also where it lies across pieces. */
export class StopTexts {
  readonly #texts: readonly string[];
  #held = '';

  constructor(texts: readonly string[]) {
    this.#texts = texts.filter((text) => text !== '');
  }

  /** What may be shown for sure; once `stopped`, nothing more follows. */
  push(text: string): { readonly text: string; readonly stopped: boolean } {
    if (this.#texts.length === 0) return { text, stopped: false };
    const whole = this.#held + text;
    const at = this.#earliest(whole);
    if (at !== -1) {
      this.#held = '';
      return { text: whole.slice(0, at), stopped: true };
    }
    const kept = this.#possibleBeginning(whole);
    this.#held = whole.slice(whole.length - kept);
    return { text: whole.slice(0, whole.length - kept), stopped: false };
  }

  /** The rest that looked like the beginning of a stop text and was none. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  #earliest(whole: string): number {
    const places = this.#texts.map((text) => whole.indexOf(text)).filter((place) => place !== -1);
    return places.length === 0 ? -1 : Math.min(...places);
  }

  #possibleBeginning(whole: string): number {
    let longest = 0;
    for (const text of this.#texts) {
      for (let length = Math.min(text.length - 1, whole.length); length > longest; length -= 1) {
        if (whole.endsWith(text.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
