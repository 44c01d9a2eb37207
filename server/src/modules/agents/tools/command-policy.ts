import path from 'node:path';

/** `ask` stops the task until its user agrees; `deny` is an answer to the model. */
export type Verdict = { readonly kind: 'allow' } | { readonly kind: 'ask' | 'deny'; readonly reason: string };

/** What a task may do, from its agent. */
export interface Grant {
  readonly run: boolean;
  readonly write: boolean;
}

const shells = new Set(['sh', 'bash', 'dash', 'zsh', 'fish', 'ksh']);
const interpreters = new Set(['node', 'python', 'python3', 'ruby', 'perl', 'php', 'deno', 'bun']);
const harmless = new Set([
  'ls',
  'cat',
  'head',
  'tail',
  'wc',
  'grep',
  'rg',
  'find',
  'diff',
  'sort',
  'uniq',
  'echo',
  'true',
  'pwd',
  'stat',
  'file',
  'tsc',
  'eslint',
  'biome',
  'oxlint',
  'prettier',
  'jest',
  'vitest',
  'mocha',
  'pytest',
  'ruff',
  'mypy',
  'go',
  'cargo',
  'make',
  'javac',
  'java',
  'gcc',
  'g++',
  'cmake',
  'dotnet',
  'phpunit',
  'rspec',
]);
const outward = new Set([
  'curl',
  'wget',
  'ssh',
  'scp',
  'sftp',
  'rsync',
  'nc',
  'ncat',
  'telnet',
  'ftp',
  'docker',
  'podman',
  'kubectl',
  'gh',
  'aws',
  'gcloud',
  'az',
  'terraform',
]);
const destructive = new Set([
  'rm',
  'rmdir',
  'mv',
  'dd',
  'shred',
  'truncate',
  'chmod',
  'chown',
  'kill',
  'pkill',
  'killall',
  'mkfs',
  'mount',
  'umount',
  'sudo',
  'su',
]);
const publishing = new Set([
  'publish',
  'deploy',
  'login',
  'adduser',
  'unpublish',
  'push',
  'upload',
  'release',
]);

/**
 * Decides about a command by its parsed arguments: deny before ask before allow; what cannot be judged is asked. The
 * sandbox holds whatever is decided here: this is for intent, the walls are there.
 */
export function judgeCommand(command: string, args: readonly string[], grant: Grant): Verdict {
  if (!grant.run) return { kind: 'deny', reason: 'this agent runs no programs' };
  const name = path.posix.basename(command);
  if (args.some((argument) => argument.includes('\0')) || name === '')
    return { kind: 'deny', reason: 'it cannot be parsed' };
  if (outward.has(name)) return { kind: 'deny', reason: `${name} reaches out of the project` };
  if (args.some((argument) => /(^|\/)\.git(\/|$)/.test(argument)) || name === 'git')
    return judgeGit(name, args);
  if (command.includes('/') && (path.posix.isAbsolute(command) || command.split('/').includes('..'))) {
    return { kind: 'ask', reason: `${command} lies outside of the project` };
  }
  if (shells.has(name)) return judgeShell(args);
  if (destructive.has(name)) return { kind: 'ask', reason: `${name} can destroy files` };
  if (['npm', 'pnpm', 'yarn', 'npx', 'pip', 'pip3', 'uv', 'poetry', 'composer', 'bundle'].includes(name))
    return judgePackager(name, args);
  if (interpreters.has(name)) return judgeInterpreter(name, args);
  if (name === 'find' && args.some((argument) => /^-(delete|exec|execdir|ok|okdir|fprint)/.test(argument))) {
    return { kind: 'ask', reason: 'find would change files or run programs' };
  }
  if (harmless.has(name) || command.startsWith('./')) return { kind: 'allow' };
  return { kind: 'ask', reason: `${name} is not known to be harmless` };
}

function judgeGit(name: string, args: readonly string[]): Verdict {
  const reading = new Set(['status', 'diff', 'log', 'show', 'blame', 'ls-files', 'grep']);
  if (
    name === 'git' &&
    reading.has(args[0] ?? '') &&
    !args.some((argument) => /^--(output|ext-diff|exec)/.test(argument))
  ) {
    return { kind: 'allow' };
  }
  return { kind: 'deny', reason: 'agents do not touch the repository’s history' };
}

/** A shell line is taken apart only when it is plain words; anything else is asked. */
function judgeShell(args: readonly string[]): Verdict {
  const [option, line] = args;
  if (option !== '-c' || line === undefined || args.length > 2)
    return { kind: 'ask', reason: 'a shell would run a script' };
  if (/[;&|<>`$(){}\\\n*?[\]~#!'"]/.test(line))
    return { kind: 'ask', reason: 'the shell line is more than one plain command' };
  const [command = '', ...rest] = line.trim().split(/\s+/);
  if (shells.has(path.posix.basename(command))) return { kind: 'ask', reason: 'a shell would start a shell' };
  return judgeCommand(command, rest, { run: true, write: true });
}

function judgePackager(name: string, args: readonly string[]): Verdict {
  const words = args.filter((argument) => !argument.startsWith('-'));
  const publishes = words.find((word) => publishing.has(word));
  if (publishes !== undefined)
    return { kind: 'deny', reason: `${name} ${publishes} reaches out of the project` };
  if (['npm', 'pnpm', 'yarn'].includes(name) && ['test', 'run', 'run-script', 't'].includes(words[0] ?? ''))
    return { kind: 'allow' };
  return { kind: 'ask', reason: `${name} ${words[0] ?? ''} can fetch or run what the project does not have` };
}

function judgeInterpreter(name: string, args: readonly string[]): Verdict {
  if (
    args.some(
      (argument) =>
        /^(-e|-c|--eval|-p|--print|-r|--require|--import|-i|-)$/.test(argument) ||
        argument.startsWith('--eval='),
    )
  ) {
    return name === 'python3' || name === 'python'
      ? judgePython(args)
      : { kind: 'ask', reason: `${name} would run code from its arguments` };
  }
  const file = args.find((argument) => !argument.startsWith('-'));
  if (file !== undefined && (path.posix.isAbsolute(file) || file.split('/').includes('..')))
    return { kind: 'ask', reason: `${file} lies outside of the project` };
  return { kind: 'allow' };
}

function judgePython(args: readonly string[]): Verdict {
  return { kind: 'ask', reason: `python would run code from its arguments: ${args.join(' ').slice(0, 80)}` };
}
