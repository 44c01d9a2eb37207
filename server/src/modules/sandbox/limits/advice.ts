import type { LocalizedText } from '#base/fault.ts';

/** Why limits are only watched here, and the command by which the kernel would keep them. */
export function limitAdvice(refusals: readonly { readonly driver: string; readonly reason: string }[]): {
  readonly detail: LocalizedText;
  readonly command: string | null;
} {
  const hasCgroup2 = refusals.some(({ driver }) => driver === 'cgroup2');
  const isRoot = process.getuid?.() === 0;
  const words = {
    en: 'only watched twenty times a second: this account can write no control group',
    de: 'nur zwanzigmal je Sekunde geprüft: dieses Konto darf keine Kontrollgruppe schreiben',
  };
  if (!hasCgroup2) return { detail: words, command: null };
  if (isRoot) {
    return {
      detail: {
        en: 'only watched twenty times a second: the control groups are read-only, as in most containers',
        de: 'nur zwanzigmal je Sekunde geprüft: die Kontrollgruppen sind schreibgeschützt, wie in den meisten Containern',
      },
      command: 'docker run --cgroupns=private -v /sys/fs/cgroup:/sys/fs/cgroup:rw …',
    };
  }
  return { detail: words, command: 'systemd-run --user --scope -p Delegate=yes npm start' };
}
