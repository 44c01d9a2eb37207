import { formatPlain } from '../checks/output/plain.ts';
import { formatSarif } from '../checks/output/sarif.ts';
import { type CheckName, checkNames, runChecks } from '../checks/run.ts';
import { usageFault } from './arguments.ts';
import { type CommandInput, commandContext, pathOf } from './context.ts';

/**
 * `cds flow check <names…|all> [--fix [--write]] [--format plain|sarif] [--dir DIR] [--external] [-- files…]`.
 * Exit code 1 as long as a finding is left.
 */
export async function check(input: CommandInput): Promise<number> {
  const { args, terminal } = input;
  const checks = namesOf(args.words);
  const format = args.text('format') ?? 'plain';
  if (format !== 'plain' && format !== 'sarif')
    throw usageFault({
      en: `--format ${format}: plain or sarif.`,
      de: `--format ${format}: plain oder sarif.`,
    });
  if (args.flag('write') && !args.flag('fix'))
    throw usageFault({ en: '--write needs --fix.', de: '--write braucht --fix.' });
  const dir = args.text('dir');
  const result = await runChecks(await commandContext(input), {
    checks,
    ...(dir === undefined ? {} : { dir: pathOf(input, dir) }),
    ...(args.behind.length > 0 ? { files: args.behind } : {}),
    ...(args.flag('fix') ? { fix: args.flag('write') ? 'write' : 'show' } : {}),
    ...(args.flag('external') ? { externalLinks: true } : {}),
  });
  for (const diff of result.diffs) (format === 'sarif' ? terminal.printError : terminal.print)(diff);
  for (const file of result.written)
    terminal.printError(terminal.language === 'de' ? `geschrieben: ${file}` : `written: ${file}`);
  const text =
    format === 'sarif'
      ? formatSarif(result.findings, terminal.language)
      : formatPlain(result.findings, result.checkedFiles, terminal.language);
  terminal.print(text.trimEnd());
  return result.findings.length > 0 ? 1 : 0;
}

function namesOf(words: readonly string[]): CheckName[] {
  if (words.length === 0 || words.includes('all')) return [...checkNames];
  const unknown = words.find((word) => !checkNames.some((name) => name === word));
  if (unknown !== undefined) {
    const known = [...checkNames, 'all'].join(', ');
    throw usageFault({
      en: `There is no check "${unknown}", but: ${known}.`,
      de: `Eine Prüfung "${unknown}" gibt es nicht, aber: ${known}.`,
    });
  }
  return checkNames.filter((name) => words.includes(name));
}
