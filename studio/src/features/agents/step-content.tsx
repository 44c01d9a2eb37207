import { useLanguage, useText } from '../../i18n/language.ts';
import { Markdown } from '../../ui/markdown/markdown.tsx';
import type { Step } from './agent-queries.ts';
import { reasonText } from './reasons.ts';
import { answerOf, parsed } from './step-lines.ts';

/** Everything that the log holds about a step, in the form that suits it. */
export function StepContent({ step, prompts = false }: { step: Step; prompts?: boolean }) {
  const t = useText('agents');
  const language = useLanguage();
  const { kind, data } = step;
  const why = reasonText(data.reason ?? data.refused, language);
  if (kind === 'tool') {
    const { result, arguments: given } = data;
    return (
      <>
        <Labelled label={`${String(data.name)} · ${t('input')}`} text={pretty(String(given ?? ''))} />
        {why !== '' && <p className="text-second">{why}</p>}
        {typeof result === 'string' && result !== '' && <Labelled label={t('output')} text={result} />}
      </>
    );
  }
  if (kind === 'model') {
    const { text } = answerOf(data);
    return (
      <>
        {prompts && <Prompt question={data.question} />}
        {text === '' ? <Rest data={data.answer} /> : <Markdown text={text} />}
      </>
    );
  }
  if (kind === 'check') {
    const { output } = data;
    return (
      <>
        {why !== '' && <p className="text-second">{why}</p>}
        {typeof output === 'string' && output !== '' && <Labelled label={t('output')} text={output} />}
        {typeof output !== 'string' && why === '' && <Rest data={data} />}
      </>
    );
  }
  if (kind === 'retry' && why !== '') return <p className="text-second">{why}</p>;
  if (typeof data.text === 'string') return <Markdown text={data.text} />;
  if (typeof data.question === 'string') return <Markdown text={data.question} />;
  if (typeof data.summary === 'string' && data.summary !== '') return <Markdown text={data.summary} />;
  if (typeof data.task === 'string') return <Markdown text={data.task} />;
  return <Rest data={data} />;
}

function Labelled({ label, text }: { label: string; text: string }) {
  return (
    <div className="step-text">
      <span className="label">{label}</span>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard
        tabIndex={0}
      >
        {text}
      </pre>
    </div>
  );
}

interface LoggedQuestion {
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly cut?: string;
  readonly leftOutCharacters?: number;
}

function Prompt({ question }: { question: unknown }) {
  const t = useText('agents');
  const language = useLanguage();
  const { messages, cut, leftOutCharacters } = (question ?? {}) as LoggedQuestion;
  const whole =
    messages?.map(({ role, content }) => `[${role}]\n${content ?? ''}`).join('\n\n') ??
    cut ??
    pretty(question);
  return (
    <details className="step-prompt">
      <summary>
        {t('prompt')} <span className="text-muted">{whole.length.toLocaleString(language)}</span>
      </summary>
      <Labelled label={t('prompt')} text={whole} />
      {leftOutCharacters !== undefined && (
        <p className="text-muted">{t('cutOff', { count: leftOutCharacters.toLocaleString(language) })}</p>
      )}
    </details>
  );
}

function Rest({ data }: { data: unknown }) {
  const text = pretty(data);
  return text === '{}' || text === '' ? null : <pre className="step-rest">{text}</pre>;
}

function pretty(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value, null, 2) ?? '';
  const object = parsed(value);
  const entries = Object.entries(object);
  if (entries.length === 0) return value;
  return entries
    .map(([name, content]) => `${name}: ${typeof content === 'string' ? content : JSON.stringify(content)}`)
    .join('\n');
}
