import path from 'node:path';
import { counted } from '../core/language.ts';
import type { FlowContext, FlowStep, StepResult } from '../core/step.ts';
import { type RunCommand, runBuildCommand, runOnThisMachine } from './command.ts';
import { readCommitTime } from './commit-time.ts';
import { findSource } from './find-source.ts';
import { buildSite, type SiteResult } from './site.ts';
import { takeOutput } from './take-output.ts';

export interface BuildStepOptions {
  /** Where the project's own build command runs; on this machine when not given. */
  readonly runCommand?: RunCommand;
  /** False where git must not run in the site's folder, because a stranger may have written its settings. */
  readonly useGit?: boolean;
}

/** Step 2 with the project's own command run on this machine. */
export const buildStep: FlowStep = createBuildStep();

/**
 * Step 2: fills `releaseDir` with the site, under the names the sources have. HTML and Markdown are built by the flow; a
 * project with a build of its own (`build.command`, or Vite, Astro, Eleventy, Docusaurus, Hugo) runs that, and its output is
 * taken.
 */
export function createBuildStep(options: BuildStepOptions = {}): FlowStep {
  return {
    id: 'build',
    title: { en: 'Build', de: 'Bauen' },
    run: (context) => build(context, options),
  };
}

/** What was deployed into the site's own folder is no source of the next release. */
function localTargets({ config, rootDir }: FlowContext): string[] {
  return config.deploy.targets.flatMap((target) =>
    target.kind === 'local' ? [path.resolve(rootDir, target.path)] : [],
  );
}

async function build(context: FlowContext, options: BuildStepOptions): Promise<StepResult> {
  const { config, rootDir } = context;
  const useGit = options.useGit ?? true;
  const choice = findSource(rootDir, config.build);
  const commitTime = await readCommitTime(rootDir, context.env, useGit);
  if (choice.kind === 'command') {
    context.log.info({ en: `${choice.tool}: ${choice.command}`, de: `${choice.tool}: ${choice.command}` });
    const outputDir = await runBuildCommand(
      context,
      { ...choice, commitTime },
      options.runCommand ?? runOnThisMachine,
    );
    const files = await takeOutput(context, outputDir);
    return {
      outcome: 'done',
      summary: {
        en: `${choice.command} made ${files} files.`,
        de: `${choice.command} ergab ${files} Dateien.`,
      },
      details: { command: choice.command, output: choice.output, files, commitTime },
    };
  }
  if (choice.kind === 'output') {
    const files = await takeOutput(context, choice.outputDir);
    const folder = path.relative(rootDir, choice.outputDir);
    return {
      outcome: 'done',
      summary: {
        en: `${files} files of the finished build in ${folder}/.`,
        de: `${files} Dateien des fertigen Builds in ${folder}/.`,
      },
      details: { output: folder, files, commitTime },
    };
  }
  const result = await buildSite({
    rootDir,
    sourceDir: choice.sourceDir,
    outDir: context.releaseDir,
    content: context.content,
    cacheDir: path.join(context.workDir, 'cache'),
    without: [context.workDir, context.outDir, context.releaseDir, ...localTargets(context)],
    config,
    environment: context.environment,
    commitTime,
    useGit,
    signal: context.signal,
    log: context.log,
  });
  return { outcome: 'done', summary: summarise(result), details: { ...result, commitTime } };
}

function summarise(result: SiteResult): StepResult['summary'] {
  const { pages, files, source, reusedPages } = result;
  const from = source === '.' ? '' : source;
  return {
    en: `${counted(pages, 'page', 'pages')}, ${counted(files, 'file', 'files')}${from && ` from ${from}/`}; ${reusedPages} unchanged.`,
    de: `${counted(pages, 'Seite', 'Seiten')}, ${counted(files, 'Datei', 'Dateien')}${from && ` aus ${from}/`}; ${reusedPages} unverändert.`,
  };
}
