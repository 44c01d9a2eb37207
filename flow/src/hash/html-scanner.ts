import { scanCss } from './css-scanner.ts';
import { decodeMapped } from './decoded-text.ts';
import { attributeRule, isFetchedMeta, linkStrength } from './html-attributes.ts';
import { type AttributeSpan, type TagToken, tokenizeHtml } from './html-tokenizer.ts';
import { scanImportMap, scanSpeculationRules, scanStructuredData } from './json-scanner.ts';
import { type MappedText, noteUrl, type Scan, type Strength, sliceMapped } from './reference.ts';
import { scanScript } from './script-scanner.ts';
import { srcsetUrls } from './srcset.ts';

/** Finds every reference of an HTML document or fragment; also used for srcdoc and for the HTML inside feeds. */
export function scanHtml(scan: Scan, source: MappedText): void {
  const context: TagContext = { scan, source, xml: false };
  tokenizeHtml(source.text, { onTag: (tag) => scanTag(context, tag), skipsPlainTags: true });
}

/** Finds every reference of an SVG document. */
export function scanSvg(scan: Scan, source: MappedText): void {
  const context: TagContext = { scan, source, xml: true };
  let inside: 'style' | 'script' | null = null;
  tokenizeHtml(
    source.text,
    {
      onTag: (tag) => {
        scanTag(context, tag);
        const name = localName(tag.name);
        if (!tag.selfClosing && (name === 'style' || name === 'script')) inside = name;
      },
      onEndTag: () => {
        inside = null;
      },
      onText: (start, end, cdata) => {
        if (inside === null) return;
        const raw = sliceMapped(source, start, end);
        const text = cdata ? raw : decodeMapped(raw, 'xml');
        if (inside === 'style') scanCss(scan, text);
        else scanScript(scan, text, 'unknown');
      },
      onInstruction: (start, end) => scanStyleSheetInstruction(scan, sliceMapped(source, start, end)),
    },
    { xml: true },
  );
}

interface TagContext {
  readonly scan: Scan;
  readonly source: MappedText;
  readonly xml: boolean;
}

function localName(name: string): string {
  const lower = name.toLowerCase();
  return lower.startsWith('svg:') ? lower.slice(4) : lower;
}

function scanTag(context: TagContext, tag: TagToken): void {
  const element = localName(tag.name);
  if (element === 'link') scanLink(context, tag);
  else if (element === 'meta') scanMeta(context, tag);
  else if (element === 'base') noteBase(context, tag);
  const seen = tag.attributes.length > 1 ? new Set<string>() : null;
  for (const attribute of tag.attributes) {
    // A browser ignores the second attribute of the same name.
    if (seen?.has(attribute.name)) continue;
    seen?.add(attribute.name);
    if (attribute.valueStart < attribute.valueEnd) scanAttribute(context, element, attribute);
  }
  if (element === 'script') noteIntegrity(context, tag, 'src');
  if (tag.content !== null && tag.content.start < tag.content.end) scanContent(context, element, tag);
}

function scanAttribute(context: TagContext, element: string, attribute: AttributeSpan): void {
  const { scan } = context;
  const name = attribute.name;
  if (name === 'style') {
    scanCss(scan, decoded(context, attribute));
    return;
  }
  if (element === 'iframe' && name === 'srcdoc') {
    scanHtml(scan, decoded(context, attribute));
    return;
  }
  const rule =
    element === 'link' && name === 'imagesrcset'
      ? { form: 'srcset' as const, strength: 'asset' as const }
      : attributeRule(element, name);
  if (rule === null) return;
  const value = decoded(context, attribute);
  const via = `${element} ${name}`;
  // Without its source a data-* value may be anything; only what looks like a file is one.
  if (rule.form === 'srcset') {
    for (const { start, end } of srcsetUrls(value.text))
      noteUrl(scan, { source: value, start, end, strength: rule.strength, via });
  } else {
    noteUrl(scan, { source: value, start: 0, end: value.text.length, strength: rule.strength, via });
  }
}

function decoded(context: TagContext, attribute: AttributeSpan): MappedText {
  const raw = sliceMapped(context.source, attribute.valueStart, attribute.valueEnd);
  return decodeMapped(raw, context.xml ? 'xml' : 'attribute');
}

function valueOf(context: TagContext, tag: TagToken, name: string): MappedText | null {
  const attribute = tag.attributes.find((one) => one.name === name);
  return attribute === undefined ? null : decoded(context, attribute);
}

function scanLink(context: TagContext, tag: TagToken): void {
  const href = valueOf(context, tag, 'href');
  const rel = valueOf(context, tag, 'rel')?.text ?? '';
  if (href === null) return;
  const relations = rel.toLowerCase().split(/\s+/);
  if (relations.includes('canonical')) context.scan.canonical ??= href.text.trim();
  if (relations.includes('manifest')) context.scan.hasManifest = true;
  const strength = linkStrength(rel);
  if (strength !== null) note(context, href, { strength, via: `link rel=${relations[0] ?? ''}` });
  noteIntegrity(context, tag, 'href');
}

function scanMeta(context: TagContext, tag: TagToken): void {
  const content = valueOf(context, tag, 'content');
  if (content === null) return;
  const name = ['property', 'name', 'itemprop']
    .map((key) => valueOf(context, tag, key)?.text ?? '')
    .find((one) => isFetchedMeta(one.trim()));
  if (name !== undefined) {
    // msapplication-config may be the word "none".
    if (content.text.trim().toLowerCase() !== 'none')
      note(context, content, { strength: 'asset', via: `meta ${name}` });
    return;
  }
  if (valueOf(context, tag, 'http-equiv')?.text.trim().toLowerCase() !== 'refresh') return;
  const refresh = /^\s*[\d.]+\s*[;,]?\s*(?:url\s*=\s*)?(["']?)(.*?)\1\s*$/i.exec(content.text);
  const url = refresh?.[2];
  if (url === undefined || url === '') return;
  const start = content.text.lastIndexOf(url);
  noteUrl(context.scan, {
    source: content,
    start,
    end: start + url.length,
    strength: 'link',
    via: 'meta refresh',
  });
}

function noteBase(context: TagContext, tag: TagToken): void {
  const href = valueOf(context, tag, 'href');
  if (href !== null) context.scan.baseHref ??= href.text.trim();
}

function note(context: TagContext, source: MappedText, about: { strength: Strength; via: string }): void {
  noteUrl(context.scan, { source, start: 0, end: source.text.length, ...about });
}

function noteIntegrity(context: TagContext, tag: TagToken, urlAttribute: string): void {
  const integrity = tag.attributes.find((one) => one.name === 'integrity');
  const url = valueOf(context, tag, urlAttribute)?.text.trim();
  if (integrity === undefined || url === undefined || integrity.valueStart === integrity.valueEnd) return;
  context.scan.integrity.push({
    url,
    start: context.source.toRaw(integrity.valueStart),
    end: context.source.toRaw(integrity.valueEnd),
    value: decoded(context, integrity).text,
  });
}

const scriptTypes = /^(?:text|application)\/(?:x-)?(?:java|ecma|j)script(?:1\.[0-5])?$|^text\/livescript$/;

function scanContent(context: TagContext, element: string, tag: TagToken): void {
  if (tag.content === null) return;
  const content = sliceMapped(context.source, tag.content.start, tag.content.end);
  if (element === 'style') scanCss(context.scan, content);
  if (element !== 'script') return;
  const type = (valueOf(context, tag, 'type')?.text ?? '').trim().toLowerCase();
  if (type === 'module') scanScript(context.scan, content, 'module');
  else if (type === '' || scriptTypes.test(type)) scanScript(context.scan, content, 'classic');
  else if (type === 'importmap') scanImportMap(context.scan, content);
  else if (type === 'speculationrules') scanSpeculationRules(context.scan, content);
  else if (type === 'application/ld+json') scanStructuredData(context.scan, content);
}

/** `<?xml-stylesheet href="style.css" type="text/css"?>` */
function scanStyleSheetInstruction(scan: Scan, instruction: MappedText): void {
  if (!/^xml-stylesheet\s/.test(instruction.text)) return;
  const href = /\shref\s*=\s*(["'])(.*?)\1/.exec(instruction.text);
  if (href?.[2] === undefined) return;
  const start = href.index + href[0].indexOf(href[1] ?? '"') + 1;
  const value = decodeMapped(sliceMapped(instruction, start, start + href[2].length), 'xml');
  noteUrl(scan, {
    source: value,
    start: 0,
    end: value.text.length,
    strength: 'asset',
    via: 'xml-stylesheet',
  });
}
