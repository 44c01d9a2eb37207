import type { LocalizedText } from '../core/language.ts';
import type { FlowContext } from '../core/step.ts';
import { runProgram } from '../deploy/program.ts';
import { type FileOutcome, type ManagedFile, writeManagedFile } from './managed-file.ts';
import { assistantFiles } from './templates-assistants.ts';
import { configFiles, githubFiles, gitlabFiles, hookFiles, makeFiles } from './templates-run.ts';

/** What init can write, by name. */
export const initParts = ['config', 'hooks', 'make', 'github', 'gitlab', 'assistants'] as const;
export type InitPart = (typeof initParts)[number];

export interface InitResult {
  readonly files: ReadonlyArray<{ readonly path: string; readonly outcome: FileOutcome }>;
  /** What was done or is left to do beside the files. */
  readonly notes: readonly LocalizedText[];
}

const HOOKS_FOLDER = '.githooks';

/**
 * Prepares a repository: hooks, CI, Makefile targets, rules for AI assistants, a first flow.config.ts. Files of others are
 * never overwritten (`kept`), shared ones get a marked block, and running it again changes nothing. Without `parts`
 * everything, and of the two CI systems the one that the repository's remote names.
 * @throws init.symbolic_link
 */
export async function runInit(context: FlowContext, parts?: readonly InitPart[]): Promise<InitResult> {
  const chosen = parts ?? (await defaultParts(context));
  const files: Array<{ path: string; outcome: FileOutcome }> = [];
  for (const file of initParts.filter((part) => chosen.includes(part)).flatMap(filesOf)) {
    files.push({ path: file.path, outcome: await writeManagedFile(context.rootDir, file, context.dryRun) });
  }
  const notes = files.filter((file) => file.outcome === 'kept').map((file) => keptNote(file.path));
  if (chosen.includes('hooks')) notes.push(await connectHooks(context));
  return { files, notes };
}

function filesOf(part: InitPart): ManagedFile[] {
  switch (part) {
    case 'config':
      return configFiles();
    case 'hooks':
      return hookFiles();
    case 'make':
      return makeFiles();
    case 'github':
      return githubFiles();
    case 'gitlab':
      return gitlabFiles();
    case 'assistants':
      return assistantFiles();
  }
}

async function defaultParts(context: FlowContext): Promise<InitPart[]> {
  const remote = (await git(context, ['remote', 'get-url', 'origin'])).output;
  const isGitlab = /gitlab/i.test(remote);
  const isGithub = /github/i.test(remote);
  const unknown = !isGitlab && !isGithub;
  return initParts.filter((part) => {
    if (part === 'github') return isGithub || unknown;
    if (part === 'gitlab') return isGitlab || unknown;
    return true;
  });
}

/** Names our folder as git's hooks folder, unless somebody chose one already. */
async function connectHooks(context: FlowContext): Promise<LocalizedText> {
  const current = await git(context, ['config', '--get', 'core.hooksPath']);
  if (current.output === HOOKS_FOLDER) return hooksNote('on');
  if (current.output !== '') return hooksNote('other', current.output);
  const inside = await git(context, ['rev-parse', '--is-inside-work-tree']);
  if (inside.output !== 'true') return hooksNote('no-git');
  if (!context.dryRun) await git(context, ['config', 'core.hooksPath', HOOKS_FOLDER]);
  return hooksNote('on');
}

async function git(context: FlowContext, args: readonly string[]): Promise<{ output: string }> {
  const result = await runProgram({ command: 'git', args, cwd: context.rootDir, signal: context.signal });
  return { output: result.code === 0 ? result.stdout.toString('utf8').trim() : '' };
}

function hooksNote(state: 'on' | 'other' | 'no-git', folder = ''): LocalizedText {
  if (state === 'on') {
    return {
      en: `git runs the hooks in ${HOOKS_FOLDER} (core.hooksPath).`,
      de: `git führt die Hooks in ${HOOKS_FOLDER} aus (core.hooksPath).`,
    };
  }
  if (state === 'other') {
    return {
      en: `git's hooks are in ${folder}; call ${HOOKS_FOLDER}/pre-commit from there.`,
      de: `Die Hooks von git liegen in ${folder}; dort ${HOOKS_FOLDER}/pre-commit aufrufen.`,
    };
  }
  return {
    en: `This is no git repository yet. After git init: git config core.hooksPath ${HOOKS_FOLDER}`,
    de: `Dies ist noch kein git-Repository. Nach git init: git config core.hooksPath ${HOOKS_FOLDER}`,
  };
}

function keptNote(file: string): LocalizedText {
  return {
    en: `${file} is yours and was not changed.`,
    de: `${file} gehört dir und wurde nicht geändert.`,
  };
}
