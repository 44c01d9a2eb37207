// Names damage to find it: cds-ignore-file encoding
/** One well-formed sequence of a run: the characters as they stand and the one character they decode to. */
export type Evidence = Readonly<{ original: string; decoded: string }>;

/**
 * How sure it is that a sequence is damage and not ordinary text.
 * `strong`: nobody writes this. `weak`: it also reads as ordinary text. `none`: what comes out is implausible.
 */
export type Strength = Readonly<{ kind: 'strong' | 'weak' | 'none'; script: string }>;

/** Scripts and symbols that web pages hold. What is in no row (IPA, Syriac, private use …) is implausible. */
const SCRIPTS: ReadonlyArray<readonly [string, RegExp]> = [
  [
    'latin',
    /^[\u00a0-\u017f\u018f\u0192\u01a0\u01a1\u01af\u01b0\u0259\u0218-\u021b\u02b9-\u02bf\u02c6\u02c7\u02d8-\u02dd\u1e00-\u1eff\ufb00-\ufb06]$/u,
  ],
  ['latin', /^[\u200b-\u200f\u2010-\u2027\u202f-\u205e\u2060\u20a0-\u20c0\ufeff]$/u],
  // The accents of decomposed text (NFD, as macOS writes file names).
  ['latin', /^(?:[\u0300-\u0304]|\u0308|\u030c|\u0323|\ufe0f)$/u],
  ['latin', /^[\u2070-\u209c\u2100-\u23ff\u2500-\u27bf\u2900-\u297f\u2b00-\u2bff]$/u],
  ['latin', /^[\u{1f000}-\u{1faff}\u{e0061}-\u{e007f}]$/u],
  ['greek', /^[\u0370-\u03ff\u1f00-\u1fff]$/u],
  ['cyrillic', /^[\u0400-\u04ff]$/u],
  ['hebrew', /^[\u05d0-\u05f4]$/u],
  ['arabic', /^[\u060c-\u06f9\ufb50-\ufdff\ufe70-\ufefc]$/u],
  ['indic', /^[\u0900-\u0dff]$/u],
  ['thai', /^[\u0e01-\u0eff]$/u],
  ['armenian', /^[\u0531-\u058f]$/u],
  ['burmese', /^[\u1000-\u109f]$/u],
  ['ethiopic', /^[\u1200-\u139f]$/u],
  ['khmer', /^[\u1780-\u17ff]$/u],
  ['tifinagh', /^[\u2d30-\u2d7f]$/u],
  ['georgian', /^[\u10a0-\u10ff\u1c90-\u1cbf]$/u],
  ['east-asian', /^[\u3000-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7a3\uff00-\uffef]$/u],
];

const QUOTES_AND_DASHES = '\u00a0\u00ad‘’‚“”„«»‹›…–—';

/** Trailing characters that may follow a capital letter in ordinary text, by leading character. */
const ORDINARY_AFTER: ReadonlyMap<string, string> = new Map([
  // The sign for Ångström: `1.54 Å±0.02`.
  ['Å', `${QUOTES_AND_DASHES}•†‡°±²³¹ªº©®™§·`],
  ['Ã', '\u00a0\u00ad‘’‚“”„»‹›…–—'],
  ['Â', '\u00a0\u00ad‘’“”„»‹›…–—²³¹ªº'],
]);
const ORDINARY_AFTER_CAPITAL = `${QUOTES_AND_DASHES}•†‡°²³¹ªº©®™§·`;
const ORDINARY_AFTER_SMALL = `${QUOTES_AND_DASHES}™®©¿¡`;

/** The script of one character as far as this check cares, or null when no page would hold it. */
export function scriptOf(character: string): string | null {
  return SCRIPTS.find(([, pattern]) => pattern.test(character))?.[0] ?? null;
}

/** The characters beside a stretch; empty at the ends of a text. */
export type Surroundings = Readonly<{ before: string; after: string }>;

/** Judges neighbouring sequences together: they were damaged together or not at all. */
export function judgeSequence(pieces: readonly Evidence[], context: Surroundings): Strength {
  const scripts = pieces.map((piece) => scriptOf(piece.decoded));
  if (scripts.some((script) => script === null)) return { kind: 'none', script: '' };
  const foreign = scripts.filter((script): script is string => script !== null && script !== 'latin');
  if (foreign.length > 0) {
    // One foreign letter may be an accident of punctuation (`fermé »`); two of one script in a row are not.
    const script = foreign[0] ?? 'latin';
    const alike = foreign.filter((other) => other === script).length;
    return { kind: alike > 1 ? 'strong' : 'weak', script };
  }
  // A word in capitals that ends in Â or Ã and has a sign after it: `YR IÂ©`, `«IRÃ»`.
  const endsCapitals = /\p{Lu}/u.test(context.before) && !/\p{L}/u.test(context.after);
  const isStrong = pieces.some((piece, index) => isStrongLatin(piece, endsCapitals && index === 0));
  return { kind: isStrong ? 'strong' : 'weak', script: 'latin' };
}

function isStrongLatin({ original, decoded }: Evidence, endsCapitals: boolean): boolean {
  const [leader = '', ...trail] = [...original];
  if (trail.length === 3 || decoded === '\ufeff') return true;
  const byLeader = endsCapitals ? undefined : ORDINARY_AFTER.get(leader);
  const ordinary = trail.length === 2 ? ORDINARY_AFTER_SMALL : (byLeader ?? ORDINARY_AFTER_CAPITAL);
  return trail.some((character) => !ordinary.includes(character));
}
