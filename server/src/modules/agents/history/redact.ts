import { entropy } from '../checks/security/secrets.ts';

/** Replaces what nobody else should read; the same input gives the same text. */
export type Redact = (text: string) => string;

/** Ways in which secrets are usually written, most specific first. */
const secretPatterns: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]*?(?:-----END \1PRIVATE KEY-----|$)/g, '<private key>'],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, '<token>'],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, '<key>'],
  [
    /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|npm_|hf_|cds_|gsk_|AIza|dop_v1_|pypi-)[\w-]{16,}/g,
    '<token>',
  ],
  [/\b[sr]k[-_](?:[a-z]+[-_])*[\w-]{8,}/g, '<key>'],
  [/\b(Bearer|Basic|Token)\s+[\w.~+/=-]{8,}/gi, '$1 <token>'],
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/:@]+:[^\s/@]+@/gi, '$1<credentials>@'],
  [
    /((?:secret|token|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|credential|authorization)[\w-]*["']?\s*(?:=>|[:=])\s*)("[^"\n]*"|'[^'\n]*'|[^\s,;"'}\])]+)/gi,
    '$1<secret>',
  ],
];
const homes = /(?:\/(?:home|Users)\/|[A-Za-z]:\\+Users\\+)[^/\\\s"'`:;,)]+|\/root(?=[/\s"'`:;,)]|$)/g;
const addresses = /\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/g;
/** Long and without order: what is left of keys in unknown forms. */
const opaque = /[A-Za-z0-9+/_-]{32,}={0,2}/g;
const leastEntropy = 4.2;

/** Redacts secrets, addresses and home folders by their form, and the given words by a name. */
export function createRedaction(names: readonly { readonly text: string; readonly as: string }[]): Redact {
  // The longest first: a folder before the folder it lies in.
  const known = names.filter(({ text }) => text.length > 2).toSorted((a, b) => b.text.length - a.text.length);
  return (text) => {
    let redacted = text;
    for (const [pattern, as] of secretPatterns) redacted = redacted.replace(pattern, as);
    redacted = redacted.replace(addresses, '<address>');
    for (const { text: word, as } of known) redacted = redacted.replaceAll(word, as);
    return redacted
      .replace(homes, '<home>')
      .replace(opaque, (value) => (isRandom(value) ? '<opaque>' : value));
  };
}

/** Redacts every string of a value, names of fields included. */
export function redactAll(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactAll(item, redact));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      redact(name),
      // A field says what it holds, also where the value alone would not.
      secretName.test(name) && typeof item === 'string' ? '<secret>' : redactAll(item, redact),
    ]),
  );
}

const secretName =
  /^(?:.*[_-])?(?:secret|token|password|passwd|passphrase|api_?key|authorization|credentials?)$/i;

/** Words and paths have less than 4 bits a character and few digits among their letters; keys have more of both. */
function isRandom(value: string): boolean {
  if (/^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(value)) return false;
  if (!/\d/.test(value) || !/[a-z]/i.test(value)) return false;
  return entropy(value) >= leastEntropy;
}
