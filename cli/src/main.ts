import type { LocalizedText } from '@cyberdevstudio/server/base/fault.ts';
import type { DescribedFault } from '@cyberdevstudio/server/kernel/rpc/fault-catalogue.ts';
import { processTerminal, say, type Terminal } from './terminal.ts';

interface Command {
  readonly summary: LocalizedText;
  readonly load: () => Promise<{ run(argv: readonly string[], terminal: Terminal): Promise<number> }>;
}

/** Each command is a file of commands/; it is loaded only when it is called. */
const commands: Readonly<Record<string, Command>> = {
  start: {
    summary: { en: 'the whole platform in one process', de: 'die ganze Plattform in einem Prozess' },
    load: () => import('./commands/start.ts'),
  },
  serve: {
    summary: { en: 'single services, each on its own port', de: 'einzelne Dienste, jeder auf eigenem Port' },
    load: () => import('./commands/serve.ts'),
  },
  flow: {
    summary: { en: 'a site to a release that all visitors see', de: 'eine Website bis zum Release für alle' },
    load: () => import('./commands/flow.ts'),
  },
  backup: {
    summary: { en: 'create, verify, restore', de: 'anlegen, prüfen, wiederherstellen' },
    load: () => import('./commands/backup.ts'),
  },
  audit: {
    summary: { en: 'prove that the audit log is unchanged', de: 'das Audit-Protokoll auf Änderungen prüfen' },
    load: () => import('./commands/audit.ts'),
  },
  agent: {
    summary: {
      en: 'give an agent a task, replay, apply',
      de: 'einem Agenten eine Aufgabe geben, nachlesen, übernehmen',
    },
    load: () => import('./commands/agent.ts'),
  },
  prompts: {
    summary: { en: 'test, list and fill prompts', de: 'Prompts testen, auflisten und füllen' },
    load: () => import('./commands/prompts.ts'),
  },
  mcp: {
    summary: {
      en: 'the running platform as an MCP server on stdio; MCP servers of projects',
      de: 'die laufende Plattform als MCP-Server über stdio; MCP-Server von Projekten',
    },
    load: () => import('./commands/mcp.ts'),
  },
  acp: {
    summary: {
      en: 'the agents for editors such as Zed; agents of others in projects',
      de: 'die Agenten für Editoren wie Zed; fremde Agenten in Projekten',
    },
    load: () => import('./commands/acp.ts'),
  },
  export: {
    summary: {
      en: 'set-ups for Continue, Aider and opencode',
      de: 'Einrichtungen für Continue, Aider und opencode',
    },
    load: () => import('./commands/export.ts'),
  },
  login: {
    summary: {
      en: 'keeps an API key for the commands of this user',
      de: 'merkt sich einen API-Schlüssel für die Befehle dieses Kontos',
    },
    load: () => import('./commands/login.ts'),
  },
  logout: {
    summary: { en: 'forgets that key', de: 'vergisst diesen Schlüssel' },
    load: () => import('./commands/logout.ts'),
  },
  images: {
    summary: { en: 'guests of micro VMs: build, list, rm', de: 'Gäste der Mikro-VMs: build, list, rm' },
    load: () => import('./commands/images.ts'),
  },
  models: {
    summary: {
      en: 'models on this machine: list, pull, load, unload, rm',
      de: 'Modelle auf diesem Server: list, pull, load, unload, rm',
    },
    load: () => import('./commands/models.ts'),
  },
  doctor: {
    summary: { en: 'what this server has and lacks', de: 'was dieser Server hat und was fehlt' },
    load: () => import('./commands/doctor.ts'),
  },
};

function help(terminal: Terminal): void {
  say(terminal, { en: 'Usage: cds <command> …', de: 'Aufruf: cds <Befehl> …' });
  for (const [name, { summary }] of Object.entries(commands)) {
    terminal.print(`  ${name.padEnd(10)} ${summary[terminal.language]}`);
  }
}

/** Loads every contract, so only when there is something to explain. */
async function describe(error: unknown, language: Terminal['language']): Promise<DescribedFault> {
  const [{ createFaultCatalogue }, { allContracts }] = await Promise.all([
    import('@cyberdevstudio/server/kernel/rpc/fault-catalogue.ts'),
    import('./contracts.ts'),
  ]);
  return createFaultCatalogue(allContracts).describe(error, { language, traceId: '-' });
}

/** Runs one command line; resolves with the exit code. Faults become a message and a hint, never a stack. */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name = 'help', ...rest] = argv;
  if (['help', '--help', '-h'].includes(name)) {
    help(terminal);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    help(terminal);
    return 2;
  }
  try {
    const { run } = await command.load();
    return await run(rest, terminal);
  } catch (error) {
    const described = await describe(error, terminal.language);
    if (described.code === 'common.internal') {
      terminal.printError(error instanceof Error ? (error.stack ?? error.message) : String(error));
    } else terminal.printError(`${described.detail} ${described.hint} [${described.code}]`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2), processTerminal());
