import { parseArgs } from 'node:util';
import type { ResultOf } from '@cyberdevstudio/server/base/contract.ts';
import { connectionsContract } from '@cyberdevstudio/server/modules/connections/contract.ts';
import { connectRemote, isRemoteError, type Remote } from './remote.ts';
import { say, type Terminal } from './terminal.ts';

type Connections = Remote<typeof connectionsContract>;
type Kind = 'server' | 'agent';
type Tested = ResultOf<typeof connectionsContract, 'connection.test'>;

const usage = {
  server: {
    en: `Usage: cds mcp servers list --project <id>
       cds mcp servers add --project <id> [--secret NAME …] [--network] <name> <url>
       cds mcp servers add --project <id> [--secret NAME …] [--network] <name> -- <command> [argument …]
       cds mcp servers test --project <id> [--approve] <name>
       cds mcp servers rm --project <id> <name>
A secret is taken from the variable NAME: for a command a variable, for an address a header (Authorization, X-Key).`,
    de: `Aufruf: cds mcp servers list --project <ID>
        cds mcp servers add --project <ID> [--secret NAME …] [--network] <Name> <URL>
        cds mcp servers add --project <ID> [--secret NAME …] [--network] <Name> -- <Befehl> [Argument …]
        cds mcp servers test --project <ID> [--approve] <Name>
        cds mcp servers rm --project <ID> <Name>
Ein Geheimnis kommt aus der Variablen NAME: bei einem Befehl eine Variable, bei einer URL ein Header (Authorization, X-Key).`,
  },
  agent: {
    en: `Usage: cds acp agents list --project <id>
       cds acp agents add --project <id> [--secret NAME …] [--network] <name> -- <command> [argument …]
       cds acp agents test --project <id> <name>
       cds acp agents rm --project <id> <name>
It is used as a model: cds agent run --model acp/<name> …`,
    de: `Aufruf: cds acp agents list --project <ID>
        cds acp agents add --project <ID> [--secret NAME …] [--network] <Name> -- <Befehl> [Argument …]
        cds acp agents test --project <ID> <Name>
        cds acp agents rm --project <ID> <Name>
Er wird als Modell genutzt: cds agent run --model acp/<Name> …`,
  },
} as const;

/** `cds mcp servers` and `cds acp agents`: what a project connects to. */
export async function manageConnections(
  kind: Kind,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      project: { type: 'string' },
      secret: { type: 'string', multiple: true, default: [] },
      network: { type: 'boolean', default: false },
      approve: { type: 'boolean', default: false },
    },
  });
  const [action = '', name, ...rest] = positionals;
  const { project: projectId } = values;
  if (projectId === undefined) return help(kind, terminal);
  const connections = connectRemote(connectionsContract, terminal);
  try {
    if (action === 'list') return await list(connections, { projectId, kind }, terminal);
    if (name === undefined) return help(kind, terminal);
    if (action === 'add') {
      const [target, ...args] = rest;
      if (target === undefined) return help(kind, terminal);
      const isUrl = kind === 'server' && /^https?:\/\//.test(target);
      const added = await connections.call('connection.add', {
        projectId,
        name,
        kind: kind === 'agent' ? 'agent' : isUrl ? 'http' : 'stdio',
        ...(isUrl ? { url: target } : { command: target, args }),
        network: values.network,
        secrets: secretsOf(values.secret, terminal),
      });
      terminal.print(added.name);
      if (kind === 'server')
        terminal.print(`  cds mcp servers test --project ${projectId} --approve ${name}`);
      return 0;
    }
    const { connections: known } = await connections.call('connection.list', { projectId });
    const found = known.find((one) => one.name === name && (one.kind === 'agent') === (kind === 'agent'));
    if (found === undefined) {
      say(terminal, { en: `There is no ${name}.`, de: `${name} gibt es nicht.` });
      return 1;
    }
    const { connectionId } = found;
    if (action === 'rm') {
      await connections.call('connection.remove', { connectionId });
      return 0;
    }
    if (action !== 'test') return help(kind, terminal);
    const tested = await connections.call('connection.test', { connectionId });
    printTools(tested, terminal);
    if (values.approve) {
      const tools = tested.tools
        .filter(({ state }) => state !== 'unusable')
        .map(({ name: tool, hash }) => ({ name: tool, hash }));
      await connections.call('connection.approve', { connectionId, tools });
    }
    return 0;
  } catch (error) {
    if (!isRemoteError(error)) throw error;
    terminal.printError(error.message);
    return 1;
  }
}

function help(kind: Kind, terminal: Terminal): number {
  say(terminal, usage[kind]);
  return 2;
}

async function list(
  connections: Connections,
  { projectId, kind }: { readonly projectId: string; readonly kind: Kind },
  terminal: Terminal,
): Promise<number> {
  const { connections: known } = await connections.call('connection.list', { projectId });
  for (const one of known.filter((each) => (each.kind === 'agent') === (kind === 'agent'))) {
    const target = one.url ?? [one.command, ...one.args].join(' ');
    terminal.print(
      `${one.name.padEnd(20)} ${one.kind.padEnd(6)} ${String(one.approved.length).padStart(3)}  ${target}`,
    );
  }
  return 0;
}

/** Names, states and what the server says, each on one line: the words are the server's and may be anything. */
function printTools({ server, tools, durationMs }: Tested, terminal: Terminal): void {
  terminal.print(`${server.name} ${server.version} (${Math.round(durationMs)} ms)`);
  for (const { name, state, description, reason } of tools) {
    const words = (reason ?? description).replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').slice(0, 120);
    terminal.print(`  ${name.replace(/[\p{Cc}\p{Cf}]/gu, '?').padEnd(24)} ${state.padEnd(9)} ${words}`);
  }
}

function secretsOf(names: readonly string[], { environment }: Terminal): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [
      name,
      environment[name] ?? environment[name.replaceAll('-', '_').toUpperCase()] ?? '',
    ]),
  );
}
