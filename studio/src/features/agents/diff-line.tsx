import { memo } from 'react';
import type { Piece } from '../../ui/code/pieces.ts';
import { type DiffRow, markPieces } from './diff-rows.ts';

interface LineProps {
  readonly row: Extract<DiffRow, { kind: 'same' | 'removed' | 'added' }>;
  readonly pieces: readonly Piece[];
  readonly refused: boolean;
}

const signs = { same: ' ', removed: '−', added: '+' } as const;

/** One line of a diff: number, sign, code in its colours, and what of it differs. */
export const DiffLine = memo(function DiffLine({ row, pieces, refused }: LineProps) {
  return (
    <div className={`diff-line ${row.kind} ${refused ? 'refused' : ''}`}>
      <span className="diff-number" aria-hidden="true">
        {row.after}
      </span>
      <span className="diff-sign">{signs[row.kind]}</span>
      <span>
        {markPieces(pieces, row.span).map(({ piece, marked }, index) =>
          marked ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other identity
            <mark key={index} className={piece.classes}>
              {piece.text}
            </mark>
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other identity
            <span key={index} className={piece.classes}>
              {piece.text}
            </span>
          ),
        )}
      </span>
    </div>
  );
});
