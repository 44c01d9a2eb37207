import { asData } from '../tools/untrusted.ts';

/** What a small model is told beside the file: results of tools, marked as data. */
export interface Facts {
  add(source: string, text: string): void;
  /** All of them as text; the oldest are left out where the model has no room, and it says so. */
  shown(contextSize: number | null): string;
  readonly all: readonly Fact[];
}

export interface Fact {
  readonly source: string;
  readonly text: string;
}

const mostCharacters = 12_000;
/** Of a window, in characters for each token: about a fifth of it. */
const charactersPerContextToken = 0.6;
const factCharacters = 6_000;

export function createFacts(known: readonly Fact[] = []): Facts {
  const all: Fact[] = [...known];
  return {
    all,
    add(source, text) {
      const left = text.length - factCharacters;
      all.push({
        source,
        text: left > 0 ? `${text.slice(0, factCharacters)}\n[${left} more characters are not shown]` : text,
      });
    },
    shown(contextSize) {
      const room = contextSize === null ? mostCharacters : contextSize * charactersPerContextToken;
      const parts: string[] = [];
      let used = 0;
      for (const { source, text } of all.toReversed()) {
        const part = asData(source, text);
        if (used + part.length > room) {
          parts.unshift(`[${all.length - parts.length} earlier results of tools are not shown]`);
          break;
        }
        used += part.length;
        parts.unshift(part);
      }
      return parts.join('\n');
    },
  };
}
