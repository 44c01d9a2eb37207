import type { Language } from '@cyberdevstudio/server/base/fault.ts';

/** Why something was not taken, in words; empty when nothing says so. Logs of earlier versions hold an English sentence. */
export function reasonText(reason: unknown, language: Language): string {
  if (typeof reason === 'string') return reason;
  const words = (reason as { readonly en?: unknown; readonly de?: unknown } | null | undefined)?.[language];
  return typeof words === 'string' ? words : '';
}
