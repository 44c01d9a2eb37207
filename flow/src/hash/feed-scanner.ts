import { decodeMapped } from './decoded-text.ts';
import { scanHtml } from './html-scanner.ts';
import { type AttributeSpan, type TagToken, tokenizeHtml } from './html-tokenizer.ts';
import { type MappedText, noteUrl, type Scan, sliceMapped } from './reference.ts';

/** Elements of RSS, Atom, sitemaps and browserconfig whose text is the address of a file that others fetch. */
const fileElements = new Set([
  'logo',
  'icon',
  'image:loc',
  'video:thumbnail_loc',
  'video:content_loc',
  'image:license',
]);
/** Elements that hold HTML, escaped or in CDATA. */
const htmlElements = new Set(['description', 'content:encoded', 'content', 'summary']);
const fileAttributes = new Set([
  'enclosure url',
  'media:content url',
  'media:thumbnail url',
  'itunes:image href',
]);

/** Finds the references of XML that is no SVG: feeds, sitemaps, browserconfig.xml, and xml-stylesheet instructions. */
export function scanXml(scan: Scan, source: MappedText): void {
  const open: string[] = [];
  tokenizeHtml(
    source.text,
    {
      onTag: (tag) => {
        scanTag(scan, source, tag);
        if (!tag.selfClosing) open.push(tag.name);
      },
      onEndTag: (name) => {
        const index = open.lastIndexOf(name);
        if (index !== -1) open.length = index;
      },
      onText: (start, end, cdata) => scanText(scan, sliceMapped(source, start, end), { open, cdata }),
      onInstruction: (start, end) => scanInstruction(scan, sliceMapped(source, start, end)),
    },
    { xml: true },
  );
}

function scanTag(scan: Scan, source: MappedText, tag: TagToken): void {
  const name = tag.name.toLowerCase();
  const rel = tag.attributes.find((one) => one.name === 'rel');
  const isEnclosure = rel !== undefined && source.text.slice(rel.valueStart, rel.valueEnd) === 'enclosure';
  for (const attribute of tag.attributes) {
    const key = `${name} ${attribute.name}`;
    const isTile = attribute.name === 'src' && /^(?:square\d+x\d+|wide\d+x\d+)logo$|^tileimage$/.test(name);
    if (fileAttributes.has(key) || isTile || (isEnclosure && key === 'link href'))
      noteAttribute(scan, source, { attribute, via: key });
  }
}

function noteAttribute(scan: Scan, source: MappedText, at: { attribute: AttributeSpan; via: string }): void {
  const value = decodeMapped(sliceMapped(source, at.attribute.valueStart, at.attribute.valueEnd), 'xml');
  noteUrl(scan, { source: value, start: 0, end: value.text.length, strength: 'asset', via: at.via });
}

function scanText(scan: Scan, raw: MappedText, where: { open: readonly string[]; cdata: boolean }): void {
  const element = where.open.at(-1)?.toLowerCase() ?? '';
  const isImageUrl = element === 'url' && where.open.at(-2)?.toLowerCase() === 'image';
  if (fileElements.has(element) || isImageUrl) {
    const text = where.cdata ? raw : decodeMapped(raw, 'xml');
    noteUrl(scan, { source: text, start: 0, end: text.text.length, strength: 'asset', via: element });
  } else if (htmlElements.has(element)) {
    const html = where.cdata ? raw : decodeMapped(raw, 'xml');
    if (html.text.includes('<')) scanFeedHtml(scan, html);
  }
}

/** HTML of a feed is shown by readers, which fetch what they like: unresolved addresses in it are no error of the site. */
function scanFeedHtml(scan: Scan, html: MappedText): void {
  const before = scan.references.length;
  scanHtml(scan, html);
  const found = scan.references.splice(before);
  scan.references.push(
    ...found.map((one) => ({ ...one, strength: 'hint' as const, via: `feed ${one.via}` })),
  );
}

function scanInstruction(scan: Scan, instruction: MappedText): void {
  const href = /^xml-stylesheet\s[\s\S]*?\bhref\s*=\s*["']([^"']*)/.exec(instruction.text);
  if (href?.[1] === undefined) return;
  const end = href[0].length;
  noteUrl(scan, {
    source: instruction,
    start: end - href[1].length,
    end,
    strength: 'asset',
    via: 'xml-stylesheet',
  });
}
