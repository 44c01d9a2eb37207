import { Copy, Download } from 'lucide-react';
import { memo, useRef, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { toast } from '../../ui/toasts.tsx';
import { useFollowEnd } from '../../ui/use-follow-end.ts';
import { parseAnsi } from './ansi.ts';
import type { OutputText } from './output-text.ts';
import { RunInputLine } from './run-input.tsx';

interface OutputProps {
  readonly output: OutputText;
  readonly running: boolean;
  /** A last line of the studio's own, such as which limit ended the run. */
  readonly ending: string | undefined;
  /** Undefined when the program takes no input. */
  readonly onInput: ((data: string, end: boolean) => Promise<void>) | undefined;
}

type Shown = 'all' | 'stderr';

/** Lines that a browser lays out within a frame or two; copying and downloading always have all of them. */
const mostDrawnLines = 5_000;

/** Live output: follows its end while the reader is there, can be copied and downloaded. */
export function RunOutput({ output, running, ending, onInput }: OutputProps) {
  const t = useText('run');
  const [shown, setShown] = useState<Shown>('all');
  const log = useRef<HTMLPreElement>(null);
  const onScroll = useFollowEnd(log);

  const text = () => output.text(shown === 'all' ? undefined : 'stderr');
  async function copy() {
    await navigator.clipboard?.writeText(text());
    toast({ title: t('copied') });
  }
  function download() {
    const url = URL.createObjectURL(new Blob([text()], { type: 'text/plain' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = 'output.txt';
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1_000);
  }

  const errors = output.lines('stderr');
  const drawn = output.tail(mostDrawnLines, shown === 'all' ? undefined : 'stderr');
  const tabs = [
    ['all', t('output'), 0],
    ['stderr', 'stderr', errors],
  ] as const;
  return (
    <div className="run-output">
      <header>
        <div className="tab-strip" role="tablist" aria-label={t('output')}>
          {tabs.map(([name, label, count]) => (
            <button
              key={name}
              type="button"
              role="tab"
              aria-selected={shown === name}
              tabIndex={shown === name ? 0 : -1}
              onClick={() => setShown(name)}
              onKeyDown={(event) => {
                if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
                setShown(shown === 'all' ? 'stderr' : 'all');
                const other =
                  event.currentTarget.nextElementSibling ?? event.currentTarget.previousElementSibling;
                (other as HTMLElement | null)?.focus();
              }}
            >
              {label}
              {count > 0 && <span className="count">{count}</span>}
            </button>
          ))}
        </div>
        <span className="grow" />
        <button
          type="button"
          className="icon-button"
          aria-label={t('copy')}
          title={t('copy')}
          onClick={() => void copy()}
        >
          <Copy size={16} />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={t('download')}
          title={t('download')}
          onClick={download}
        >
          <Download size={16} />
        </button>
      </header>
      <pre
        ref={log}
        role="log"
        aria-label={t('output')}
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key
        tabIndex={0}
        onScroll={onScroll}
      >
        {output.dropped > 0 && (
          <span className="text-muted">
            {t('outputDropped')}
            {'\n'}
          </span>
        )}
        {drawn.linesBefore > 0 && (
          <span className="text-muted">
            {t('linesBefore', { count: drawn.linesBefore })}
            {'\n'}
          </span>
        )}
        {drawn.parts.map((part) => (
          <OutputPartView
            key={part.id}
            text={part.text}
            isError={part.stream === 'stderr' && shown === 'all'}
          />
        ))}
        {output.parts.length === 0 && !running && <span className="text-muted">{t('noOutput')}</span>}
        {ending !== undefined && <span className="run-ending">{`── ${ending} ──`}</span>}
      </pre>
      {onInput !== undefined && <RunInputLine onSend={onInput} />}
    </div>
  );
}

const OutputPartView = memo(function OutputPartView({ text, isError }: { text: string; isError: boolean }) {
  return (
    <span className={isError ? 'run-stderr' : undefined}>
      {parseAnsi(text).map((piece, index) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text have no other identity
          key={index}
          style={{
            ...(piece.color === undefined ? {} : { color: `var(--ansi-${piece.color})` }),
            ...(piece.bold === true ? { fontWeight: 600 } : {}),
          }}
        >
          {piece.text}
        </span>
      ))}
    </span>
  );
});
