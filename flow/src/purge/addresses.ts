import { encodePath } from '../headers/host-files.ts';

/**
 * The addresses under which caches may hold a file: an index page is also its folder, with and without the slash, and
 * hosts with short addresses serve `a.html` as `a`.
 */
export function addressesOf(siteUrl: string, paths: readonly string[]): string[] {
  const base = siteUrl.endsWith('/') ? siteUrl : `${siteUrl}/`;
  const addresses = new Set<string>();
  for (const file of paths) {
    const encoded = encodePath(file);
    const add = (path: string) => addresses.add(new URL(path, base).href);
    add(encoded);
    const folder = /^(.*?)\/?index\.html$/.exec(encoded);
    if (folder && (folder[1] === '' ? encoded === 'index.html' : encoded.endsWith('/index.html'))) {
      if (folder[1]) {
        add(`${folder[1]}/`);
        add(folder[1]);
      } else {
        addresses.add(base);
      }
    } else if (encoded.endsWith('.html')) {
      add(encoded.slice(0, -'.html'.length));
    }
  }
  return [...addresses];
}
