import { memo } from 'react';
import type { Piece } from './pieces.ts';

/** One line of code in its colours. */
export const CodeLine = memo(function CodeLine({ pieces }: { pieces: readonly Piece[] }) {
  return pieces.map(({ text, classes }, index) =>
    classes === '' ? (
      text
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other identity
      <span key={index} className={classes}>
        {text}
      </span>
    ),
  );
});
