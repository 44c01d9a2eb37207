import { readFile } from 'node:fs/promises';
import { fault } from '@cyberdevstudio/server/base/fault.ts';
import { type OfflinePrompts, openPrompts } from '@cyberdevstudio/server/modules/prompts/offline.ts';
import { say, type Terminal } from '../terminal.ts';

const usage = {
  en: 'Usage: cds prompts test [id …] | list | render <id> [values.json]   (reads .cds/prompts of this folder, too)',
  de: 'Aufruf: cds prompts test [ID …] | list | render <ID> [werte.json]   (liest auch .cds/prompts dieses Ordners)',
};

/** `cds prompts`: tests, lists and fills prompts without a running server. Exit code 1 when a test fails. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [action, ...rest] = argv;
  const prompts = await openPrompts(terminal.environment.INIT_CWD ?? process.cwd());
  if (action === 'test') return test(prompts, rest, terminal);
  if (action === 'list') {
    for (const { id, kind, title } of prompts.list()) {
      terminal.print(`${kind.padEnd(8)} ${id.padEnd(28)} ${title[terminal.language]}`);
    }
    return 0;
  }
  const [promptId, file] = rest;
  if (action === 'render' && promptId !== undefined) {
    const { output, files, hash } = prompts.generate(
      promptId,
      file === undefined ? {} : await valuesOf(file),
    );
    terminal.print(output);
    for (const { path, content } of files) terminal.print(`\n=== ${path} ===\n${content}`);
    terminal.printError(hash);
    return 0;
  }
  say(terminal, usage);
  return 2;
}

function test(prompts: OfflinePrompts, ids: readonly string[], terminal: Terminal): number {
  const outcomes = prompts.test(ids);
  const failed = outcomes.filter(({ passed }) => !passed);
  for (const outcome of failed)
    terminal.print(`✗ ${outcome.promptId}: ${outcome.test}\n    ${outcome.reason}`);
  say(terminal, {
    en: `${outcomes.length - failed.length} tests passed, ${failed.length} failed`,
    de: `${outcomes.length - failed.length} Tests bestanden, ${failed.length} gescheitert`,
  });
  return failed.length === 0 ? 0 : 1;
}

async function valuesOf(file: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  } catch (error) {
    throw fault(
      'common.invalid_params',
      { field: file, reason: 'it is not a readable JSON file' },
      { cause: error },
    );
  }
}
