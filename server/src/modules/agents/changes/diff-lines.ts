/** Lines with their ends, so that joining gives the text back byte for byte, CRLF and a missing last break included. */
export function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** A run of lines that both have, at `a` in the first and `b` in the second. */
export interface Match {
  readonly a: number;
  readonly b: number;
  readonly length: number;
}

/** Beyond this many differences the middle counts as one change: the exact way would take too long. */
const mostDifferences = 4_000;

/**
 * The common runs of two lists of lines in order, as few differences as possible: Myers, "An O(ND) Difference Algorithm
 * and Its Variations", 1986, greedy, with the trace kept.
 */
export function matchesOf(a: readonly string[], b: readonly string[]): Match[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end += 1;
  const middle = shortest(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [
    ...(start > 0 ? [{ a: 0, b: 0, length: start }] : []),
    ...middle.map((match) => ({ a: match.a + start, b: match.b + start, length: match.length })),
    ...(end > 0 ? [{ a: a.length - end, b: b.length - end, length: end }] : []),
  ];
}

function shortest(a: readonly string[], b: readonly string[]): Match[] {
  if (a.length === 0 || b.length === 0) return [];
  const most = Math.min(a.length + b.length, mostDifferences);
  const offset = most + 1;
  let reach = new Int32Array(2 * most + 3);
  const trace: Int32Array[] = [];
  for (let d = 0; d <= most; d += 1) {
    trace.push(reach.slice());
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && at(reach, offset + k - 1) < at(reach, offset + k + 1));
      let x = down ? at(reach, offset + k + 1) : at(reach, offset + k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      reach[offset + k] = x;
      if (x >= a.length && x - k >= b.length) return back(trace, { x: a.length, y: b.length, offset });
    }
  }
  reach = new Int32Array(0);
  return [];
}

function back(trace: readonly Int32Array[], end: { x: number; y: number; offset: number }): Match[] {
  const matches: Match[] = [];
  let { x, y } = end;
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const reach = trace[d] ?? new Int32Array(0);
    const k = x - y;
    const down = k === -d || (k !== d && at(reach, end.offset + k - 1) < at(reach, end.offset + k + 1));
    const before = down ? k + 1 : k - 1;
    const startX = d === 0 ? 0 : at(reach, end.offset + before);
    const startY = startX - before;
    const fromX = d === 0 ? 0 : down ? startX : startX + 1;
    if (x > fromX) matches.unshift({ a: fromX, b: fromX - k, length: x - fromX });
    if (d === 0) break;
    x = startX;
    y = startY;
  }
  return matches;
}

function at(values: Int32Array, index: number): number {
  return values[index] ?? 0;
}

/** A unified diff without its head, with three lines of context, and how many lines it adds and removes. */
export function unifiedDiff(before: string, after: string): { diff: string; added: number; removed: number } {
  const a = linesOf(before);
  const b = linesOf(after);
  const edits = editsOf(a, b);
  const kept = edits.map(
    (edit, index) =>
      edit.kind !== ' ' || edits.slice(Math.max(0, index - 3), index + 4).some(({ kind }) => kind !== ' '),
  );
  const parts: string[] = [];
  for (let index = 0; index < edits.length; index += 1) {
    if (kept[index] !== true) continue;
    let end = index;
    while (end < edits.length && kept[end] === true) end += 1;
    const hunk = edits.slice(index, end);
    const first = hunk[0];
    const count = (kinds: string) => hunk.filter(({ kind }) => kinds.includes(kind)).length;
    parts.push(`@@ -${(first?.a ?? 0) + 1},${count(' -')} +${(first?.b ?? 0) + 1},${count(' +')} @@\n`);
    for (const { kind, text } of hunk)
      parts.push(`${kind}${text}${text.endsWith('\n') ? '' : '\n\\ No newline at end of file\n'}`);
    index = end;
  }
  const total = (kind: string) => edits.filter((edit) => edit.kind === kind).length;
  return { diff: parts.join(''), added: total('+'), removed: total('-') };
}

function editsOf(
  a: readonly string[],
  b: readonly string[],
): { kind: ' ' | '-' | '+'; text: string; a: number; b: number }[] {
  const edits: { kind: ' ' | '-' | '+'; text: string; a: number; b: number }[] = [];
  let x = 0;
  let y = 0;
  for (const match of [...matchesOf(a, b), { a: a.length, b: b.length, length: 0 }]) {
    for (; x < match.a; x += 1) edits.push({ kind: '-', text: a[x] ?? '', a: x, b: y });
    for (; y < match.b; y += 1) edits.push({ kind: '+', text: b[y] ?? '', a: x, b: y });
    for (let index = 0; index < match.length; index += 1, x += 1, y += 1)
      edits.push({ kind: ' ', text: a[x] ?? '', a: x, b: y });
  }
  return edits;
}
