import { purgeStep } from '../purge/purge.ts';
import { diffReleases, listReleases, rollbackRelease } from '../releases/releases.ts';
import { usageFault } from './arguments.ts';
import { type CommandInput, commandContext } from './context.ts';
import { say } from './terminal.ts';

/** `cds flow releases [--json]`: what each target keeps, newest first; `*` marks the live one. */
export async function releases(input: CommandInput): Promise<number> {
  const { args, terminal } = input;
  atMost(input, 0);
  const targets = await listReleases(await commandContext(input));
  if (args.flag('json')) {
    terminal.print(JSON.stringify(targets, null, 2));
    return 0;
  }
  for (const { target, kind, releases: kept } of targets) {
    terminal.print(`${target} (${kind})`);
    for (const one of kept)
      terminal.print(`${one.live ? '* ' : '  '}${one.id}  ${one.deployedAt}  ${one.label}`);
  }
  return 0;
}

/** `cds flow diff [before] [after] [--json]`: which files differ; without names the live release and the one before it. */
export async function diff(input: CommandInput): Promise<number> {
  const { args, terminal } = input;
  atMost(input, 2);
  const [before, after] = args.words;
  const found = await diffReleases(await commandContext(input), {
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
  if (args.flag('json')) {
    terminal.print(JSON.stringify(found, null, 2));
    return 0;
  }
  terminal.print(`${found.before} → ${found.after}`);
  const signs = { added: '+', removed: '-', changed: '~' } as const;
  for (const { kind, path, sizeBefore, sizeAfter } of found.changes)
    terminal.print(`${signs[kind]} ${path}  ${sizeBefore ?? '–'} → ${sizeAfter ?? '–'}`);
  say(terminal, {
    en: `${found.changes.length} files differ, ${found.unchangedFiles} are equal, ${found.sizeDeltaBytes} bytes more.`,
    de: `${found.changes.length} Dateien verschieden, ${found.unchangedFiles} gleich, ${found.sizeDeltaBytes} Bytes mehr.`,
  });
  return 0;
}

/** `cds flow rollback [release]`: makes an earlier release live at every target, then purges the caches. */
export async function rollback(input: CommandInput): Promise<number> {
  const { args, terminal } = input;
  atMost(input, 1);
  const context = await commandContext(input);
  const outcomes = await rollbackRelease(context, args.words[0]);
  for (const { target, outcome } of outcomes) {
    say(terminal, {
      en: `${target}: ${outcome.releaseId} is live again (before: ${outcome.previousId ?? '–'}).`,
      de: `${target}: ${outcome.releaseId} ist wieder live (vorher: ${outcome.previousId ?? '–'}).`,
    });
  }
  say(terminal, (await purgeStep.run(context)).summary);
  return 0;
}

function atMost({ args }: CommandInput, most: number): void {
  if (args.words.length <= most) return;
  const extra = args.words.slice(most).join(' ');
  throw usageFault({ en: `"${extra}" is one word too many.`, de: `"${extra}" ist zu viel.` });
}
