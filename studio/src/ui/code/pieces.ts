/** A run of characters of one colour. */
export interface Piece {
  readonly text: string;
  /** Class names; empty for plain text. */
  readonly classes: string;
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#x27;': "'",
};

/**
 * The lines of what the highlighter wrote, as pieces to draw: it writes `<span class="…">`, `</span>` and text with five
 * entities, nothing else, so that nothing of it is ever given to the browser as HTML.
 */
export function linesOfMarkup(markup: string): Piece[][] {
  const lines: Piece[][] = [[]];
  const open: string[] = [];
  for (const [part = '', classes] of markup.matchAll(/<span class="([^"]*)">|<\/span>|[^<]+/g)) {
    if (classes !== undefined) open.push(classes);
    else if (part === '</span>') open.pop();
    else {
      const text = part.replace(/&(?:amp|lt|gt|quot|#x27);/g, (entity) => entities[entity] ?? entity);
      for (const [index, line] of text.split('\n').entries()) {
        if (index > 0) lines.push([]);
        if (line !== '') lines.at(-1)?.push({ text: line, classes: open.at(-1) ?? '' });
      }
    }
  }
  return lines;
}

/** The lines of a text without colours. */
export function plainLines(text: string): Piece[][] {
  return text.split('\n').map((line) => (line === '' ? [] : [{ text: line, classes: '' }]));
}
