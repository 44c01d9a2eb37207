// Names damage to find it: cds-ignore-file encoding
import type { LocalizedText } from '../../core/language.ts';

/** A single character, or a few, that no source text should hold. Offsets are UTF-16 code units. */
export type BadCharacters = Readonly<{
  rule: string;
  offset: number;
  message: LocalizedText;
  fix: LocalizedText;
}>;

type CharacterRule = {
  rule: string;
  pattern: RegExp;
  message: (found: string) => LocalizedText;
  fix: LocalizedText;
};

const RULES: readonly CharacterRule[] = [
  {
    rule: 'encoding.replacement_character',
    pattern: /\ufffd+|(?:ï¿½)+/g,
    message: () => ({
      en: 'Holds the replacement character U+FFFD: an earlier conversion lost what stood here.',
      de: 'Enthält das Ersatzzeichen U+FFFD: Eine frühere Umwandlung hat verloren, was hier stand.',
    }),
    fix: {
      en: 'Restore the text from an older version; what is lost cannot be computed.',
      de: 'Den LocalizedText aus einer älteren Fassung wiederherstellen; Verlorenes lässt sich nicht berechnen.',
    },
  },
  {
    rule: 'encoding.control_character',
    // Every control character but tab, line feed, form feed and carriage return.
    pattern: /[^\P{Cc}\t\n\f\r]/gu,
    message: (found) => ({
      en: `Holds the control character ${codePoint(found)}, which no browser shows.`,
      de: `Enthält das Steuerzeichen ${codePoint(found)}, das kein Browser anzeigt.`,
    }),
    fix: {
      en: 'Remove it, or write the character that was meant.',
      de: 'Entfernen oder das gemeinte Zeichen schreiben.',
    },
  },
  {
    rule: 'encoding.bidi_control',
    pattern: /[\u202a-\u202e\u2066-\u2069]/g,
    message: (found) => ({
      en: `Holds ${codePoint(found)}, which makes a reader see another order than the machine (CVE-2021-42574).`,
      de: `Enthält ${codePoint(found)}; damit sieht ein Leser eine andere Reihenfolge als die Maschine (CVE-2021-42574).`,
    }),
    fix: {
      en: 'Remove it; in HTML use the dir attribute or <bdi>.',
      de: 'Entfernen; in HTML das Attribut dir oder <bdi> verwenden.',
    },
  },
  {
    rule: 'encoding.suspicious',
    // Double-encoded text that was then written as entities, or whose no-break space became a plain one.
    pattern: /&(?:Atilde|Acirc);&[A-Za-z]+[0-9]*;|&acirc;&(?:euro|#8364);|(?<=\p{Ll})Ã(?= )/gu,
    message: (found) => ({
      en: `“${found}” looks double-encoded, but part of it is lost.`,
      de: `„${found}“ sieht doppelt kodiert aus, ein Teil davon ist aber verloren.`,
    }),
    fix: {
      en: 'Write the character that was meant, or mark the line with cds-ignore encoding.',
      de: 'Das gemeinte Zeichen schreiben oder die Zeile mit cds-ignore encoding kennzeichnen.',
    },
  },
];

/** `U+0085` for a character. */
export function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Finds lost, invisible and misleading characters, at most `most` of each rule. */
export function findBadCharacters(text: string, most = 20): BadCharacters[] {
  const found: BadCharacters[] = [];
  for (const { rule, pattern, message, fix } of RULES) {
    let count = 0;
    for (const match of text.matchAll(pattern)) {
      count += 1;
      if (count > most) break;
      found.push({ rule, offset: match.index, message: message(match[0]), fix });
    }
  }
  return found;
}
