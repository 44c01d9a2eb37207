/** A line of SHA256SUMS for each file, by path in code-unit order, as `sha256sum --check` reads it. */
export function renderChecksums(sums: ReadonlyMap<string, string>): string {
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, sha256]) => `${sha256}  ${file}\n`)
    .join('');
}

/** Reads SHA256SUMS; null when a line is anything else than a sum and a name, or names a file twice. */
export function parseChecksums(text: string): Map<string, string> | null {
  const sums = new Map<string, string>();
  if (!text.endsWith('\n')) return null;
  for (const line of text.slice(0, -1).split('\n')) {
    const match = /^([0-9a-f]{64}) {2}([^\\\p{Cc}]+)$/u.exec(line);
    const [, sha256, file] = match ?? [];
    if (sha256 === undefined || file === undefined || sums.has(file)) return null;
    sums.set(file, sha256);
  }
  return sums;
}
