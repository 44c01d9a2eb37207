import { type JsonString, jsonStrings } from './json-strings.ts';
import { type MappedText, noteUrl, type Scan, type Strength } from './reference.ts';

/** Web app manifest (W3C): icons and screenshots are fetched, start_url and shortcuts are pages. */
export function scanManifest(scan: Scan, source: MappedText): void {
  jsonStrings(source, (found) => {
    if (found.isKey) return;
    const path = found.path.join('.');
    if (/^(?:shortcuts\.\*\.)?(?:icons|screenshots)\.\*\.src$/.test(path))
      noteJson(scan, found, 'asset', 'manifest');
    else if (/^(?:start_url|shortcuts\.\*\.url|share_target\.action|file_handlers\.\*\.action)$/.test(path))
      noteJson(scan, found, 'link', 'manifest');
    else if (/^(?:file_handlers\.\*\.icons\.\*\.src|widgets\..*\.(?:src|ms_ac_template|data))$/.test(path))
      noteJson(scan, found, 'hint', 'manifest');
  });
}

/** Import map (HTML Living Standard, 8.1.6.2): the addresses, and the files that `integrity` protects; other keys stay, since scripts name them. */
export function scanImportMap(scan: Scan, source: MappedText): void {
  jsonStrings(source, (found) => {
    const [section, first, second] = found.path;
    const specifier = section === 'imports' ? first : section === 'scopes' ? second : undefined;
    if (found.isKey) {
      const depth = section === 'scopes' ? 2 : 1;
      const key = found.content().text;
      if (
        (section === 'imports' || section === 'scopes') &&
        found.path.length === depth &&
        /^(?:\.{0,2}\/|https?:)/.test(key)
      )
        scan.mappedAddresses.push(key);
      if (section === 'integrity') noteJson(scan, found, 'asset', 'importmap');
      return;
    }
    if (section === 'integrity' && first !== undefined) {
      const value = found.content();
      scan.integrity.push({
        url: first,
        start: value.toRaw(0),
        end: value.toRaw(value.text.length),
        value: value.text,
      });
    }
    if (specifier === undefined) return;
    const url = found.content().text;
    scan.imports.push({ specifier, url });
    // An address that ends in a slash is a folder: files below it are named by the scripts.
    if (!url.endsWith('/')) noteJson(scan, found, 'asset', 'importmap');
  });
}

const structuredImageKeys =
  /(?:^|\.)(?:image|logo|photo|thumbnailUrl|contentUrl|screenshot|primaryImageOfPage)(?:\.\*)?$/;

/** JSON-LD: keys that hold a picture or a media file are references, any other string may be one. */
export function scanStructuredData(scan: Scan, source: MappedText): void {
  jsonStrings(source, (found) => {
    if (found.isKey || /^@(?:type|context)$/.test(found.path.at(-1) ?? '')) return;
    const text = found.content().text;
    if (!/[./]/.test(text) || /\s/.test(text.trim())) return;
    noteJson(scan, found, structuredImageKeys.test(found.path.join('.')) ? 'asset' : 'hint', 'JSON-LD');
  });
}

/** Speculation rules: lists of pages to load in advance. */
export function scanSpeculationRules(scan: Scan, source: MappedText): void {
  jsonStrings(source, (found) => {
    if (!found.isKey && found.path.at(-2) === 'urls') noteJson(scan, found, 'hint', 'speculationrules');
  });
}

/** A source map names its script; its sources are usually not published, so they are hints. */
export function scanSourceMap(scan: Scan, source: MappedText): void {
  jsonStrings(source, (found) => {
    const path = found.path.join('.');
    if (!found.isKey && (path === 'file' || path === 'sources.*'))
      noteJson(scan, found, 'hint', 'source map');
  });
}

function noteJson(scan: Scan, found: JsonString, strength: Strength, via: string): void {
  const source = found.content();
  noteUrl(scan, { source, start: 0, end: source.text.length, strength, via });
}
