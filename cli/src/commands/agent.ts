import { parseArgs } from 'node:util';
import { parseDecimal } from '@cyberdevstudio/server/base/decimal.ts';
import { fault } from '@cyberdevstudio/server/base/fault.ts';
import { createFaultCatalogue } from '@cyberdevstudio/server/kernel/rpc/fault-catalogue.ts';
import { agentsContract } from '@cyberdevstudio/server/modules/agents/contract.ts';
import { AgentName } from '@cyberdevstudio/server/modules/agents/contract-shapes.ts';
import { followTask, lineOf } from '../agent/follow.ts';
import { allContracts } from '../contracts.ts';
import { connectRemote, isRemoteError, type Remote } from '../remote.ts';
import { say, type Terminal } from '../terminal.ts';

type Agents = Remote<typeof agentsContract>;

const usage = {
  en: `Usage: cds agent run --project <id> [--agent code] [--model provider/model] [--file path …] [--command "npm test"]
                     [--escalate-to provider/model] [--tokens n] [--seconds n] [--cost 0.50] "<task>"
       cds agent replay|status|rollback|redo|reject|cancel <taskId>
       cds agent apply <taskId> [--insist]
       cds agent export <taskId>   lines of JSON without secrets, to give to others
       cds agent reply <taskId> "<text>"
       cds agent eval [--model provider/model] [--json]   (how much of the shipped tasks a model solves)
       cds agent advisories import <file or folder …>   (OSV: .json, .jsonl, .zip; works offline)
Needs CDS_API_KEY; CDS_URL is http://127.0.0.1:6711 by default.`,
  de: `Aufruf: cds agent run --project <ID> [--agent code] [--model anbieter/modell] [--file Pfad …] [--command "npm test"]
                      [--escalate-to anbieter/modell] [--tokens n] [--seconds n] [--cost 0.50] "<Aufgabe>"
        cds agent replay|status|rollback|redo|reject|cancel <Aufgaben-ID>
        cds agent apply <Aufgaben-ID> [--insist]
        cds agent export <Aufgaben-ID>   JSON-Zeilen ohne Geheimnisse, zum Weitergeben
        cds agent reply <Aufgaben-ID> "<Text>"
        cds agent eval [--model anbieter/modell] [--json]   (wie viele der mitgelieferten Aufgaben ein Modell löst)
        cds agent advisories import <Datei oder Ordner …>   (OSV: .json, .jsonl, .zip; geht ohne Netz)
Braucht CDS_API_KEY; CDS_URL ist sonst http://127.0.0.1:6711.`,
};

/** `cds agent`: tasks in a terminal, with the same steps as everywhere. Exit code 0 when a task completed. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [action = '', ...rest] = argv;
  try {
    if (action === 'run') return await start(rest, terminal);
    if (action === 'eval') return await (await import('../agent/eval.ts')).run(rest, terminal);
    if (action === 'advisories') return await (await import('../agent/advisories.ts')).run(rest, terminal);
    const [taskId, text] = rest;
    if (taskId === undefined) return help(terminal);
    return await decide({ action, taskId, text }, terminal);
  } catch (error) {
    if (!isRemoteError(error)) throw error;
    terminal.printError(error.message);
    return 1;
  }
}

function help(terminal: Terminal): number {
  say(terminal, usage);
  return 2;
}

async function start(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      project: { type: 'string' },
      agent: { type: 'string', default: 'code' },
      model: { type: 'string', default: 'auto/code' },
      file: { type: 'string', multiple: true, default: [] },
      command: { type: 'string' },
      'escalate-to': { type: 'string' },
      tokens: { type: 'string' },
      seconds: { type: 'string' },
      cost: { type: 'string' },
    },
  });
  const [task] = positionals;
  if (values.project === undefined || task === undefined) return help(terminal);
  const agent = AgentName.safeParse(values.agent);
  if (!agent.success) {
    throw fault('common.invalid_params', {
      field: 'agent',
      reason: `it must be one of ${AgentName.options.join(', ')}`,
    });
  }
  const [command, ...args] = values.command?.split(' ').filter((word) => word !== '') ?? [];
  const agents = connectRemote(agentsContract, terminal);
  const { taskId } = await agents.call('agent.dispatch', {
    projectId: values.project,
    agent: agent.data,
    task,
    model: values.model,
    files: values.file,
    budget: budgetOf(values),
    ...(values['escalate-to'] === undefined ? {} : { escalateTo: values['escalate-to'] }),
    ...(command === undefined ? {} : { command: { command, args } }),
  });
  terminal.print(taskId);
  return follow(agents, taskId, terminal);
}

/** Limits as they were given; money in whole units of the installation's currency, such as "0.50". */
function budgetOf(given: { tokens?: string; seconds?: string; cost?: string }) {
  const whole = (field: 'tokens' | 'seconds') => {
    const text = given[field];
    if (text === undefined) return {};
    if (!/^\d+$/.test(text))
      throw fault('common.invalid_params', { field, reason: 'it must be a whole number' });
    return { [field]: Number(text) };
  };
  return { ...whole('tokens'), ...whole('seconds'), ...costOf(given.cost) };
}

function costOf(text: string | undefined): { cost?: number } {
  if (text === undefined) return {};
  if (!/^\d{1,6}(\.\d{1,6})?$/.test(text)) {
    throw fault('common.invalid_params', { field: 'cost', reason: 'it must be an amount such as 0.50' });
  }
  return { cost: Number(parseDecimal(text, 6)) };
}

/** Prints steps until the task rests; what it proposes follows as a diff. */
async function follow(agents: Agents, taskId: string, terminal: Terminal): Promise<number> {
  await followTask(agents, taskId, terminal);
  return show(agents, taskId, terminal);
}

/** What an answer is called in a terminal. */
const replies = { once: 'yes', task: 'task', no: 'no' } as const;

async function show(agents: Agents, taskId: string, terminal: Terminal): Promise<number> {
  const task = await agents.call('agent.status', { taskId });
  for (const { path, diff } of task.changeSet) terminal.print(`\n--- ${path}\n${diff}`.trimEnd());
  for (const { path, line, severity, rule, message, evidence } of task.findings) {
    terminal.print(
      `${severity.padEnd(6)} ${path}:${line}  ${rule}: ${message[terminal.language]}\n       ${evidence}`,
    );
  }
  if (task.problem !== null) {
    const { code, data } = task.problem;
    const reader = { language: terminal.language, traceId: '-' };
    const { detail, hint } = createFaultCatalogue(allContracts).describe(fault(code, data), reader);
    terminal.print(`\n${detail} ${hint} [${code}]`);
  }
  if (task.status === 'waiting_for_input') {
    const answers =
      task.consent === null ? '"…"' : task.consent.choices.map((choice) => replies[choice]).join(' | ');
    terminal.print(`\n${task.question ?? ''}\n  cds agent reply ${taskId} ${answers}`);
    return 3;
  }
  if (task.changeState === 'proposed') terminal.print(`\n  cds agent apply ${taskId}`);
  return task.status === 'completed' ? 0 : 1;
}

async function decide(
  {
    action,
    taskId,
    text,
  }: { readonly action: string; readonly taskId: string; readonly text: string | undefined },
  terminal: Terminal,
): Promise<number> {
  const agents = connectRemote(agentsContract, terminal);
  switch (action) {
    case 'replay':
      await printWhole(agents, taskId, terminal);
      return 0;
    case 'export':
      await printExport(agents, taskId, terminal);
      return 0;
    case 'status':
      return show(agents, taskId, terminal);
    case 'reply':
      if (text === undefined) return help(terminal);
      await agents.call('agent.reply', { taskId, text });
      return follow(agents, taskId, terminal);
    case 'reject':
      await agents.call('agent.reject', { taskId });
      return 0;
    case 'cancel':
      await agents.call('agent.cancel', { taskId });
      return 0;
    case 'apply':
    case 'rollback':
    case 'redo': {
      const { written, conflicts } =
        action === 'apply'
          ? await agents.call('agent.apply', { taskId, insist: text === '--insist' })
          : await agents.call(`agent.${action}`, { taskId });
      for (const path of written) terminal.print(path);
      for (const { path, hunks, reason } of conflicts) {
        terminal.printError(
          `${path}: ${reason} ${hunks.map(({ startLine }) => startLine).join(', ')}`.trimEnd(),
        );
      }
      return conflicts.length === 0 ? 0 : 1;
    }
    default:
      return help(terminal);
  }
}

/** The task as lines of JSON that can be given to others. */
async function printExport(agents: Agents, taskId: string, terminal: Terminal): Promise<void> {
  for (let after: number | null = 0; after !== null; ) {
    const page: { lines: string[]; next: number | null } = await agents.call('agent.export', {
      taskId,
      after,
    });
    for (const line of page.lines) terminal.print(line);
    after = page.next;
  }
}

/** Every prompt, answer, tool call and check, as it was. */
async function printWhole(agents: Agents, taskId: string, terminal: Terminal): Promise<void> {
  for (let after = 0; ; ) {
    const { steps, more } = await agents.call('agent.history', { taskId, after, limit: 100 });
    for (const step of steps)
      terminal.print(`${lineOf(step, terminal.language)}\n${JSON.stringify(step.data, null, 2)}`);
    after = steps.at(-1)?.sequence ?? after;
    if (!more) return;
  }
}
