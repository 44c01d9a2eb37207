import type { Finding } from '../finding.ts';
import { sortFindings } from '../finding.ts';
import { type IgnoreMarks, readIgnoreMarks } from '../marks.ts';
import { createPositions } from '../position.ts';
import { findBadCharacters } from './characters.ts';
import { declareUtf8, decodeDeclared, isUtf8Label, readDeclaredCharset } from './declared.ts';
import { type DoubleEncoded, findDoubleEncoded, replaceStretches } from './double-encoded.ts';
import * as messages from './messages.ts';
import { findInvalidUtf8 } from './utf8.ts';

/** A file to look at. `charset` is what the project's settings declare for it, when they do. */
export type EncodedFile = Readonly<{ path: string; bytes: Uint8Array; charset?: string | undefined }>;

/**
 * What is wrong with a file's encoding. `repaired` holds the bytes after every repair that is certain, or null when
 * there is nothing to repair; findings without a certain repair stay.
 */
export type EncodingReport = Readonly<{ findings: readonly Finding[]; repaired: Uint8Array | null }>;

type Decoded = { text: string; changed: boolean; findings: Finding[] };

/**
 * Lints one text file: strict UTF-8, no byte order mark, no double-encoded text, no lost or invisible characters.
 * Nothing is ever converted on a guess: other character sets only when a byte order mark, the file or the settings
 * declare them.
 */
export function lintEncoding(file: EncodedFile): EncodingReport {
  const decoded = decodeFile(file);
  if (decoded === null || 'unreadable' in decoded) {
    return { findings: decoded?.unreadable ?? [], repaired: null };
  }
  const marks = readIgnoreMarks(decoded.text);
  const positions = createPositions(decoded.text);
  const kept = (finding: Finding) => !marks(finding.rule, finding.line);
  const stretches = findDoubleEncoded(decoded.text).filter(
    (stretch) => !marks('encoding.double', positions(stretch.offset).line),
  );
  const certain = stretches.filter((stretch) => stretch.verdict === 'certain');
  const findings = [
    ...decoded.findings,
    ...stretches.map((stretch) => ({
      ...messages.doubleEncoded(stretch),
      file: file.path,
      ...positions(stretch.offset),
    })),
    ...badCharacters({ file, text: decoded.text, certain }),
  ].filter(kept);
  return { findings: sortFindings(findings), repaired: repair(decoded, certain, marks) };
}

function repair(decoded: Decoded, certain: readonly DoubleEncoded[], marks: IgnoreMarks): Uint8Array | null {
  const mayConvert =
    decoded.changed && !decoded.findings.some((finding) => marks(finding.rule, finding.line));
  if (!mayConvert && (certain.length === 0 || decoded.changed)) return null;
  return new TextEncoder().encode(replaceStretches(decoded.text, certain));
}

/** Controls inside a double-encoded stretch are part of it and vanish with its repair. */
function badCharacters(input: {
  file: EncodedFile;
  text: string;
  certain: readonly DoubleEncoded[];
}): Finding[] {
  const positions = createPositions(input.text);
  return findBadCharacters(input.text)
    .filter(
      (bad) =>
        !input.certain.some(
          (stretch) => stretch.offset <= bad.offset && bad.offset < stretch.offset + stretch.text.length,
        ),
    )
    .map(({ offset, ...bad }) => ({ ...bad, level: 'error', file: input.file.path, ...positions(offset) }));
}

function decodeFile(file: EncodedFile): Decoded | { unreadable: Finding[] } | null {
  const wide = decodeWide(file);
  if (wide) return wide;
  const invalid = findInvalidUtf8(file.bytes);
  if (invalid.length > 0) return decodeInvalid(file, invalid);
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file.bytes);
  const findings: Finding[] = [];
  const hasMark = text.startsWith('\ufeff');
  if (hasMark) findings.push({ ...messages.byteOrderMark(), file: file.path, line: 1, column: 1 });
  const declared = readDeclaredCharset(file.bytes);
  if (declared && !isUtf8Label(declared.label) && /\P{ASCII}/u.test(text)) {
    findings.push({ ...messages.wrongDeclaration(declared.label), file: file.path, line: 1, column: 1 });
  }
  return { text: hasMark ? text.slice(1) : text, changed: hasMark, findings };
}

function decodeInvalid(
  file: EncodedFile,
  invalid: ReturnType<typeof findInvalidUtf8>,
): Decoded | { unreadable: Finding[] } {
  const declared = file.charset
    ? ({ label: file.charset, source: 'settings' } as const)
    : readDeclaredCharset(file.bytes);
  const text = declared && !isUtf8Label(declared.label) ? decodeDeclared(file.bytes, declared.label) : null;
  const findings = invalid.map((stretch) => ({
    ...messages.invalidUtf8(stretch.bytes, text === null ? null : (declared?.label ?? null)),
    file: file.path,
    ...stretch.position,
  }));
  if (text === null) return { unreadable: findings };
  return { text: declareUtf8(text), changed: true, findings };
}

/** UTF-16 and UTF-32: a byte order mark declares them; without one they are only named. */
function decodeWide(file: EncodedFile): Decoded | { unreadable: Finding[] } | null {
  const { bytes } = file;
  const place = { file: file.path, line: 1, column: 1 };
  const [first = 0, second = 0, third = 1, fourth = 1] = bytes;
  const isUtf32 =
    (first === 0xff && second === 0xfe && third === 0 && fourth === 0) ||
    (first === 0 && second === 0 && third === 0xfe && fourth === 0xff);
  if (isUtf32) return { unreadable: [{ ...messages.wideEncoding('UTF-32', false), ...place }] };
  const label =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : null;
  if (label) {
    const text = decodeDeclared(bytes, label);
    const findings = [{ ...messages.wideEncoding(label.toUpperCase(), text !== null), ...place }];
    return text === null ? { unreadable: findings } : { text: declareUtf8(text), changed: true, findings };
  }
  return looksLikeUtf16(bytes)
    ? { unreadable: [{ ...messages.wideEncoding('UTF-16', false), ...place }] }
    : null;
}

function looksLikeUtf16(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, 512) & ~1;
  if (length < 8) return false;
  let even = 0;
  let odd = 0;
  for (let index = 0; index < length; index += 2) {
    if (bytes[index] === 0) even += 1;
    if (bytes[index + 1] === 0) odd += 1;
  }
  const half = length / 2;
  return (even > half * 0.7 && odd < half * 0.1) || (odd > half * 0.7 && even < half * 0.1);
}
