import path from 'node:path';
import { type Reason, reason } from '../reasons/reason.ts';

/**
 * `ask` stops the task until its user agrees; so does `network`, where the project may reach anybody at all; `deny` is an
 * answer to the model.
 */
export type Verdict =
  | { readonly kind: 'allow' }
  | {
      readonly kind: 'ask' | 'network' | 'deny';
      readonly reason: Reason;
      /** Is of use with network, and asked for with it where the project may reach anybody. */
      readonly fetches?: boolean;
    };

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
/** What goes over HTTP, as everything that leaves the sandbox does. */
const fetching = new Set(['curl', 'wget']);
const outward = new Set([
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
  if (!grant.run)
    return {
      kind: 'deny',
      reason: reason('runs_nothing'),
    };
  const name = path.posix.basename(command);
  if (args.some((argument) => argument.includes('\0')) || name === '')
    return { kind: 'deny', reason: reason('line_unreadable') };
  if (outward.has(name) || fetching.has(name))
    return {
      kind: fetching.has(name) ? 'network' : 'deny',
      reason: reason('reaches_out', { command: name }),
    };
  if (args.some((argument) => /(^|\/)\.git(\/|$)/.test(argument)) || name === 'git')
    return judgeGit(name, args);
  if (command.includes('/') && (path.posix.isAbsolute(command) || command.split('/').includes('..'))) {
    return {
      kind: 'ask',
      reason: reason('lies_outside', { path: command }),
    };
  }
  if (shells.has(name)) return judgeShell(args);
  if (destructive.has(name)) return { kind: 'ask', reason: reason('destroys', { command: name }) };
  if (['npm', 'pnpm', 'yarn', 'npx', 'pip', 'pip3', 'uv', 'poetry', 'composer', 'bundle'].includes(name))
    return judgePackager(name, args);
  if (interpreters.has(name)) return judgeInterpreter(name, args);
  if (name === 'find' && args.some((argument) => /^-(delete|exec|execdir|ok|okdir|fprint)/.test(argument))) {
    return {
      kind: 'ask',
      reason: reason('find_acts'),
    };
  }
  if (harmless.has(name) || command.startsWith('./')) return { kind: 'allow' };
  return {
    kind: 'ask',
    reason: reason('not_harmless', { command: name }),
  };
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
  return {
    kind: 'deny',
    reason: reason('touches_history'),
  };
}

/** A shell line is taken apart only when it is plain words; anything else is asked. */
function judgeShell(args: readonly string[]): Verdict {
  const [option, line] = args;
  if (option !== '-c' || line === undefined || args.length > 2)
    return {
      kind: 'ask',
      reason: reason('shell_script'),
    };
  if (/[;&|<>`$(){}\\\n*?[\]~#!'"]/.test(line))
    return {
      kind: 'ask',
      reason: reason('shell_line'),
    };
  const [command = '', ...rest] = line.trim().split(/\s+/);
  if (shells.has(path.posix.basename(command)))
    return {
      kind: 'ask',
      reason: reason('shell_nested'),
    };
  return judgeCommand(command, rest, { run: true, write: true });
}

function judgePackager(name: string, args: readonly string[]): Verdict {
  const words = args.filter((argument) => !argument.startsWith('-'));
  const publishes = words.find((word) => publishing.has(word));
  if (publishes !== undefined)
    return {
      kind: 'deny',
      reason: reason('reaches_out', { command: `${name} ${publishes}` }),
    };
  if (['npm', 'pnpm', 'yarn'].includes(name) && ['test', 'run', 'run-script', 't'].includes(words[0] ?? ''))
    return { kind: 'allow' };
  return {
    kind: 'ask',
    reason: reason('fetches', { command: `${name} ${words[0] ?? ''}`.trim() }),
    fetches: true,
  };
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
      : {
          kind: 'ask',
          reason: reason('inline_code', { command: name }),
        };
  }
  const file = args.find((argument) => !argument.startsWith('-'));
  if (file !== undefined && (path.posix.isAbsolute(file) || file.split('/').includes('..')))
    return {
      kind: 'ask',
      reason: reason('lies_outside', { path: file }),
    };
  return { kind: 'allow' };
}

function judgePython(args: readonly string[]): Verdict {
  return {
    kind: 'ask',
    reason: reason('inline_python', { code: args.join(' ').slice(0, 80) }),
  };
}
