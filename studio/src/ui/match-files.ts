export const mostFiles = 50;

/** Files whose path has all letters of the query in order; those that match in the name come first. */
export function matchFiles(paths: readonly string[], query: string): string[] {
  const wanted = query.toLowerCase().replace(/\s+/g, '');
  const scored: { path: string; score: number }[] = [];
  for (const path of paths) {
    const lower = path.toLowerCase();
    let at = -1;
    let gaps = 0;
    for (const letter of wanted) {
      const next = lower.indexOf(letter, at + 1);
      if (next < 0) {
        gaps = -1;
        break;
      }
      gaps += next - at - 1;
      at = next;
    }
    if (gaps < 0) continue;
    const inName = lower.slice(lower.lastIndexOf('/') + 1).includes(wanted);
    scored.push({ path, score: (inName ? 0 : 1_000) + gaps + path.length / 100 });
  }
  return scored
    .sort((one, other) => one.score - other.score)
    .slice(0, mostFiles)
    .map(({ path }) => path);
}
