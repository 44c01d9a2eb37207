import type { Token } from 'markdown-it';

const TASK = /^\[([ xX])\][ \u00a0]/;
const ALERT = /^\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*$/i;

/** Makes `- [ ] text` a task (GFM, task list items). `index` is the inline token of a paragraph. */
export function markTasks(tokens: readonly Token[], index: number): void {
  const inline = tokens[index];
  const item = tokens[index - 2];
  const first = inline?.children?.[0];
  if (!inline || item?.type !== 'list_item_open' || first?.type !== 'text') return;
  const match = TASK.exec(first.content);
  if (match === null) return;
  first.content = first.content.slice(match[0].length);
  item.attrJoin('class', 'task-list-item');
  const box = Object.assign(Object.create(Object.getPrototypeOf(first)), first, {
    type: 'html_inline',
    content: `<input type="checkbox" disabled${match[1] === ' ' ? '' : ' checked'}> `,
  });
  inline.children = [box, ...(inline.children ?? [])];
}

/** Makes a quotation that begins with `[!NOTE]` an alert, as GitHub shows it. `index` is its opening token. */
export function markAlerts(tokens: readonly Token[], index: number): void {
  const open = tokens[index];
  const inline = tokens[index + 2];
  if (!open || inline?.type !== 'inline' || tokens[index + 1]?.type !== 'paragraph_open') return;
  const kind = ALERT.exec(inline.content.split('\n')[0] ?? '')?.[1]?.toLowerCase();
  if (kind === undefined) return;
  open.attrJoin('class', `alert alert-${kind}`);
  const children = inline.children ?? [];
  const lineEnd = children.findIndex((child) => child.type === 'softbreak');
  const rest = lineEnd === -1 ? [] : children.slice(lineEnd + 1);
  const first = children[0];
  if (!first) return;
  const title = Object.assign(Object.create(Object.getPrototypeOf(first)), first, {
    type: 'html_inline',
    content: `<strong class="alert-title">${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}</strong>${rest.length > 0 ? '<br>' : ''}`,
  });
  inline.children = [title, ...rest];
}
