/** A replacement of a span of a text; an insertion when start and end are equal. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies edits that don't overlap; their offsets belong to the text as it was. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  if (edits.length === 0) return text;
  const sorted = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  const parts: string[] = [];
  let copied = 0;
  for (const edit of sorted) {
    // Two scanners may have found the same URL: it gets its hash once.
    if (edit.start < copied) continue;
    parts.push(text.slice(copied, edit.start), edit.text);
    copied = edit.end;
  }
  parts.push(text.slice(copied));
  return parts.join('');
}

/** Edits without those that say the same at the same place. */
export function withoutDoubles(edits: readonly Edit[]): Edit[] {
  const seen = new Set<number>();
  return edits.filter((edit) => {
    if (seen.has(edit.start)) return false;
    seen.add(edit.start);
    return true;
  });
}
