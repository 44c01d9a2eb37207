import { useEffect, useMemo } from 'react';
import { createStore, useStore } from '../store.ts';
import { type Piece, plainLines } from './pieces.ts';

type Highlight = (code: string, language: string) => Piece[][];

const loaded = createStore<{ readonly highlight: Highlight } | undefined>(undefined);
let asked = false;
/** Longer code stays plain: colouring it would hold up the page. */
const mostCharacters = 100_000;

/** Brings the highlighter, once; without it code stays plain, and the next code tries again. */
function load(): void {
  if (asked) return;
  asked = true;
  import('./highlighter.ts').then(
    ({ createHighlighter }) => loaded.set({ highlight: createHighlighter() }),
    () => {
      asked = false;
    },
  );
}

/** The lines of a code in their colours; plain until the highlighter is there, and where the language is unknown. */
export function useColors(code: string, language: string | null): Piece[][] {
  const highlight = useStore(loaded)?.highlight;
  const wanted = language !== null && code.length <= mostCharacters;
  useEffect(() => {
    if (wanted) load();
  }, [wanted]);
  return useMemo(
    () => (wanted && highlight !== undefined ? highlight(code, language) : plainLines(code)),
    [code, language, wanted, highlight],
  );
}
