import { writeFile } from 'node:fs/promises';
import { formatFault } from '../core/fault.ts';
import { type StepId, stepIds } from '../core/step.ts';
import { loadFlowConfig } from '../pipeline/load-config.ts';
import { type PipelineOutcome, runPipeline } from '../pipeline/pipeline.ts';
import { environmentOf, usageFault } from './arguments.ts';
import { type CommandInput, pathOf, releaseDirOf, rootDirOf } from './context.ts';
import { terminalReporter } from './progress.ts';
import { say } from './terminal.ts';

/** The steps of each command. */
export const stepsOfCommand: Readonly<Record<string, readonly StepId[]>> = {
  run: stepIds,
  build: stepIds.slice(0, 5),
  deploy: ['deploy'],
  purge: ['purge'],
  verify: ['verify'],
};

/**
 * `cds flow`, `build`, `deploy`, `purge`, `verify`: runs the steps. `--json` prints the report, `--report FILE` writes it,
 * `--dry-run` changes nothing. Exit code 1 when a step failed.
 */
export async function runSteps(command: string, input: CommandInput): Promise<number> {
  const { args, terminal } = input;
  const steps = stepsOfCommand[command];
  if (steps === undefined || args.words.length > 0)
    throw usageFault({
      en: `cds flow ${command} takes no "${args.words.join(' ')}".`,
      de: `cds flow ${command} kennt kein "${args.words.join(' ')}".`,
    });
  const rootDir = rootDirOf(input);
  const outcome = await runPipeline({
    rootDir,
    outDir: releaseDirOf(input),
    config: await loadFlowConfig(rootDir),
    environment: environmentOf(args),
    dryRun: args.flag('dry-run'),
    steps,
    env: terminal.environment,
    signal: input.signal,
    report: terminalReporter(terminal),
    now: () => new Date(),
  });
  await show(input, outcome);
  return outcome.fault === null ? 0 : 1;
}

async function show(input: CommandInput, { report, fault }: PipelineOutcome): Promise<void> {
  const { args, terminal } = input;
  const text = JSON.stringify(report, null, 2);
  const file = args.text('report');
  if (file !== undefined) await writeFile(pathOf(input, file), `${text}\n`);
  if (args.flag('json')) terminal.print(text);
  if (fault !== null) {
    terminal.printError(formatFault(fault, terminal.language));
  } else if (!args.flag('json')) {
    const isPlanned = report.outcome === 'planned';
    say(terminal, {
      en: isPlanned ? 'Dry run: nothing was changed.' : `Done: ${report.outDir}`,
      de: isPlanned ? 'Probelauf: Nichts wurde geändert.' : `Fertig: ${report.outDir}`,
    });
    const isUndeployed = report.steps.some((one) => one.step === 'deploy' && one.outcome === 'skipped');
    if (isUndeployed)
      say(terminal, {
        en: 'Look at it: cds flow staging. To deploy it, name a target in flow.config.ts; cds flow init writes one to start with.',
        de: 'Ansehen: cds flow staging. Zum Ausliefern ein Ziel in flow.config.ts nennen; cds flow init schreibt eine für den Anfang.',
      });
  }
}
