import { isUtf8 } from 'node:buffer';
import path from 'node:path';
import { decodeDeclared } from '../checks/encoding/declared.ts';
import { findInvalidUtf8 } from '../checks/encoding/utf8.ts';
import { FlowFault } from '../core/fault.ts';

const TEXT_EXTENSIONS = new Set(
  'html htm xhtml md markdown css js mjs cjs json map webmanifest xml svg rss atom txt vtt'.split(' '),
);

/** Files whose bytes end up in a text that others read: they must be UTF-8. */
export function isReleaseText(file: string): boolean {
  return TEXT_EXTENSIONS.has(path.posix.extname(file).slice(1).toLowerCase());
}

/**
 * Decodes a source text: strict UTF-8, or the character set that `checks.charsets` declares for it. Nothing is ever
 * converted on a guess. A byte order mark is dropped.
 * @throws build.invalid_utf8 with line and column, build.utf16, build.charset_mismatch
 */
export function decodeSource(
  file: string,
  bytes: Buffer,
  charsets: Readonly<Record<string, string>>,
): string {
  const label = declaredFor(file, charsets);
  if (label !== undefined) return decodeAs(file, bytes, label);
  if (isUtf8(bytes) && !looksLikeUtf16(bytes)) {
    return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
      ? bytes.toString('utf8', 3)
      : bytes.toString('utf8');
  }
  if (looksLikeUtf16(bytes)) throw utf16Fault(file);
  throw invalidUtf8Fault(file, bytes);
}

/** Whether `checks.charsets` names a character set for the file, so that its text and not its bytes go into the release. */
export function isDeclared(file: string, charsets: Readonly<Record<string, string>>): boolean {
  return declaredFor(file, charsets) !== undefined;
}

/** The declared character set of a file, by the first glob that matches. */
function declaredFor(file: string, charsets: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(charsets).find(([glob]) => path.posix.matchesGlob(file, glob))?.[1];
}

/** A byte order mark, or every other byte NUL in the first ones: no UTF-8 text looks like that. */
function looksLikeUtf16(bytes: Uint8Array): boolean {
  const [first, second, third, fourth] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  if (bytes.length < 4) return false;
  return (first === 0 && third === 0 && second !== 0) || (second === 0 && fourth === 0 && first !== 0);
}

function decodeAs(file: string, bytes: Buffer, label: string): string {
  const text = decodeDeclared(bytes, label);
  if (text !== null) return text;
  throw new FlowFault('build.charset_mismatch', {
    file,
    text: {
      en: `checks.charsets declares ${file} as ${label}, but its bytes are not that.`,
      de: `checks.charsets gibt für ${file} ${label} an, aber ihre Bytes passen nicht dazu.`,
    },
    fix: {
      en: 'Correct the label in flow.config.ts, or convert the file.',
      de: 'Die Angabe in flow.config.ts berichtigen oder die Datei umwandeln.',
    },
  });
}

function utf16Fault(file: string): FlowFault {
  return new FlowFault('build.utf16', {
    file,
    line: 1,
    column: 1,
    text: {
      en: `${file} is UTF-16; pages and scripts must be UTF-8.`,
      de: `${file} ist UTF-16; Seiten und Skripte müssen UTF-8 sein.`,
    },
    fix: {
      en: `Convert it: iconv -f UTF-16 -t UTF-8 ${JSON.stringify(file)}, or declare it: checks: { charsets: { ${JSON.stringify(file)}: 'utf-16' } }.`,
      de: `Umwandeln: iconv -f UTF-16 -t UTF-8 ${JSON.stringify(file)}, oder angeben: checks: { charsets: { ${JSON.stringify(file)}: 'utf-16' } }.`,
    },
  });
}

function invalidUtf8Fault(file: string, bytes: Uint8Array): FlowFault {
  const [first] = findInvalidUtf8(bytes, 1);
  const hex = [...(first?.bytes ?? [])].slice(0, 4).map((byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  return new FlowFault('build.invalid_utf8', {
    file,
    ...first?.position,
    text: {
      en: `${file} is not UTF-8 (${hex.join(' ')}).`,
      de: `${file} ist kein UTF-8 (${hex.join(' ')}).`,
    },
    fix: {
      en: 'Save it as UTF-8, or declare what it is: checks: { charsets: { … } }. Details: cds flow check encoding',
      de: 'Als UTF-8 speichern oder angeben, was sie ist: checks: { charsets: { … } }. Genaueres: cds flow check encoding',
    },
  });
}
