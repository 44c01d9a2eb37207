import type { Strength } from './reference.ts';

export type AttributeForm = 'url' | 'srcset';

export interface AttributeRule {
  readonly form: AttributeForm;
  readonly strength: Strength;
}

const asset: AttributeRule = { form: 'url', strength: 'asset' };
const link: AttributeRule = { form: 'url', strength: 'link' };
const hint: AttributeRule = { form: 'url', strength: 'hint' };
const assetSet: AttributeRule = { form: 'srcset', strength: 'asset' };
const hintSet: AttributeRule = { form: 'srcset', strength: 'hint' };

/** URL attributes of HTML and SVG by element; obsolete ones that browsers still fetch included. */
const byElement: Readonly<Record<string, Readonly<Record<string, AttributeRule>>>> = {
  a: { href: link, 'xlink:href': link },
  area: { href: link },
  audio: { src: asset },
  blockquote: { cite: hint },
  body: { background: asset },
  button: { formaction: hint },
  cursor: { href: asset, 'xlink:href': asset },
  embed: { src: asset },
  feimage: { href: asset, 'xlink:href': asset },
  filter: { href: hint, 'xlink:href': hint },
  form: { action: hint },
  frame: { src: asset, longdesc: hint },
  html: { manifest: hint },
  iframe: { src: asset, longdesc: hint },
  image: { href: asset, 'xlink:href': asset, src: asset },
  img: { src: asset, srcset: assetSet, lowsrc: asset, longdesc: hint },
  input: { src: asset, formaction: hint },
  lineargradient: { href: hint, 'xlink:href': hint },
  mpath: { href: hint, 'xlink:href': hint },
  object: { data: asset, classid: hint, codebase: hint },
  pattern: { href: hint, 'xlink:href': hint },
  q: { cite: hint },
  radialgradient: { href: hint, 'xlink:href': hint },
  script: { src: asset, href: asset, 'xlink:href': asset },
  source: { src: asset, srcset: assetSet },
  table: { background: asset },
  td: { background: asset },
  textpath: { href: hint, 'xlink:href': hint },
  th: { background: asset },
  tr: { background: asset },
  track: { src: asset },
  use: { href: asset, 'xlink:href': asset },
  video: { src: asset, poster: asset },
};

/** Names by which lazy loading and gallery scripts keep addresses; others stay under the alias rule. */
const lazyNames =
  /^data-(?:lazy-|original-|full-|large-|thumb-|hi-?res-)?(?:src|srcset|href|bg|background|background-image|bg-image|poster|original|image|img|thumb|thumbnail|full|large|zoom|zoom-image|video|audio|lazy|lazy-src|retina|hires|icon)$/;

/** What an attribute of an element holds; null when it is no URL. */
export function attributeRule(element: string, attribute: string): AttributeRule | null {
  const known = byElement[element];
  if (known !== undefined && Object.hasOwn(known, attribute)) return known[attribute] ?? null;
  if (attribute.startsWith('data-') && lazyNames.test(attribute))
    return attribute.endsWith('srcset') ? hintSet : hint;
  // Custom elements follow the names that HTML uses.
  if (element.includes('-')) {
    if (attribute === 'srcset') return hintSet;
    if (attribute === 'src' || attribute === 'poster' || attribute === 'href') return hint;
  }
  return null;
}

const fetchedRelations = new Set(
  'stylesheet icon apple-touch-icon apple-touch-icon-precomposed apple-touch-startup-image mask-icon fluid-icon preload modulepreload prefetch manifest image_src'.split(
    ' ',
  ),
);
const pageRelations = new Set(
  'canonical alternate next prev author license search help amphtml bookmark tag up'.split(' '),
);

/** What the href of a link element is; null for connections that name a server only. */
export function linkStrength(rel: string): Strength | null {
  const relations = rel.toLowerCase().split(/\s+/).filter(Boolean);
  if (relations.some((one) => fetchedRelations.has(one))) return 'asset';
  if (relations.some((one) => one === 'preconnect' || one === 'dns-prefetch')) return null;
  return relations.some((one) => pageRelations.has(one)) ? 'link' : 'hint';
}

const fetchedMeta =
  /^(?:og:(?:image|video|audio)(?::(?:url|secure_url))?|twitter:image(?::src)?|twitter:player:stream|msapplication-(?:tileimage|config|square\d+x\d+logo|wide\d+x\d+logo)|thumbnail|image|logo|thumbnailurl|contenturl)$/i;

/** Whether the content of a meta element with this name, property or itemprop is a URL that others fetch. */
export function isFetchedMeta(name: string): boolean {
  return fetchedMeta.test(name);
}
