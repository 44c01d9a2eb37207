import '../code/code.css';
import './markdown.css';
import { memo, useMemo } from 'react';
import { type Block, blocksOf } from './blocks.ts';
import { renderTokens } from './render.tsx';

/**
 * A text in Markdown, as a model or a person wrote it; also while it is being written: only the last block is drawn
 * again for each new piece. Safe for any text: raw HTML stays text, nothing is loaded from elsewhere.
 */
export function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => blocksOf(text), [text]);
  return (
    <div className="prose">
      {blocks.map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks are only ever added at the end
        <DrawnBlock key={index} block={block} />
      ))}
    </div>
  );
}

const DrawnBlock = memo(
  function DrawnBlock({ block }: { block: Block }) {
    return renderTokens(block.tokens);
  },
  (before, after) => before.block.source === after.block.source,
);
