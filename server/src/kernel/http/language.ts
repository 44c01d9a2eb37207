import type { Language } from '#base/fault.ts';

/** The better of German and English by an Accept-Language header (RFC 9110 section 12.5.4); English when equal. */
export function languageOf(header: string | undefined): Language {
  if (header === undefined || !/\bde\b/i.test(header)) return 'en';
  const quality = { de: -1, en: -1 };
  for (const part of header.slice(0, 500).split(',')) {
    const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
    const weight = parameters
      .map((text) => /^\s*q=([01](?:\.\d{0,3})?)$/.exec(text)?.[1])
      .find((text) => text !== undefined);
    const language = tag.startsWith('de') ? 'de' : tag.startsWith('en') ? 'en' : undefined;
    if (language !== undefined)
      quality[language] = Math.max(quality[language], weight === undefined ? 1 : Number(weight));
  }
  return quality.de > quality.en ? 'de' : 'en';
}
