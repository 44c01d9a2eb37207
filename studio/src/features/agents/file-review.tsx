import { Link } from '@tanstack/react-router';
import { ChevronDown, ChevronUp, SquareArrowOutUpRight } from 'lucide-react';
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { languageOfPath } from '../../ui/code/languages.ts';
import { useColors } from '../../ui/code/use-colors.ts';
import { useStore } from '../../ui/store.ts';
import { agentIcons } from './agent-names.ts';
import type { ProposedFile, TaskDetail } from './agent-queries.ts';
import { type Applied, isApplied } from './applied.ts';
import { decide, undecide, type Verdict, verdictsOf } from './decisions.ts';
import { DiffLine } from './diff-line.tsx';
import { rowsOf } from './diff-rows.ts';
import { HunkHead } from './hunk-head.tsx';

interface FileProps {
  readonly task: TaskDetail;
  readonly file: ProposedFile;
  readonly numbers: readonly number[];
  readonly applied: Applied;
  readonly editable: boolean;
}

/** One file of a change: its lines with each change under a head of its own, decided by mouse or keys. */
export function FileReview({ task, file, numbers, applied, editable }: FileProps) {
  const t = useText('agents');
  const { taskId, projectId, agent } = task;
  const { path } = file;
  const store = verdictsOf(taskId);
  const verdicts = useStore(store)[path] ?? {};
  const [unfolded, setUnfolded] = useState<ReadonlySet<number>>(new Set());
  const [focused, setFocused] = useState<number>();
  const area = useRef<HTMLElement>(null);
  const language = languageOfPath(path);
  const before = useColors(file.before ?? '', language);
  const after = useColors(file.after ?? '', language);
  const rows = useMemo(() => rowsOf(file, unfolded), [file, unfolded]);
  const Icon = agentIcons[agent];
  const decidable = editable && task.changeState !== 'none';
  const stands = (number: number) => isApplied(applied, path, number);
  const decided = numbers.filter((number) => verdicts[number] !== undefined || stands(number)).length;

  function focusOn(number: number) {
    const head = area.current?.querySelector<HTMLElement>(`[data-change="${number}"]`);
    head?.focus();
    head?.scrollIntoView({ block: 'nearest' });
  }

  function give(verdict: Verdict, number: number) {
    decide(store, path, { [number]: verdict });
    const next = numbers.find((other) => other > number && verdicts[other] === undefined && !stands(other));
    if (next !== undefined) focusOn(next);
  }

  const giveAll = (verdict: Verdict) =>
    decide(
      store,
      path,
      Object.fromEntries(numbers.filter((number) => !stands(number)).map((n) => [n, verdict])),
    );

  function step(direction: 1 | -1) {
    const at = focused === undefined ? -1 : numbers.indexOf(focused);
    const next = numbers[focused === undefined ? (direction === 1 ? 0 : numbers.length - 1) : at + direction];
    if (next !== undefined) focusOn(next);
  }

  function onKey(event: KeyboardEvent) {
    if (!event.altKey) return;
    const number = focused ?? numbers.find((other) => verdicts[other] === undefined && !stands(other));
    if (event.key === 'ArrowDown') step(1);
    else if (event.key === 'ArrowUp') step(-1);
    else if (event.key === 'Enter' && number !== undefined && decidable && !stands(number))
      give('accepted', number);
    else if (event.key === 'Backspace' && number !== undefined && decidable && !stands(number))
      give('refused', number);
    else return;
    event.preventDefault();
  }

  return (
    <section className="file-review" aria-label={path} ref={area} onKeyDown={onKey}>
      <header className="file-review-head">
        <Icon size={14} className="tone-agent" />
        <span className="clip grow">
          <strong>{path}</strong>{' '}
          {decided === 0
            ? t('undecidedIn', { count: numbers.length })
            : t('decidedIn', { decided, total: numbers.length })}
        </span>
        <button
          type="button"
          className="icon-button small"
          aria-label={t('previousChange')}
          title={`${t('previousChange')} (Alt ↑)`}
          onClick={() => step(-1)}
        >
          <ChevronUp size={14} />
        </button>
        <button
          type="button"
          className="icon-button small"
          aria-label={t('nextChange')}
          title={`${t('nextChange')} (Alt ↓)`}
          onClick={() => step(1)}
        >
          <ChevronDown size={14} />
        </button>
        <Link
          to="/p/$projectId"
          params={{ projectId }}
          search={{ file: path }}
          className="icon-button small"
          aria-label={t('openFile')}
          title={t('openFile')}
        >
          <SquareArrowOutUpRight size={14} />
        </Link>
        {decidable && numbers.some((number) => !stands(number)) && (
          <>
            <button type="button" className="button small accept" onClick={() => giveAll('accepted')}>
              {t('acceptFile')}
            </button>
            <button type="button" className="button small ghost" onClick={() => giveAll('refused')}>
              {t('refuseFile')}
            </button>
          </>
        )}
      </header>
      {file.shown === 'whole' || file.regions.length === 0 ? (
        <div className="empty">
          <span>{t('wholeFile')}</span>
          <HunkHead
            number={1}
            total={1}
            agent={agent}
            verdict={verdicts[1]}
            standing={stands(1)}
            editable={decidable}
            focused={focused === 1}
            onFocus={() => setFocused(1)}
            onVerdict={(verdict) => (verdict === undefined ? undecide(store, path, 1) : give(verdict, 1))}
          />
        </div>
      ) : (
        <div
          className="diff"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard
          tabIndex={0}
        >
          <div className="diff-body">
            {rows.map((row) => {
              if (row.kind === 'change') {
                const { number, addedLines, removedLines } = row.region;
                return (
                  <HunkHead
                    key={`change ${number}`}
                    number={number}
                    total={numbers.length}
                    agent={agent}
                    plus={addedLines}
                    minus={removedLines}
                    verdict={verdicts[number]}
                    standing={stands(number)}
                    editable={decidable}
                    focused={focused === number}
                    onFocus={() => setFocused(number)}
                    onVerdict={(verdict) =>
                      verdict === undefined ? undecide(store, path, number) : give(verdict, number)
                    }
                  />
                );
              }
              if (row.kind === 'gap')
                return (
                  <button
                    key={`gap ${row.after}`}
                    type="button"
                    className="diff-gap"
                    onClick={() => setUnfolded(new Set([...unfolded, row.after]))}
                  >
                    {t('unfold', { count: row.lines })}
                  </button>
                );
              const refused = row.number !== undefined && verdicts[row.number] === 'refused';
              return (
                <DiffLine
                  key={`${row.before ?? ''}:${row.after ?? ''}`}
                  row={row}
                  pieces={
                    (row.kind === 'removed' ? before[(row.before ?? 1) - 1] : after[(row.after ?? 1) - 1]) ??
                    []
                  }
                  refused={refused}
                />
              );
            })}
          </div>
        </div>
      )}
      <p className="review-keys">{t('keys')}</p>
    </section>
  );
}
