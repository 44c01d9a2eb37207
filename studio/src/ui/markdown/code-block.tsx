import { Copy } from 'lucide-react';
import { useText } from '../../i18n/language.ts';
import { CodeLine } from '../code/code-line.tsx';
import { languageNamed } from '../code/languages.ts';
import { useColors } from '../code/use-colors.ts';
import { toast } from '../toasts.tsx';

/** A code of an answer in its colours, with its language and a button that copies it. */
export function CodeBlock({ code, language }: { code: string; language: string }) {
  const t = useText('ui');
  const lines = useColors(code, languageNamed(language));
  return (
    <figure className="code-block">
      <figcaption>
        <span className="grow">{language}</span>
        <button
          type="button"
          className="icon-button small"
          aria-label={t('copyCode')}
          title={t('copyCode')}
          onClick={() =>
            void navigator.clipboard.writeText(code).then(
              () => toast({ title: t('codeCopied') }),
              () => toast({ title: t('copyFailed'), tone: 'bad' }),
            )
          }
        >
          <Copy size={14} />
        </button>
      </figcaption>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard
        tabIndex={0}
      >
        <code>
          {lines.map((pieces, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity
            <span key={index}>
              <CodeLine pieces={pieces} />
              {'\n'}
            </span>
          ))}
        </code>
      </pre>
    </figure>
  );
}
