import type { SourceInfo } from './source-info.ts';

/**
 * Names a release by commit and content: unique for both, and the same on every machine.
 * `1.4.0-3fa9c21b-8be1d20c4f`, `content-8be1d20c4f` outside git.
 */
export function releaseId(source: SourceInfo, contentHash: string): string {
  const version = source.version?.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 40);
  const commit = source.commit?.slice(0, 8);
  const parts = [version, commit, source.dirty ? 'dirty' : undefined, contentHash.slice(0, 10)].filter(
    (part) => part !== undefined,
  );
  const id = parts.join('-');
  return /^[A-Za-z0-9]/.test(id) && parts.length > 1 ? id : `content-${contentHash.slice(0, 10)}`;
}

/** What people read in the footer: version, commit, its time, and the content's mark by which two caches are told apart. */
export function releaseLabel(source: SourceInfo, contentHash: string): string {
  const commit = source.commit === null ? null : `${source.commit.slice(0, 8)}${source.dirty ? '+' : ''}`;
  const time = source.committedAt?.replace('T', ' ').replace(/:\d\d\.\d+Z$/, ' UTC');
  return [source.version, commit, time, `#${contentHash.slice(0, 8)}`].filter(Boolean).join(' · ');
}

/** Where a page wants the label; without it, it stands at the end of the body. */
const mark = /<!--\s*flow:release\s*-->/;

/** The page with the label in it, in ASCII, so that the page's bytes may be read one by one. */
export function labelPage(text: string, label: string, end: (text: string) => number): string {
  const html = `<small class="flow-release">${escapeHtml(label)}</small>`;
  if (mark.test(text)) return text.replace(mark, () => html);
  const offset = end(text);
  return `${text.slice(0, offset)}<p class="flow-release-line">${html}</p>\n${text.slice(offset)}`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]|[^\x20-\x7e]/gu, (sign) => `&#${sign.codePointAt(0)};`);
}
