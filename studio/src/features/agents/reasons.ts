import type { Language } from '../../i18n/language.ts';

/** Why something was not taken, in words; empty when nothing says so. Logs of earlier versions hold an English sentence. */
export function reasonText(reason: unknown, language: Language): string {
  if (typeof reason === 'string') return reason;
  if (typeof reason !== 'object' || reason === null) return '';
  const { en, de } = reason as { readonly en?: unknown; readonly de?: unknown };
  const words = language === 'de' ? (de ?? en) : en;
  return typeof words === 'string' ? words : '';
}
