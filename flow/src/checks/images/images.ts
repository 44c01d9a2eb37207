import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Finding } from '../finding.ts';
import { attribute, parseHtml, placeOf } from '../html/document.ts';
import { type CheckedSource, isHtml } from '../source.ts';
import { type ImageInfo, readImageInfo } from './dimensions.ts';

const EXTENSIONS = /\.(?:png|jpe?g|gif|webp|avif|svg|bmp|tiff?)$/i;
const HEADER_BYTES = 256 * 1024;
/** Above this, a PNG that isn't a drawing costs several times what AVIF or WebP do. */
const PNG_PHOTO_BYTES = 200_000;

const FORMATS: Readonly<Record<ImageInfo['format'], readonly string[]>> = {
  png: ['.png'],
  jpeg: ['.jpg', '.jpeg'],
  gif: ['.gif'],
  webp: ['.webp'],
  avif: ['.avif'],
};

/** Image weight: heavy and oversized files, formats the web doesn't want, names that lie, and <img> that make pages jump. */
export async function checkImages(
  source: CheckedSource,
  limits: { maxBytes: number; maxPixels: number },
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const file of source.files.filter((one) => EXTENSIONS.test(one))) {
    findings.push(...(await lintImage(source.rootDir, file, limits)));
  }
  for (const file of source.files.filter(isHtml)) {
    findings.push(...lintMarkup(file, (await source.read(file)).toString('utf8')));
  }
  return findings;
}

async function lintImage(
  rootDir: string,
  file: string,
  limits: { maxBytes: number; maxPixels: number },
): Promise<Finding[]> {
  const full = path.join(rootDir, file);
  const { size } = await stat(full);
  const extension = path.extname(file).toLowerCase();
  const info = await readHeader(full);
  const found: Finding[] = [];
  const add = (rule: string, message: Finding['message'], fix: Finding['fix']) =>
    found.push({ rule: `images.${rule}`, level: 'warning', file, line: 1, column: 1, message, fix });
  const kilobytes = Math.round(size / 1000);
  if (size > limits.maxBytes) {
    add(
      'heavy',
      {
        en: `${kilobytes} kB is more than ${Math.round(limits.maxBytes / 1000)} kB.`,
        de: `${kilobytes} kB sind mehr als ${Math.round(limits.maxBytes / 1000)} kB.`,
      },
      {
        en: 'Make it smaller, or save it as AVIF or WebP.',
        de: 'Verkleinern oder als AVIF oder WebP speichern.',
      },
    );
  } else if (extension === '.png' && size > PNG_PHOTO_BYTES) {
    add(
      'png_photo',
      {
        en: `A PNG of ${kilobytes} kB: a photo is several times smaller as AVIF or WebP.`,
        de: `Ein PNG mit ${kilobytes} kB: Ein Foto ist als AVIF oder WebP um ein Mehrfaches kleiner.`,
      },
      { en: 'Save it as AVIF or WebP.', de: 'Als AVIF oder WebP speichern.' },
    );
  }
  if (['.bmp', '.tif', '.tiff'].includes(extension)) {
    add(
      'format',
      { en: `Browsers don't show ${extension} well.`, de: `Browser zeigen ${extension} nicht gut an.` },
      { en: 'Save it as AVIF, WebP or PNG.', de: 'Als AVIF, WebP oder PNG speichern.' },
    );
  }
  if (info && Math.max(info.width, info.height) > limits.maxPixels) {
    add(
      'oversized',
      {
        en: `${info.width} × ${info.height} pixels; more than ${limits.maxPixels} no screen shows.`,
        de: `${info.width} × ${info.height} Pixel; mehr als ${limits.maxPixels} zeigt kein Bildschirm.`,
      },
      { en: 'Scale it down.', de: 'Verkleinern.' },
    );
  }
  if (info && !FORMATS[info.format].includes(extension) && extension !== '.svg') {
    add(
      'wrong_extension',
      {
        en: `The file is ${info.format.toUpperCase()}, its name says ${extension}.`,
        de: `Die Datei ist ${info.format.toUpperCase()}, ihr Name sagt ${extension}.`,
      },
      { en: `Rename it to ${FORMATS[info.format][0]}.`, de: `In ${FORMATS[info.format][0]} umbenennen.` },
    );
  }
  return found;
}

async function readHeader(file: string): Promise<ImageInfo | null> {
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, HEADER_BYTES, 0);
    return readImageInfo(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

function lintMarkup(file: string, text: string): Finding[] {
  return parseHtml(text).elements.flatMap((element): Finding[] => {
    if (element.tagName !== 'img') return [];
    const style = attribute(element, 'style') ?? '';
    const sized = attribute(element, 'width') !== undefined && attribute(element, 'height') !== undefined;
    if (sized || /\b(?:aspect-ratio|height)\s*:/.test(style)) return [];
    return [
      {
        rule: 'images.no_dimensions',
        level: 'warning',
        file,
        ...placeOf(element),
        message: {
          en: 'An <img> without width and height: the page jumps when it loads.',
          de: 'Ein <img> ohne width und height: Die Seite springt beim Laden.',
        },
        fix: { en: 'Add width and height in pixels.', de: 'width und height in Pixeln ergänzen.' },
      },
    ];
  });
}
