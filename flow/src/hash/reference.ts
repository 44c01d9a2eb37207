/**
 * How sure it is that a text is a URL of the site:
 * asset  the browser fetches it to show the page: leading nowhere is an error
 * link   a hyperlink or form target: leading nowhere is a warning, the links check judges it
 * hint   by convention only (data-src, JSON-LD, importScripts): rewritten when it leads to a file, else left alone
 */
export type Strength = 'asset' | 'link' | 'hint';

/**
 * One URL found in a file. Rewriting never replaces it: the hash is inserted before the extension at `insertAt`, and as its
 * characters mean nothing in HTML, CSS, JavaScript, JSON, XML and URLs, every quoting and escaping around it stays as it was.
 */
export interface Reference {
  /** The URL as the browser sees it, entities and escapes decoded, spaces around it removed. */
  readonly url: string;
  /** Offset of the URL in the file's text, for messages. */
  readonly start: number;
  /** Offset in the file's text where the hash goes. */
  readonly insertAt: number;
  readonly strength: Strength;
  /** An import specifier: without ./, ../ or / it is a bare name that an import map may define. */
  readonly specifier: boolean;
  /** Where it stands, for messages: `img src`, `url()`, `import`. */
  readonly via: string;
}

/** An integrity attribute whose digest must follow the bytes of the file it protects. */
export interface IntegrityMark {
  readonly url: string;
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

/** What scanning one file gives; plain data, so that it can be cached by the file's content. */
export interface Scan {
  readonly references: Reference[];
  readonly integrity: IntegrityMark[];
  /** Import map entries of the page: specifier and the URL it leads to. */
  readonly imports: { specifier: string; url: string }[];
  /** Beginnings of names that code completes at run time: `./locale/` of `import('./locale/' + name)`. */
  readonly dynamicPrefixes: string[];
  /** The href of the page's base element. */
  baseHref: string | null;
  /** The page's own absolute address, from its canonical link. */
  canonical: string | null;
  /** A page that names a web manifest. */
  hasManifest: boolean;
  /** Keys of import maps that look like addresses: the files they name must keep their names, since scripts name them. */
  readonly mappedAddresses: string[];
  /** Scripts that the site registers as service workers by itself. */
  readonly ownWorkers: string[];
  /** Every word of the text that looks like the name of a file, and where its last dot stands: `[name, dot, name, dot, …]`. */
  readonly mentions: (string | number)[];
  /** Things a person should see: scripts that don't parse. */
  readonly problems: { start: number; text: string }[];
}

export function emptyScan(): Scan {
  return {
    references: [],
    integrity: [],
    imports: [],
    dynamicPrefixes: [],
    mappedAddresses: [],
    ownWorkers: [],
    baseHref: null,
    canonical: null,
    hasManifest: false,
    mentions: [],
    problems: [],
  };
}

/** Decoded text and the way back from each of its offsets to the file. */
export interface MappedText {
  readonly text: string;
  toRaw(offset: number): number;
}

/** A slice of the file that needs no decoding. */
export function plainText(text: string, rawStart: number): MappedText {
  return { text, toRaw: (offset) => rawStart + offset };
}

/** A part of a mapped text, as a mapped text of its own. */
export function sliceMapped(source: MappedText, start: number, end: number): MappedText {
  return { text: source.text.slice(start, end), toRaw: (offset) => source.toRaw(start + offset) };
}

export interface FoundUrl {
  readonly source: MappedText;
  /** Offsets of the URL in the decoded text; spaces around it are allowed. */
  readonly start: number;
  readonly end: number;
  readonly strength: Strength;
  readonly via: string;
  readonly specifier?: boolean;
}

const blank = /[\t\n\f\r ]/;

/** Notes a URL unless it can't lead to a file: empty, a fragment of the page itself, or another scheme. */
export function noteUrl(scan: Scan, found: FoundUrl): void {
  const { text } = found.source;
  let { start, end } = found;
  while (start < end && blank.test(text.charAt(start))) start += 1;
  while (end > start && blank.test(text.charAt(end - 1))) end -= 1;
  if (start === end) return;
  const url = text.slice(start, end);
  if (isOutside(url)) return;
  scan.references.push({
    url,
    start: found.source.toRaw(start),
    insertAt: found.source.toRaw(start + insertionIndex(url)),
    strength: found.strength,
    specifier: found.specifier ?? false,
    via: found.via,
  });
}

/** Fragments, queries on the page itself, and schemes other than http(s) never name a file of the site. */
function isOutside(url: string): boolean {
  const first = url.charCodeAt(0);
  if (first === 0x23 || first === 0x3f) return true;
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(url)?.[1]?.toLowerCase();
  return scheme !== undefined && scheme !== 'http' && scheme !== 'https';
}

/** Index in a URL before which the hash goes: the last dot of the last path segment, else the end of the path. */
export function insertionIndex(url: string): number {
  const query = url.search(/[?#]/);
  const end = query === -1 ? url.length : query;
  const segmentStart = Math.max(url.lastIndexOf('/', end - 1), url.lastIndexOf('\\', end - 1)) + 1;
  const segment = url.slice(segmentStart, end);
  const dot = Math.max(segment.lastIndexOf('.'), segment.toLowerCase().lastIndexOf('%2e'));
  return dot > 0 ? segmentStart + dot : end;
}

/** The name with the hash in it, by the same rule as {@link insertionIndex}. */
export function hashedName(path: string, hash: string): string {
  const segmentStart = path.lastIndexOf('/') + 1;
  const dot = path.lastIndexOf('.');
  const at = dot > segmentStart ? dot : path.length;
  return `${path.slice(0, at)}.h-${hash}${path.slice(at)}`;
}
