import { useLanguage } from '../../i18n/language.ts';

/** How many lines come and go; zeros stay quiet. */
export function PlusMinus({ plus, minus }: { plus: number; minus: number }) {
  const language = useLanguage();
  return (
    <code className="plus-minus">
      <span className={plus > 0 ? 'diff-plus' : 'text-muted'}>+{plus.toLocaleString(language)}</span>{' '}
      <span className={minus > 0 ? 'diff-minus' : 'text-muted'}>−{minus.toLocaleString(language)}</span>
    </code>
  );
}
