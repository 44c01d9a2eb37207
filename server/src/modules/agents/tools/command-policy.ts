import path from 'node:path';
import type { LocalizedText } from '#base/fault.ts';

/**
 * `ask` stops the task until its user agrees; so does `network`, where the project may reach anybody at all; `deny` is an
 * answer to the model.
 */
export type Verdict =
  | { readonly kind: 'allow' }
  | {
      readonly kind: 'ask' | 'network' | 'deny';
      readonly reason: LocalizedText;
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
      reason: { en: 'this agent runs no programs', de: 'dieser Agent führt keine Programme aus' },
    };
  const name = path.posix.basename(command);
  if (args.some((argument) => argument.includes('\0')) || name === '')
    return { kind: 'deny', reason: { en: 'it cannot be parsed', de: 'es lässt sich nicht lesen' } };
  if (outward.has(name) || fetching.has(name))
    return {
      kind: fetching.has(name) ? 'network' : 'deny',
      reason: { en: `${name} reaches out of the project`, de: `${name} reicht aus dem Projekt hinaus` },
    };
  if (args.some((argument) => /(^|\/)\.git(\/|$)/.test(argument)) || name === 'git')
    return judgeGit(name, args);
  if (command.includes('/') && (path.posix.isAbsolute(command) || command.split('/').includes('..'))) {
    return {
      kind: 'ask',
      reason: { en: `${command} lies outside of the project`, de: `${command} liegt außerhalb des Projekts` },
    };
  }
  if (shells.has(name)) return judgeShell(args);
  if (destructive.has(name))
    return { kind: 'ask', reason: { en: `${name} can destroy files`, de: `${name} kann Dateien zerstören` } };
  if (['npm', 'pnpm', 'yarn', 'npx', 'pip', 'pip3', 'uv', 'poetry', 'composer', 'bundle'].includes(name))
    return judgePackager(name, args);
  if (interpreters.has(name)) return judgeInterpreter(name, args);
  if (name === 'find' && args.some((argument) => /^-(delete|exec|execdir|ok|okdir|fprint)/.test(argument))) {
    return {
      kind: 'ask',
      reason: {
        en: 'find would change files or run programs',
        de: 'find würde Dateien ändern oder Programme ausführen',
      },
    };
  }
  if (harmless.has(name) || command.startsWith('./')) return { kind: 'allow' };
  return {
    kind: 'ask',
    reason: { en: `${name} is not known to be harmless`, de: `${name} ist nicht als harmlos bekannt` },
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
    reason: {
      en: 'agents do not touch the repository’s history',
      de: 'Agenten rühren die Geschichte des Repositorys nicht an',
    },
  };
}

/** A shell line is taken apart only when it is plain words; anything else is asked. */
function judgeShell(args: readonly string[]): Verdict {
  const [option, line] = args;
  if (option !== '-c' || line === undefined || args.length > 2)
    return {
      kind: 'ask',
      reason: { en: 'a shell would run a script', de: 'eine Shell würde ein Skript ausführen' },
    };
  if (/[;&|<>`$(){}\\\n*?[\]~#!'"]/.test(line))
    return {
      kind: 'ask',
      reason: {
        en: 'the shell line is more than one plain command',
        de: 'die Shell-Zeile ist mehr als ein einfacher Befehl',
      },
    };
  const [command = '', ...rest] = line.trim().split(/\s+/);
  if (shells.has(path.posix.basename(command)))
    return {
      kind: 'ask',
      reason: { en: 'a shell would start a shell', de: 'eine Shell würde eine Shell starten' },
    };
  return judgeCommand(command, rest, { run: true, write: true });
}

function judgePackager(name: string, args: readonly string[]): Verdict {
  const words = args.filter((argument) => !argument.startsWith('-'));
  const publishes = words.find((word) => publishing.has(word));
  if (publishes !== undefined)
    return {
      kind: 'deny',
      reason: {
        en: `${name} ${publishes} reaches out of the project`,
        de: `${name} ${publishes} reicht aus dem Projekt hinaus`,
      },
    };
  if (['npm', 'pnpm', 'yarn'].includes(name) && ['test', 'run', 'run-script', 't'].includes(words[0] ?? ''))
    return { kind: 'allow' };
  return {
    kind: 'ask',
    reason: {
      en: `${name} ${words[0] ?? ''} can fetch or run what the project does not have`,
      de: `${name} ${words[0] ?? ''} kann holen oder ausführen, was das Projekt nicht hat`,
    },
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
          reason: {
            en: `${name} would run code from its arguments`,
            de: `${name} würde Code aus seinen Argumenten ausführen`,
          },
        };
  }
  const file = args.find((argument) => !argument.startsWith('-'));
  if (file !== undefined && (path.posix.isAbsolute(file) || file.split('/').includes('..')))
    return {
      kind: 'ask',
      reason: { en: `${file} lies outside of the project`, de: `${file} liegt außerhalb des Projekts` },
    };
  return { kind: 'allow' };
}

function judgePython(args: readonly string[]): Verdict {
  return {
    kind: 'ask',
    reason: {
      en: `python would run code from its arguments: ${args.join(' ').slice(0, 80)}`,
      de: `python würde Code aus seinen Argumenten ausführen: ${args.join(' ').slice(0, 80)}`,
    },
  };
}
