import type { Finding } from '../finding.ts';
import type { DoubleEncoded } from './double-encoded.ts';

type Message = Omit<Finding, 'file' | 'line' | 'column'>;

const MARK_HINT = {
  en: 'If it is meant, mark the line with cds-ignore encoding.',
  de: 'Ist es so gemeint, die Zeile mit cds-ignore encoding kennzeichnen.',
};

/** A stretch that is UTF-8 read as another character set. */
export function doubleEncoded(stretch: DoubleEncoded): Message {
  const { text, repaired, codePage, layers, verdict } = stretch;
  const times = { en: layers === 1 ? 'once' : `${layers} times`, de: `${layers}-mal` };
  if (verdict === 'doubtful') {
    return {
      rule: 'encoding.suspicious',
      level: 'warning',
      message: {
        en: `“${text}” may be a double-encoded “${repaired}”, but also reads as ordinary text.`,
        de: `„${text}“ kann ein doppelt kodiertes „${repaired}“ sein, liest sich aber auch als gewöhnlicher Text.`,
      },
      fix: {
        en: `Write what is meant. ${MARK_HINT.en}`,
        de: `Schreiben, was gemeint ist. ${MARK_HINT.de}`,
      },
    };
  }
  return {
    rule: 'encoding.double',
    level: 'error',
    message: {
      en: `“${text}” is “${repaired}”, UTF-8 read as ${codePage} ${times.en}.`,
      de: `„${text}“ ist „${repaired}“, ${times.de} als ${codePage} gelesenes UTF-8.`,
    },
    fix: {
      en: `Repair it: cds flow check encoding --fix --write. ${MARK_HINT.en}`,
      de: `Reparieren: cds flow check encoding --fix --write. ${MARK_HINT.de}`,
    },
  };
}

/** Bytes that are not UTF-8; `charset` names the declared set that explains them, when one does. */
export function invalidUtf8(bytes: Uint8Array, charset: string | null): Message {
  const shown = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'));
  const hex = shown.join(' ') + (bytes.length > 8 ? ' …' : '');
  return {
    rule: 'encoding.invalid_utf8',
    level: 'error',
    message: { en: `Not UTF-8: ${hex}.`, de: `Kein UTF-8: ${hex}.` },
    fix: charset
      ? {
          en: `The file declares ${charset}; convert it: cds flow check encoding --fix --write.`,
          de: `Die Datei gibt ${charset} an; umwandeln: cds flow check encoding --fix --write.`,
        }
      : {
          en: 'Save the file as UTF-8, or declare its real character set (checks.charsets in flow.config.ts) to have it converted.',
          de: 'Die Datei als UTF-8 speichern oder ihren wirklichen Zeichensatz angeben (checks.charsets in flow.config.ts), damit sie umgewandelt wird.',
        },
  };
}

/** UTF-16 or UTF-32. */
export function wideEncoding(name: string, repairable: boolean): Message {
  return {
    rule: 'encoding.utf16',
    level: 'error',
    message: { en: `The file is ${name}, not UTF-8.`, de: `Die Datei ist ${name}, nicht UTF-8.` },
    fix: repairable
      ? {
          en: 'Its byte order mark declares it; convert it: cds flow check encoding --fix --write.',
          de: 'Ihre Byte-Reihenfolge-Marke gibt es an; umwandeln: cds flow check encoding --fix --write.',
        }
      : { en: 'Save the file as UTF-8.', de: 'Die Datei als UTF-8 speichern.' },
  };
}

/** A byte order mark before UTF-8 text. */
export function byteOrderMark(): Message {
  return {
    rule: 'encoding.byte_order_mark',
    level: 'error',
    message: {
      en: 'Begins with a byte order mark, which breaks front matter, JSON, scripts and CSS concatenation.',
      de: 'Beginnt mit einer Byte-Reihenfolge-Marke; sie bricht Front Matter, JSON, Skripte und das Verketten von CSS.',
    },
    fix: {
      en: 'Remove it: cds flow check encoding --fix --write.',
      de: 'Entfernen: cds flow check encoding --fix --write.',
    },
  };
}

/** UTF-8 text that says it is something else. */
export function wrongDeclaration(label: string): Message {
  return {
    rule: 'encoding.declaration',
    level: 'error',
    message: {
      en: `The file is UTF-8 but declares ${label}: browsers will show wrong characters.`,
      de: `Die Datei ist UTF-8, gibt aber ${label} an: Browser zeigen falsche Zeichen.`,
    },
    fix: { en: 'Declare utf-8.', de: 'utf-8 angeben.' },
  };
}
