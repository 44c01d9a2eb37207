import type { Language } from '../i18n/language.ts';

const steps = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/**
 * A whole number in groups of three, as `toLocaleString` writes it. The first number that a page formats that way costs
 * it up to a tenth of a second, and this one stands on every page.
 */
export function formatCount(count: number, language: Language): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, language === 'de' ? '.' : ',');
}

/** Bytes in the unit that fits, by 1024, with at most three digits before the point: `1.5 MB`. */
export function formatBytes(bytes: number, language: Language): string {
  let size = bytes;
  let step = 0;
  while (Math.round(size) >= 1_000 && step < steps.length - 1) {
    size /= 1024;
    step += 1;
  }
  const digits = step === 0 || size >= 100 || Number.isInteger(size) ? 0 : 1;
  return `${size.toLocaleString(language, { maximumFractionDigits: digits })} ${steps[step]}`;
}

/** Milliseconds as seconds or minutes: `0.4 s`, `2 min`. */
export function formatDuration(ms: number, language: Language): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 120) return `${seconds.toLocaleString(language, { maximumFractionDigits: 1 })} s`;
  return `${(seconds / 60).toLocaleString(language, { maximumFractionDigits: 1 })} min`;
}

/** Today's times as a time of day, others as a date. */
export function formatTime(iso: string, language: Language, now = new Date()): string {
  const date = new Date(iso);
  const today = date.toDateString() === now.toDateString();
  return today
    ? date.toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString(language, { dateStyle: 'medium' });
}

/** Date and time in full. */
export function formatInstant(iso: string, language: Language): string {
  return new Date(iso).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });
}
