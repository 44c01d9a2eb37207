import { hash, randomBytes } from 'node:crypto';
import { lstatSync, renameSync, writeFileSync } from 'node:fs';
import { fault } from '#base/fault.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import { unlimitedRoom } from '#kernel/files/workspace.ts';
import type { ProjectFolder } from '../folders.ts';
import { watchForBlocking } from './blocking-files.ts';
import { type Confinement, confinedArguments, confinedPath, limitedCommand } from './confinement.ts';
import { assertContained } from './contained.ts';
import { type ProcessResult, runProcess } from './process.ts';
import { formatSettings, parseSettings, sortSettings } from './repository-config.ts';
import { gitEnvironment, settingArguments } from './settings.ts';
import { removeStaleLock } from './stale-lock.ts';
import { confinedCorePath, layOutSubPrograms } from './sub-programs.ts';

export interface GitCommand {
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly outputBytes?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Exit codes besides 0 that are an answer, not a failure. */
  readonly accepts?: readonly number[];
}

export interface GitOutput {
  readonly exitCode: number;
  readonly text: string;
  readonly bytes: Buffer;
  readonly stderr: string;
  readonly truncated: boolean;
}

/** The git program, on one project at a time. */
export interface Git {
  /**
   * Runs one command in a project's repository.
   * @throws projects.git_missing, projects.git_isolation_missing, projects.git_broken, projects.git_timeout,
   *   projects.git_failed with git's own first line
   */
  run(folder: ProjectFolder, command: GitCommand): Promise<GitOutput>;
  /** Begins a repository where there is none. */
  init(folder: ProjectFolder): Promise<void>;
  readonly confinement: Confinement;
}

const settingsBytes = 256 * 1024;
const defaultOutputBytes = 8 * 1024 ** 2;

export function createGit(parts: {
  readonly confinement: Confinement;
  readonly timeoutMs: number;
  readonly now: () => number;
}): Git {
  const { confinement, timeoutMs, now } = parts;
  const confined = confinement.kind === 'bubblewrap';
  /** By project: the settings' content that was checked last. */
  const checked = new Map<string, string>();

  async function start(
    folder: ProjectFolder,
    command: GitCommand & { bare?: boolean },
  ): Promise<ProcessResult> {
    const workspace = confined ? confinedPath : folder.workspacePath;
    const git = ['git', '-C', workspace, ...settingArguments(), ...command.args];
    const binds = [{ from: folder.workspacePath, to: confinedPath, writable: true }];
    if (command.bare !== true)
      binds.push(
        { from: folder.gitConfigPath, to: `${confinedPath}/.git/config`, writable: false },
        { from: folder.gitCorePath, to: confinedCorePath, writable: false },
      );
    const args = confined ? ['bwrap', ...confinedArguments({ binds, chdir: '/' }), ...git] : git;
    using blocking = watchForBlocking(folder);
    return await runProcess({
      ...limitedCommand(args, Math.ceil(timeoutMs / 1000)),
      environment: {
        ...gitEnvironment(workspace),
        GIT_EXEC_PATH: confined ? confinedCorePath : folder.gitCorePath,
        ...command.environment,
      },
      timeoutMs,
      outputBytes: command.outputBytes ?? defaultOutputBytes,
      ...(command.stdin === undefined ? {} : { stdin: command.stdin }),
      signal: AbortSignal.any([blocking.signal, ...(command.signal === undefined ? [] : [command.signal])]),
    });
  }

  /** The settings without what could run programs; unconfined, a repository that has such settings is refused. */
  async function checkRepository(folder: ProjectFolder): Promise<void> {
    assertRealFolder(folder);
    if (!confined) await assertContained(folder);
    layOutSubPrograms(folder);
    const content = await readSettings(folder);
    const key = hash('sha256', content, 'base64url');
    if (checked.get(folder.root) === key) return;
    const listed = await runProcess({
      command: 'git',
      args: ['config', '--file', '-', '--no-includes', '--null', '--list'],
      environment: { ...gitEnvironment('/nonexistent'), GIT_DIR: '/nonexistent' },
      stdin: content,
      timeoutMs,
      outputBytes: settingsBytes * 2,
    });
    if (listed.missing) throw fault('projects.git_missing');
    if (listed.exitCode !== 0) throw fault('projects.git_broken', { reason: 'its settings cannot be read' });
    const { kept, refused } = sortSettings(parseSettings(listed.stdout.toString('utf8')));
    if (!confined && refused.length > 0) throw fault('projects.git_isolation_missing');
    const temporary = `${folder.gitConfigPath}.${randomBytes(6).toString('hex')}`;
    writeFileSync(temporary, formatSettings(kept), { mode: 0o644 });
    renameSync(temporary, folder.gitConfigPath);
    if (checked.size > 1000) checked.clear();
    checked.set(folder.root, key);
  }

  return {
    confinement,
    async run(folder, command) {
      await checkRepository(folder);
      const result = await start(folder, command);
      const lock = { stderr: result.stderr, nowMs: now(), olderThanMs: timeoutMs * 2 };
      const again = result.exitCode !== 0 && removeStaleLock(folder, lock);
      return outputOf(again ? await start(folder, command) : result, { command, timeoutMs });
    },
    async init(folder) {
      const command = { args: ['init', '--quiet', '--template=', '--initial-branch=main'], bare: true };
      outputOf(await start(folder, command), { command, timeoutMs });
    },
  };
}

/** A `.git` that is a file or a link would lead git elsewhere. */
function assertRealFolder(folder: ProjectFolder): void {
  const stats = lstatSync(`${folder.workspacePath}/.git`, { throwIfNoEntry: false });
  if (stats === undefined) throw fault('projects.git_broken', { reason: 'there is no .git' });
  if (!stats.isDirectory()) throw fault('projects.git_broken', { reason: '.git is not a folder' });
}

async function readSettings(folder: ProjectFolder): Promise<Buffer> {
  try {
    const workspace = { ...folder, limits: { fileBytes: settingsBytes, depth: 8 }, room: unlimitedRoom };
    return (await readWorkspaceFile(workspace, '.git/config', { limitBytes: settingsBytes })).content;
  } catch (error) {
    throw fault('projects.git_broken', { reason: 'its settings cannot be read' }, { cause: error });
  }
}

function outputOf(
  result: ProcessResult,
  { command, timeoutMs }: { command: GitCommand; timeoutMs: number },
): GitOutput {
  if (result.missing) throw fault('projects.git_missing');
  if (result.timedOut) throw fault('projects.git_timeout', { timeoutMs });
  if (/execvp|No such file or directory/.test(result.stderr) && result.exitCode === 127)
    throw fault('projects.git_missing');
  const accepted = result.exitCode === 0 || command.accepts?.includes(result.exitCode ?? -1) === true;
  if (!accepted && !result.truncated) throw asGitFault(result.stderr);
  return {
    exitCode: result.exitCode ?? 0,
    bytes: result.stdout,
    text: result.stdout.toString('utf8'),
    stderr: result.stderr,
    truncated: result.truncated,
  };
}

function asGitFault(stderr: string): Error {
  const reason = firstLine(stderr);
  if (/not a git repository|bad object HEAD|corrupt|unable to read tree|index file/.test(stderr)) {
    return fault('projects.git_broken', { reason });
  }
  return fault('projects.git_failed', { reason });
}

/** The line in which git says why, without its own paths. */
export function firstLine(stderr: string): string {
  const line =
    stderr.split('\n').find((text) => /^(fatal|error): /.test(text)) ?? stderr.split('\n')[0] ?? '';
  const plain = line
    .replace(/^(fatal|error): /, '')
    .replace(/\/\S*\/workspace\b/g, '')
    .replaceAll(confinedPath, '')
    .trim();
  return plain.slice(0, 300) || 'no reason given';
}
