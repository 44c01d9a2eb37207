/** Where lines stand in a file; more than one place when it is not clear. */
export interface Found {
  /** Indexes of the first lines, from zero. */
  readonly places: readonly number[];
  /** Lines were found only with another indent: what replaces them has to be moved alike. */
  readonly loose: boolean;
}

/**
 * Finds lines in a file: exactly, else without spaces at the ends of lines, else without indent, as small models lose
 * those. The strictest way that finds anything counts.
 */
export function findLines(lines: readonly string[], wanted: readonly string[]): Found {
  const ways: { readonly same: (line: string) => string; readonly loose: boolean }[] = [
    { same: (line) => line, loose: false },
    { same: (line) => line.trimEnd(), loose: false },
    { same: (line) => line.trim().replace(/\s+/g, ' '), loose: true },
  ];
  for (const { same, loose } of ways) {
    const all = lines.map(same);
    const sought = wanted.map(same);
    const places: number[] = [];
    for (let start = 0; start + sought.length <= all.length; start += 1)
      if (sought.every((line, index) => line === all[start + index])) places.push(start);
    if (places.length > 0) return { places, loose };
  }
  return { places: [], loose: false };
}

/** Moves lines by as much as the place they are for is indented differently from what was looked for. */
export function indentLike(
  lines: readonly string[],
  from: { readonly present: string; readonly wanted: string },
): string[] {
  const present = indentOf(from.present);
  const wanted = indentOf(from.wanted);
  if (present === wanted) return [...lines];
  return lines.map((line) => {
    if (line.trim() === '') return line;
    if (line.startsWith(wanted)) return present + line.slice(wanted.length);
    // Less indented than the first line: it moves by the same number of characters.
    return ' '.repeat(Math.max(0, indentOf(line).length + present.length - wanted.length)) + line.trimStart();
  });
}

function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}
