import { formatFault } from '../core/fault.ts';
import { chooseLanguage, type LocalizedText } from '../core/language.ts';
import { flowVersion } from '../metadata/source-info.ts';
import { asFlowFault } from '../pipeline/as-fault.ts';
import { readArguments } from './arguments.ts';
import type { CommandInput } from './context.ts';
import type { FlowTerminal } from './terminal.ts';

interface Command {
  readonly summary: LocalizedText;
  readonly options: Readonly<Record<string, { type: 'string' | 'boolean' }>>;
  /** Loads what the command needs: servers and parsers of others cost more time than a short build. */
  load(): Promise<(input: CommandInput) => Promise<number>>;
}

const serveOptions = { port: { type: 'string' }, host: { type: 'string' } } as const;
const stepOptions = { 'dry-run': { type: 'boolean' }, report: { type: 'string' } } as const;

async function stepsCommand(name: string): ReturnType<Command['load']> {
  const { runSteps } = await import('./run-steps.ts');
  return (input) => runSteps(name, input);
}

const commands: Readonly<Record<string, Command>> = {
  run: {
    summary: { en: 'all eight steps; also without a word', de: 'alle acht Schritte; auch ohne Wort' },
    options: stepOptions,
    load: () => stepsCommand('run'),
  },
  build: {
    summary: {
      en: 'steps 1-5: a finished release in --out',
      de: 'Schritte 1-5: ein fertiges Release in --out',
    },
    options: stepOptions,
    load: () => stepsCommand('build'),
  },
  dev: {
    summary: {
      en: 'live reload on this machine, no service worker, no caching',
      de: 'lädt bei jeder Änderung neu, auf diesem Rechner, ohne Service Worker und Cache',
    },
    options: serveOptions,
    load: async () => (await import('./serve.ts')).dev,
  },
  staging: {
    summary: {
      en: 'a whole release on this machine, with the headers of production',
      de: 'ein ganzes Release auf diesem Rechner, mit den Kopfzeilen der Produktion',
    },
    options: serveOptions,
    load: async () => (await import('./serve.ts')).staging,
  },
  deploy: {
    summary: {
      en: 'step 6: to every target of the environment',
      de: 'Schritt 6: an jedes Ziel der Umgebung',
    },
    options: stepOptions,
    load: () => stepsCommand('deploy'),
  },
  purge: {
    summary: { en: 'step 7: tells the caches', de: 'Schritt 7: leert die Caches' },
    options: stepOptions,
    load: () => stepsCommand('purge'),
  },
  verify: {
    summary: { en: 'step 8: compares the live site', de: 'Schritt 8: vergleicht die laufende Website' },
    options: stepOptions,
    load: () => stepsCommand('verify'),
  },
  releases: {
    summary: { en: 'what the targets keep', de: 'was die Ziele aufbewahren' },
    options: {},
    load: async () => (await import('./releases.ts')).releases,
  },
  diff: {
    summary: { en: 'what differs between two releases', de: 'was zwei Releases unterscheidet' },
    options: {},
    load: async () => (await import('./releases.ts')).diff,
  },
  rollback: {
    summary: { en: 'an earlier release, live in seconds', de: 'ein früheres Release, in Sekunden live' },
    options: {},
    load: async () => (await import('./releases.ts')).rollback,
  },
  'verify-release': {
    summary: {
      en: 'proves that a folder is what was built',
      de: 'beweist, dass ein Ordner ist, was gebaut wurde',
    },
    options: { key: { type: 'string' } },
    load: async () => (await import('./verify-release.ts')).verifyReleaseFolder,
  },
  check: {
    summary: {
      en: 'encoding, links, markdown, html, headers, secrets, images, all',
      de: 'encoding, links, markdown, html, headers, secrets, images, all',
    },
    options: {
      fix: { type: 'boolean' },
      write: { type: 'boolean' },
      format: { type: 'string' },
      dir: { type: 'string' },
      external: { type: 'boolean' },
    },
    load: async () => (await import('./check.ts')).check,
  },
  headers: {
    summary: {
      en: 'cache rules for nginx, caddy, cloudflare, netlify',
      de: 'Cache-Regeln für nginx, caddy, cloudflare, netlify',
    },
    options: {
      site: { type: 'string' },
      listen: { type: 'string' },
      'server-name': { type: 'string' },
      api: { type: 'string' },
    },
    load: async () => (await import('./headers.ts')).headers,
  },
  init: {
    summary: {
      en: 'hooks, CI, Makefile targets, a first configuration',
      de: 'Hooks, CI, Makefile-Ziele, eine erste Konfiguration',
    },
    options: { 'dry-run': { type: 'boolean' } },
    load: async () => (await import('./init.ts')).init,
  },
};

/**
 * Runs one command line of the flow and resolves with the exit code: 0 done, 1 failed or findings left, 2 a wrong command line.
 * Faults become place, reason and what to do, never a stack.
 */
export async function runFlowCommand(
  argv: readonly string[],
  caller: FlowTerminal,
  signal: AbortSignal,
): Promise<number> {
  const terminal = withLanguage(argv, caller);
  const first = argv[0] ?? 'run';
  if (['help', '--help', '-h'].includes(first)) return showHelp(terminal);
  if (first === '--version') {
    terminal.print(flowVersion());
    return 0;
  }
  const isWord = !first.startsWith('-');
  const command = isWord ? (Object.hasOwn(commands, first) ? commands[first] : undefined) : commands.run;
  if (command === undefined) {
    terminal.printError(
      terminal.language === 'de' ? `Den Befehl "${first}" gibt es nicht.` : `There is no command "${first}".`,
    );
    showHelp({ ...terminal, print: terminal.printError });
    return 2;
  }
  try {
    const args = readArguments(isWord ? argv.slice(1) : argv, command.options);
    if (args.flag('help')) return showHelp(terminal);
    const run = await command.load();
    return await run({ args, terminal, signal });
  } catch (error) {
    const fault = asFlowFault(error, signal);
    terminal.printError(formatFault(fault, terminal.language));
    return fault.code === 'command.usage' ? 2 : 1;
  }
}

/** `--lang` holds for everything, the message about a wrong option included. */
function withLanguage(argv: readonly string[], terminal: FlowTerminal): FlowTerminal {
  const at = argv.indexOf('--lang');
  const wish = at === -1 ? argv.find((one) => one.startsWith('--lang='))?.slice(7) : argv[at + 1];
  return wish === undefined ? terminal : { ...terminal, language: chooseLanguage(wish, {}) };
}

function showHelp(terminal: FlowTerminal): number {
  const { language } = terminal;
  terminal.print(
    language === 'de' ? 'Aufruf: cds flow [Befehl] [Optionen]' : 'Usage: cds flow [command] [options]',
  );
  for (const [name, { summary }] of Object.entries(commands))
    terminal.print(`  ${name.padEnd(15)} ${summary[language]}`);
  terminal.print(
    language === 'de'
      ? 'Optionen: --root ORDNER  --out ORDNER  --env dev|staging|prod  --dry-run  --json  --report DATEI  --lang de|en'
      : 'Options: --root DIR  --out DIR  --env dev|staging|prod  --dry-run  --json  --report FILE  --lang de|en',
  );
  return 0;
}
