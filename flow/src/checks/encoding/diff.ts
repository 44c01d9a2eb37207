const CONTEXT_LINES = 2;

/**
 * A unified diff of two texts, for people to read before they agree to a repair.
 * Repairs never add or remove lines, so lines are compared in place; control characters are shown as `\u{85}`, since a
 * terminal would obey them.
 */
export function unifiedDiff(path: string, before: string, after: string): string {
  const oldLines = before.split('\n').map(visible);
  const newLines = after.split('\n').map(visible);
  const changed = lineNumbersThatDiffer(oldLines, newLines);
  if (changed.length === 0) return '';
  const output = [`--- a/${path}`, `+++ b/${path}`];
  for (const [first, last] of groupLines(changed)) {
    const from = Math.max(0, first - CONTEXT_LINES);
    const oldEnd = Math.min(oldLines.length, last + 1 + CONTEXT_LINES);
    const newEnd = Math.min(newLines.length, last + 1 + CONTEXT_LINES);
    output.push(`@@ -${from + 1},${oldEnd - from} +${from + 1},${newEnd - from} @@`);
    output.push(...hunkLines({ oldLines, newLines, from, to: Math.max(oldEnd, newEnd) }));
  }
  return `${output.join('\n')}\n`;
}

function lineNumbersThatDiffer(oldLines: readonly string[], newLines: readonly string[]): number[] {
  const length = Math.max(oldLines.length, newLines.length);
  return Array.from({ length }, (_, index) => index).filter((index) => oldLines[index] !== newLines[index]);
}

function groupLines(changed: readonly number[]): Array<[number, number]> {
  const groups: Array<[number, number]> = [];
  for (const line of changed) {
    const last = groups.at(-1);
    if (last && line - last[1] <= 2 * CONTEXT_LINES) last[1] = line;
    else groups.push([line, line]);
  }
  return groups;
}

function hunkLines(hunk: { oldLines: string[]; newLines: string[]; from: number; to: number }): string[] {
  const output: string[] = [];
  let added: string[] = [];
  for (let index = hunk.from; index < hunk.to; index += 1) {
    const oldLine = hunk.oldLines[index];
    const newLine = hunk.newLines[index];
    if (oldLine === newLine) {
      output.push(...added, ` ${oldLine ?? ''}`);
      added = [];
      continue;
    }
    if (oldLine !== undefined) output.push(`-${oldLine}`);
    if (newLine !== undefined) added.push(`+${newLine}`);
  }
  return [...output, ...added];
}

function visible(line: string): string {
  return line.replace(/\r$/, '').replace(/[^\P{Cc}\t]|[\ufeff\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    return `\\u{${character.charCodeAt(0).toString(16)}}`;
  });
}
