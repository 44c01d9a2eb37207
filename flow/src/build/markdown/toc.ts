import { escapeHtml } from '../escape.ts';

export interface Heading {
  readonly level: number;
  readonly id: string;
  readonly text: string;
}

/** A nested list of links to the headings; empty without any. Skipped levels make no empty items. */
export function renderToc(headings: readonly Heading[]): string {
  const stack: number[] = [];
  let html = '';
  for (const { level, id, text } of headings) {
    while (stack.length > 1 && (stack.at(-1) ?? 0) > level) {
      html += '</li></ul>';
      stack.pop();
    }
    if (stack.length === 0 || level > (stack.at(-1) ?? 0)) {
      html += stack.length === 0 ? '<ul class="toc">' : '<ul>';
      stack.push(level);
    } else html += '</li>';
    html += `<li><a href="#${encodeURIComponent(id)}">${escapeHtml(text)}</a>`;
  }
  return html + '</li></ul>'.repeat(stack.length);
}
