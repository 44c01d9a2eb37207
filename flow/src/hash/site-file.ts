import { isUtf8 } from 'node:buffer';
import path from 'node:path';
import {
  declareUtf8,
  decodeDeclared,
  isUtf8Label,
  readDeclaredCharset,
} from '../checks/encoding/declared.ts';
import { findInvalidUtf8 } from '../checks/encoding/utf8.ts';
import { FlowFault } from '../core/fault.ts';
import type { ReleaseContent } from '../core/release-content.ts';
import { findMentions } from './aliases.ts';
import { scanCss } from './css-scanner.ts';
import { scanXml } from './feed-scanner.ts';
import { scanHeadersFile, scanRedirectsFile } from './host-file-scanner.ts';
import { scanHtml, scanSvg } from './html-scanner.ts';
import { scanManifest, scanSourceMap, scanStructuredData } from './json-scanner.ts';
import { emptyScan, plainText, type Scan } from './reference.ts';
import type { ScanStore } from './scan-store.ts';
import { scanScript } from './script-scanner.ts';

export type FileKind =
  | 'html'
  | 'css'
  | 'script'
  | 'svg'
  | 'manifest'
  | 'structured'
  | 'source-map'
  | 'xml'
  | 'headers'
  | 'redirects'
  | 'text'
  | 'binary';

const kindByExtension: Readonly<Record<string, FileKind>> = {
  '.html': 'html',
  '.htm': 'html',
  '.xhtml': 'html',
  '.css': 'css',
  '.js': 'script',
  '.mjs': 'script',
  '.svg': 'svg',
  '.webmanifest': 'manifest',
  '.jsonld': 'structured',
  '.map': 'source-map',
  '.xml': 'xml',
  '.rss': 'xml',
  '.atom': 'xml',
  '.xsl': 'xml',
  '.xslt': 'xml',
  '.json': 'text',
  '.txt': 'text',
  '.md': 'text',
  '.csv': 'text',
  '.vtt': 'text',
  '.m3u8': 'text',
  '.mpd': 'text',
};

/** Text above this size is shipped as it is: no page needs it rewritten, and it would not fit into memory twice. */
const MOST_TEXT_BYTES = 64 * 1024 * 1024;

/** What a file is to the reference graph, by its name. */
export function fileKindOf(file: string): FileKind {
  const name = path.posix.basename(file);
  if (file === '_headers') return 'headers';
  if (file === '_redirects') return 'redirects';
  if (/manifest[^/]*\.json$/i.test(name)) return 'manifest';
  return kindByExtension[path.posix.extname(name).toLowerCase()] ?? 'binary';
}

/** A text file of the site with everything found in it. */
export interface TextFile {
  readonly path: string;
  readonly kind: FileKind;
  readonly encoding: 'utf8' | 'latin1';
  /** The file was in another, declared character set. */
  readonly isConverted: boolean;
  readonly scan: Scan;
  /**
   * One character per code unit for UTF-8; one per byte for data files in another character set, whose bytes stay. Decoded
   * anew by each look, so that a large site is not in memory twice; only valid until the file is written.
   */
  readonly text: string;
}

/**
 * Reads and scans a file, or takes the scan from an earlier build; null for one without references.
 * @throws hash.not_utf8: neither UTF-8 nor a declared character set, with line and column.
 */
export async function readTextFile(
  content: ReleaseContent,
  file: string,
  scans: ScanStore,
): Promise<TextFile | null> {
  const kind = fileKindOf(file);
  if (kind === 'binary' || content.sizeOf(file) > MOST_TEXT_BYTES) return null;
  const { sha256 } = await content.sumOf(file);
  const known = scans.get(kind, sha256);
  if (known !== undefined) return utf8File(content, { file, kind, scan: known });
  const bytes = content.read(file);
  if (isUtf8(bytes)) {
    const scan = scanText(kind, bytes.toString('utf8'), scans.extensions);
    scans.set(kind, sha256, scan);
    return utf8File(content, { file, kind, scan });
  }
  if (kind === 'text') {
    const text = bytes.toString('latin1');
    const scan = { ...emptyScan(), mentions: findMentions(text, scans.extensions) };
    return { path: file, kind, encoding: 'latin1', isConverted: false, scan, text };
  }
  const text = readDeclared(file, bytes);
  return {
    path: file,
    kind,
    encoding: 'utf8',
    isConverted: true,
    scan: scanText(kind, text, scans.extensions),
    text,
  };
}

function utf8File(
  content: ReleaseContent,
  { file, kind, scan }: { file: string; kind: FileKind; scan: Scan },
): TextFile {
  return {
    path: file,
    kind,
    encoding: 'utf8',
    isConverted: false,
    scan,
    get text() {
      return content.read(file).toString('utf8');
    },
  };
}

/**
 * A file that declares another character set becomes UTF-8, and its declaration too: servers announce UTF-8 for every text of
 * a release, and what the server says wins over what the page says.
 */
function readDeclared(file: string, bytes: Buffer): string {
  const label = readDeclaredCharset(bytes)?.label;
  const decoded =
    label === undefined || isUtf8Label(label) || /^utf-?16/.test(label) ? null : decodeDeclared(bytes, label);
  if (decoded === null) throw notUtf8Fault(file, bytes);
  return declareUtf8(decoded);
}

function scanText(kind: FileKind, text: string, extensions: readonly string[]): Scan {
  const scan = emptyScan();
  // A source map holds whole sources, which nobody runs.
  if (kind !== 'source-map') scan.mentions.push(...findMentions(text, extensions));
  // A byte order mark is no part of the text, but of its offsets.
  const hasMark = text.charCodeAt(0) === 0xfeff;
  const source = plainText(hasMark ? text.slice(1) : text, hasMark ? 1 : 0);
  switch (kind) {
    case 'html':
      scanHtml(scan, source);
      break;
    case 'css':
      scanCss(scan, source);
      break;
    case 'script':
      scanScript(scan, source, 'unknown');
      break;
    case 'svg':
      scanSvg(scan, source);
      break;
    case 'manifest':
      scanManifest(scan, source);
      break;
    case 'structured':
      scanStructuredData(scan, source);
      break;
    case 'source-map':
      scanSourceMap(scan, source);
      break;
    case 'xml':
      scanXml(scan, source);
      break;
    case 'headers':
      scanHeadersFile(scan, source);
      break;
    case 'redirects':
      scanRedirectsFile(scan, source);
      break;
    case 'text':
    case 'binary':
      break;
  }
  return scan;
}

function notUtf8Fault(file: string, bytes: Buffer): FlowFault {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const position = findInvalidUtf8(bytes, 1)[0]?.position ?? { line: 1, column: 1 };
  return new FlowFault('hash.not_utf8', {
    file,
    ...position,
    text: isUtf16
      ? { en: `${file} is UTF-16.`, de: `${file} ist UTF-16.` }
      : {
          en: `${file} is not UTF-8 and declares no other character set.`,
          de: `${file} ist kein UTF-8 und nennt keinen anderen Zeichensatz.`,
        },
    fix: {
      en: 'Save it as UTF-8. cds flow check encoding --fix shows the repair.',
      de: 'Als UTF-8 speichern. cds flow check encoding --fix zeigt die Reparatur.',
    },
  });
}
