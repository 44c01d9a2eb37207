/** A text that a person reads, in both languages of the product. */
export interface LocalizedText {
  readonly en: string;
  readonly de: string;
}

export type Language = keyof LocalizedText;

/**
 * Chooses the language: an explicit wish first (`--lang`), then LC_ALL, LC_MESSAGES, LANG as POSIX orders them;
 * German when the locale starts with `de`, English otherwise.
 */
export function chooseLanguage(
  wish: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Language {
  const locale = wish ?? (env.LC_ALL || env.LC_MESSAGES || env.LANG || 'en');
  return /^de\b|^de_/i.test(locale) ? 'de' : 'en';
}

/** The same words in both languages: names, paths, numbers. */
export function sameText(text: string): LocalizedText {
  return { en: text, de: text };
}

/** `1 page`, `2 pages`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
