import type { Language } from '../../core/language.ts';
import type { Finding } from '../finding.ts';

/**
 * SARIF 2.1.0 (OASIS Standard), as GitHub code scanning and editors read it. Columns count characters
 * (`unicodeCodePoints`); addresses of files are relative and percent-encoded.
 */
export function formatSarif(findings: readonly Finding[], language: Language): string {
  const rules = [...new Map(findings.map((one) => [one.rule, one])).values()].sort((a, b) =>
    a.rule < b.rule ? -1 : 1,
  );
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'cds flow check',
            rules: rules.map((one) => ({
              id: one.rule,
              shortDescription: { text: one.rule },
              help: { text: one.fix[language] },
              defaultConfiguration: { level: one.level },
            })),
          },
        },
        columnKind: 'unicodeCodePoints',
        results: findings.map((one) => ({
          ruleId: one.rule,
          ruleIndex: rules.findIndex((rule) => rule.rule === one.rule),
          level: one.level,
          message: { text: `${one.message[language]} ${one.fix[language]}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: one.file.split('/').map(encodeURIComponent).join('/') },
                region: { startLine: one.line, startColumn: one.column },
              },
            },
          ],
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
