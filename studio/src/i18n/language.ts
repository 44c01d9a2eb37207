import { useCallback } from 'react';
import { createStore, useStore } from '../ui/store.ts';
import { de } from './de/de.ts';
import { en } from './en/en.ts';

export type Language = 'en' | 'de';
type Groups = typeof en;
export type TextGroup = keyof Groups;

type WithoutPlural<Key extends string> = Key extends `${infer Base}_one` | `${infer Base}_other` ? Base : Key;

/** Paths to every text of a group: `name`, `roles.admin`; of a plural the part before `_one` and `_other`. */
export type TextKey<Texts, Prefix extends string = ''> = {
  [Key in keyof Texts & string]: Texts[Key] extends string
    ? `${Prefix}${WithoutPlural<Key>}`
    : TextKey<Texts[Key], `${Prefix}${Key}.`>;
}[keyof Texts & string];

/** What a text names in `{{…}}`; `count` also chooses between singular and plural. */
export type TextValues = Readonly<Record<string, string | number>>;

export type Translate<Group extends TextGroup> = (key: TextKey<Groups[Group]>, values?: TextValues) => string;

/** `group:key`, for texts outside of components. */
type FullKey = { [Group in TextGroup]: `${Group}:${TextKey<Groups[Group]>}` }[TextGroup];

// Both languages have the same shape: a missing key is a compile error.
const texts: Readonly<Record<Language, Groups>> = { en, de };
const storageKey = 'cds.language';
const version = createStore(0);

/** The language in force; boot.js has put it on <html> before the first paint. */
export function currentLanguage(): Language {
  return document.documentElement.lang === 'de' ? 'de' : 'en';
}

/** Switches the whole studio and remembers the choice on this device. */
export function setLanguage(language: Language): void {
  document.documentElement.lang = language;
  localStorage.setItem(storageKey, language);
  version.set((count) => count + 1);
}

/** The language in force; the component follows when it changes. */
export function useLanguage(): Language {
  useStore(version);
  return currentLanguage();
}

/** The text at a path of a group, its values filled in; a value that is not given stays visible as it is. */
export function translate(group: object, key: string, values: TextValues = {}): string {
  const parts = key.split('.');
  const last = parts.pop() ?? '';
  let place = group as Record<string, unknown>;
  for (const part of parts) place = (place[part] ?? {}) as Record<string, unknown>;
  const plural = values.count === 1 ? `${last}_one` : `${last}_other`;
  const found = place[last] ?? place[plural];
  if (typeof found !== 'string') return key;
  return found.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The texts of one group in the language in force. */
export function useText<Group extends TextGroup>(group: Group): Translate<Group> {
  const language = useLanguage();
  return useCallback((key, values) => translate(texts[language][group], key, values), [language, group]);
}

/** A text outside of components: `text('shell:offlineHint')`. */
export function text(key: FullKey, values?: TextValues): string {
  const [group, path] = key.split(':') as [TextGroup, string];
  return translate(texts[currentLanguage()][group], path, values);
}
