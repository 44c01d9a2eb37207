import { lstatSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { FlowFault } from '../core/fault.ts';
import type { FlowContext } from '../core/step.ts';
import { runProgram } from '../deploy/program.ts';

/** What a build command left behind. `output` is the end of what it printed, standard error included. */
export interface CommandResult {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a build command in the site's folder. The studio runs it in the sandbox, the command line on this machine. */
export type RunCommand = (
  command: string,
  context: Pick<FlowContext, 'rootDir' | 'env' | 'signal'> & {
    readonly variables: Readonly<Record<string, string>>;
  },
) => Promise<CommandResult>;

const COMMAND_TIMEOUT_MS = 30 * 60_000;
const SHOWN_CHARACTERS = 4_000;

/** Runs the command on this machine, with the user's own environment and a shell, as npm runs its scripts. */
export const runOnThisMachine: RunCommand = async (command, { rootDir, env, signal, variables }) => {
  const result = await runProgram({
    command: '/bin/sh',
    args: ['-c', `${command} 2>&1`],
    cwd: rootDir,
    env: { ...env, ...variables },
    signal,
    timeoutMs: COMMAND_TIMEOUT_MS,
  });
  return { code: result.code, output: result.stdout.toString('utf8') + result.stderr };
};

/**
 * Runs the project's own build and returns its output folder, an absolute path. The folder is emptied before, so that
 * nothing of an earlier build gets into the release; everything that could make two builds differ is set.
 * @throws build.command_failed, build.command_output, build.output_invalid
 */
export async function runBuildCommand(
  context: FlowContext,
  build: { command: string; output: string; commitTime: string | null },
  run: RunCommand,
): Promise<string> {
  const outputDir = resolveOutput(context.rootDir, build.output);
  rmSync(outputDir, { recursive: true, force: true });
  const seconds = build.commitTime === null ? null : Date.parse(build.commitTime) / 1000;
  const result = await run(build.command, {
    rootDir: context.rootDir,
    env: context.env,
    signal: context.signal,
    variables: {
      NODE_ENV: 'production',
      CI: '1',
      TZ: 'UTC',
      LC_ALL: 'C.UTF-8',
      ...(seconds === null ? {} : { SOURCE_DATE_EPOCH: String(seconds) }),
    },
  });
  context.signal.throwIfAborted();
  if (result.code !== 0) throw commandFault(build.command, result);
  const status = lstatSync(outputDir, { throwIfNoEntry: false });
  if (!status?.isDirectory()) throw outputMissingFault(build);
  return outputDir;
}

/** A folder below the site's own, reached through no link, and none that holds sources by its nature. */
function resolveOutput(rootDir: string, output: string): string {
  const outputDir = path.resolve(rootDir, output);
  const way = path.relative(rootDir, outputDir);
  const [top] = way.split(path.sep);
  const isOutside = way === '' || way.startsWith('..') || path.isAbsolute(way) || top === '.git';
  let parent = path.dirname(outputDir);
  while (!lstatSync(parent, { throwIfNoEntry: false })) parent = path.dirname(parent);
  const realWay = path.relative(realpathSync(rootDir), realpathSync(parent));
  const isLink = lstatSync(outputDir, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (isOutside || isLink || realWay.startsWith('..') || ['src', 'node_modules'].includes(way)) {
    throw new FlowFault('build.output_invalid', {
      file: 'flow.config.ts',
      text: {
        en: `build.output ${JSON.stringify(output)} is not a folder below the site's own that a build may empty.`,
        de: `build.output ${JSON.stringify(output)} ist kein Ordner unterhalb der Site, den ein Build leeren darf.`,
      },
      fix: {
        en: 'Name the folder that the build command fills, such as dist.',
        de: 'Den Ordner nennen, den der Build-Befehl füllt, etwa dist.',
      },
    });
  }
  return outputDir;
}

/** What a shell says of a program that it does not find. */
const NO_SUCH_PROGRAM = 127;

function commandFault(command: string, result: CommandResult): FlowFault {
  const isMissing = result.code === NO_SUCH_PROGRAM;
  const end = result.output.trim().slice(-SHOWN_CHARACTERS);
  const how = result.code === null ? 'was stopped' : `ended with ${result.code}`;
  const wie = result.code === null ? 'wurde beendet' : `endete mit ${result.code}`;
  return new FlowFault('build.command_failed', {
    text: {
      en: `The build command "${command}" ${how}.${end ? `\n${end}` : ''}`,
      de: `Der Build-Befehl „${command}“ ${wie}.${end ? `\n${end}` : ''}`,
    },
    fix: isMissing
      ? {
          en: "A program is missing. Install the project's packages first: npm install",
          de: 'Ein Programm fehlt. Zuerst die Pakete des Projekts installieren: npm install',
        }
      : {
          en: `Run it by itself and correct what it names: ${command}`,
          de: `Für sich ausführen und beheben, was er nennt: ${command}`,
        },
  });
}

function outputMissingFault(build: { command: string; output: string }): FlowFault {
  return new FlowFault('build.command_output', {
    file: 'flow.config.ts',
    text: {
      en: `The build command "${build.command}" left no folder ${build.output}.`,
      de: `Der Build-Befehl „${build.command}“ hinterließ keinen Ordner ${build.output}.`,
    },
    fix: {
      en: 'Name the folder that it fills: build: { output: … }.',
      de: 'Den Ordner nennen, den er füllt: build: { output: … }.',
    },
  });
}
