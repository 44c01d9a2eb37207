import { useSyncExternalStore } from 'react';

export type Theme = 'neon-cyber-night' | 'serial-steel';

const listeners = new Set<() => void>();

export function currentTheme(): Theme {
  return document.documentElement.dataset.theme === 'serial-steel' ? 'serial-steel' : 'neon-cyber-night';
}

export function toggleTheme(): void {
  const next: Theme = currentTheme() === 'serial-steel' ? 'neon-cyber-night' : 'serial-steel';
  document.documentElement.dataset.theme = next;
  localStorage.setItem('cds.theme', next);
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, currentTheme);
}

/** The value of a design token in the theme in force, such as `--syntax-keyword`. */
export function tokenValue(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
