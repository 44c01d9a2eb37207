import path from 'node:path';

/** Media type and the extensions that carry it; text types are UTF-8. */
export const mediaTypes: ReadonlyArray<readonly [string, readonly string[]]> = [
  ['text/html', ['html', 'htm']],
  ['application/xhtml+xml', ['xhtml']],
  ['text/css', ['css']],
  ['text/plain', ['txt', 'md']],
  ['text/csv', ['csv']],
  ['text/vtt', ['vtt']],
  ['text/javascript', ['js', 'mjs']],
  ['application/json', ['json', 'map']],
  ['application/manifest+json', ['webmanifest']],
  ['application/xml', ['xml', 'xsl']],
  ['application/rss+xml', ['rss']],
  ['application/atom+xml', ['atom']],
  ['application/wasm', ['wasm']],
  ['application/pdf', ['pdf']],
  ['application/zip', ['zip']],
  ['application/gzip', ['gz']],
  ['image/svg+xml', ['svg']],
  ['image/png', ['png']],
  ['image/jpeg', ['jpg', 'jpeg']],
  ['image/gif', ['gif']],
  ['image/webp', ['webp']],
  ['image/avif', ['avif']],
  ['image/x-icon', ['ico']],
  ['font/woff', ['woff']],
  ['font/woff2', ['woff2']],
  ['font/ttf', ['ttf']],
  ['font/otf', ['otf']],
  ['video/mp4', ['mp4']],
  ['video/webm', ['webm']],
  ['audio/mpeg', ['mp3']],
  ['audio/ogg', ['ogg']],
  ['audio/wav', ['wav']],
];

const byExtension = new Map(mediaTypes.flatMap(([type, extensions]) => extensions.map((one) => [one, type])));

/**
 * The Content-Type of a file by its name, `; charset=utf-8` included for text. A name that says nothing is
 * `application/octet-stream`, which browsers save instead of showing.
 */
export function mediaTypeOf(file: string): string {
  const type = byExtension.get(path.posix.extname(file).slice(1).toLowerCase());
  if (type === undefined) return 'application/octet-stream';
  const isText = type.startsWith('text/') || /[/+](?:json|xml)$/.test(type);
  return isText ? `${type}; charset=utf-8` : type;
}
