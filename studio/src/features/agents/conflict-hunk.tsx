import { useText } from '../../i18n/language.ts';
import { CodeLine } from '../../ui/code/code-line.tsx';
import { languageOfPath } from '../../ui/code/languages.ts';
import { useColors } from '../../ui/code/use-colors.ts';
import type { Conflict } from './agent-queries.ts';
import { splitLines } from './diff-rows.ts';

interface HunkProps {
  readonly path: string;
  readonly hunk: Conflict['hunks'][number];
  readonly text: string;
  readonly onText: (text: string) => void;
}

/** One place that both sides changed: the three versions, and what will stand there. */
export function ConflictHunk({ path, hunk, text, onText }: HunkProps) {
  const t = useText('agents');
  const { startLine, base, present, proposed, contextBefore, contextAfter } = hunk;
  const title = t('conflictAt', { line: startLine });
  const both = `${present}${present === '' || present.endsWith('\n') ? '' : '\n'}${proposed}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <fieldset> would bring a form's look into a diff
    <div className="conflict-hunk" role="group" aria-label={title}>
      <div className="conflict-hunk-head">
        <b className="grow">{title}</b>
        <button
          type="button"
          className="button small option"
          aria-pressed={text === present}
          onClick={() => onText(present)}
        >
          {t('takeYours')}
        </button>
        <button
          type="button"
          className="button small option"
          aria-pressed={text === proposed}
          onClick={() => onText(proposed)}
        >
          {t('takeTheirs')}
        </button>
        <button
          type="button"
          className="button small option"
          aria-pressed={text === both}
          onClick={() => onText(both)}
        >
          {t('takeBoth')}
        </button>
      </div>
      <div className="conflict-sides">
        <Side
          label={t('yours')}
          tone="you"
          path={path}
          code={present}
          around={[contextBefore, contextAfter]}
        />
        <Side
          label={t('theirs')}
          tone="agent"
          path={path}
          code={proposed}
          around={[contextBefore, contextAfter]}
        />
        <Side label={t('base')} tone="base" path={path} code={base} around={[contextBefore, contextAfter]} />
      </div>
      <label className="conflict-result">
        <span className="label">{t('result')}</span>
        <textarea
          className="input code"
          rows={Math.min(14, Math.max(2, splitLines(text).length + 1))}
          spellCheck={false}
          autoCapitalize="none"
          value={text}
          onChange={({ target }) => onText(target.value)}
        />
      </label>
    </div>
  );
}

interface SideProps {
  readonly label: string;
  readonly tone: 'you' | 'agent' | 'base';
  readonly path: string;
  readonly code: string;
  readonly around: readonly [before: string, after: string];
}

function Side({ label, tone, path, code, around: [before, after] }: SideProps) {
  const head = splitLines(before).length;
  const own = splitLines(code).length;
  const whole = useColors(`${before}${code}${after}`, languageOfPath(path));
  const count = head + own + splitLines(after).length;
  return (
    <figure className={`conflict-side ${tone}`}>
      <figcaption>{label}</figcaption>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard
        tabIndex={0}
      >
        {whole.slice(0, count).map((pieces, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity
          <span key={index} className={index >= head && index < head + own ? 'own' : ''}>
            <CodeLine pieces={pieces} />
            {'\n'}
          </span>
        ))}
      </pre>
    </figure>
  );
}
