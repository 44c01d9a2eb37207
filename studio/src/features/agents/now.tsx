import { useLayoutEffect, useRef } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { CodeLine } from '../../ui/code/code-line.tsx';
import { languageNamed } from '../../ui/code/languages.ts';
import { useColors } from '../../ui/code/use-colors.ts';
import { Markdown } from '../../ui/markdown/markdown.tsx';
import { useStore } from '../../ui/store.ts';
import { followerOf } from './follow-task.ts';
import { type Live, lastLines, looksLikeCall } from './live-answer.ts';

interface NowProps {
  readonly projectId: string;
  readonly taskId: string;
  /** The steps before it end right above. */
  readonly joined: boolean;
}

const shownLines = 40;

/**
 * What happens right now, and what the model is writing. It alone is drawn again for each piece; its words stand where
 * they stay when their step is there.
 */
export function Now({ projectId, taskId, joined }: NowProps) {
  const t = useText('agents');
  const language = useLanguage();
  const live = useStore(followerOf(projectId, taskId).live);
  const words = live !== undefined && live.form === 'words' && !looksLikeCall(live.text) ? live.text : '';
  const code = live !== undefined && words === '' && live.form !== 'choice' ? live.text : '';
  const characters = live === undefined ? 0 : (live.tool?.characters ?? live.start + live.text.length);

  // The box stays between two answers, so that nothing jumps.
  const kept = useRef('');
  if (code.trim() !== '') kept.current = code;
  else if (words.trim() !== '') kept.current = '';

  return (
    <>
      {words.trim() !== '' && <Markdown text={live?.start === 0 ? words : `… ${words}`} />}
      <ul className={joined && words.trim() === '' ? 'work-steps joined' : 'work-steps'}>
        <li className="work-step now">
          <span className="step-mark">
            <i className="dot running" />
          </span>
          <span className="step-title">{titleOf(live, t)}</span>
          <span className="step-tools">
            {live?.tool != null && <code className="step-tool clip">{live.tool.name}</code>}
          </span>
          {characters > 0 && (
            <span className="step-time">
              {t('characters', { count: characters, shown: characters.toLocaleString(language) })}
            </span>
          )}
        </li>
      </ul>
      {kept.current !== '' && <Growing text={kept.current} over={code === ''} />}
    </>
  );
}

function titleOf(live: Live | undefined, t: ReturnType<typeof useText<'agents'>>): string {
  if (live === undefined) return t('nextStep');
  if (live.tool !== null) return t('writesCall');
  return t(`writes.${live.form}`);
}

/** The end of a code as it grows, in a box that stays as high as it is. */
function Growing({ text, over }: { text: string; over: boolean }) {
  const { language, code } = lastLines(text, shownLines);
  const lines = useColors(code, languageNamed(language));
  const box = useRef<HTMLPreElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever comes moves the end
  useLayoutEffect(() => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  return (
    <pre className={over ? 'growing over' : 'growing'} ref={box} aria-hidden="true">
      {lines.map((pieces, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity
        <span key={index}>
          <CodeLine pieces={pieces} />
          {'\n'}
        </span>
      ))}
    </pre>
  );
}
