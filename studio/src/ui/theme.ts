import { createStore, useStore } from './store.ts';

export type Theme = 'neon-cyber-night' | 'serial-steel';

const version = createStore(0);

export function currentTheme(): Theme {
  return document.documentElement.dataset.theme === 'serial-steel' ? 'serial-steel' : 'neon-cyber-night';
}

/** Switches to the other theme and remembers it on this device. */
export function toggleTheme(): void {
  const next: Theme = currentTheme() === 'serial-steel' ? 'neon-cyber-night' : 'serial-steel';
  document.documentElement.dataset.theme = next;
  localStorage.setItem('cds.theme', next);
  const chrome = getComputedStyle(document.documentElement).getPropertyValue('--bg-chrome').trim();
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', chrome);
  version.set((count) => count + 1);
}

export function useTheme(): Theme {
  useStore(version);
  return currentTheme();
}

/** The value of a design token in the theme in force, such as `--syntax-keyword`. */
export function tokenValue(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
