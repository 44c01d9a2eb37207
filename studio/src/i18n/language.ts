import { useSyncExternalStore } from 'react';

export type Language = 'en' | 'de';

/** Texts of one feature: the same keys in both languages, which the compiler checks by `Texts<typeof en>`. */
export type Texts<Record> = { readonly en: Record; readonly de: Record };

const listeners = new Set<() => void>();

/** The language in force; boot.js has set it before the first paint. */
export function currentLanguage(): Language {
  return document.documentElement.lang === 'de' ? 'de' : 'en';
}

/** Switches the whole studio and remembers the choice on this device. */
export function setLanguage(language: Language): void {
  document.documentElement.lang = language;
  localStorage.setItem('cds.language', language);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, currentLanguage);
}

/** A feature's texts in the language in force. */
export function useText<Record>(texts: Texts<Record>): Record {
  return texts[useLanguage()];
}
