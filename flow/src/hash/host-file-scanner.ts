import { type MappedText, noteUrl, type Scan } from './reference.ts';

/** `_headers` (Cloudflare, Netlify): `Link: </style.css>; rel=preload` names files that browsers fetch early. */
export function scanHeadersFile(scan: Scan, source: MappedText): void {
  for (const line of source.text.matchAll(/^[ \t]+link[ \t]*:(.*)$/gim)) {
    const valueStart = line.index + line[0].length - (line[1] ?? '').length;
    for (const target of (line[1] ?? '').matchAll(/<([^>]*)>/g)) {
      const start = valueStart + target.index + 1;
      noteUrl(scan, {
        source,
        start,
        end: start + (target[1] ?? '').length,
        strength: 'hint',
        via: '_headers Link',
      });
    }
  }
}

/** `_redirects` (Cloudflare, Netlify): the target of each rule may be a file of the site. */
export function scanRedirectsFile(scan: Scan, source: MappedText): void {
  for (const line of source.text.matchAll(/^[ \t]*(?!#)\S+[ \t]+(\S+).*$/gm)) {
    const start = line.index + line[0].indexOf(line[1] ?? '', line[0].search(/\S[ \t]/) + 1);
    noteUrl(scan, {
      source,
      start,
      end: start + (line[1] ?? '').length,
      strength: 'link',
      via: '_redirects',
    });
  }
}
