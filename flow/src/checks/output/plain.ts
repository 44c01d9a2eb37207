import { counted, type Language } from '../../core/language.ts';
import type { Finding } from '../finding.ts';

/** One line a finding, as editors and terminals make a link of it, then what helps; and a last line with the count. */
export function formatPlain(findings: readonly Finding[], checkedFiles: number, language: Language): string {
  const lines = findings.flatMap((one) => [
    `${escapeControls(one.file)}:${one.line}:${one.column}: ${one.level} ${one.rule}: ${escapeControls(one.message[language])}`,
    `  ${language === 'de' ? 'Abhilfe' : 'fix'}: ${escapeControls(one.fix[language])}`,
  ]);
  const count =
    language === 'de'
      ? `${counted(checkedFiles, 'Datei', 'Dateien')} geprüft, ${counted(findings.length, 'Befund', 'Befunde')}.`
      : `${counted(checkedFiles, 'file', 'files')} checked, ${counted(findings.length, 'finding', 'findings')}.`;
  return `${[...lines, count].join('\n')}\n`;
}

/** A terminal would obey control characters that a file name or a quoted text holds. */
function escapeControls(text: string): string {
  return text.replace(
    /\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
