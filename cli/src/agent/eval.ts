import { parseArgs } from 'node:util';
import { agentsContract } from '@cyberdevstudio/server/modules/agents/contract.ts';
import {
  type EvalResult,
  evaluate,
  readEvalTasks,
  summarize,
} from '@cyberdevstudio/server/modules/agents/offline.ts';
import { projectsContract } from '@cyberdevstudio/server/modules/projects/contract.ts';
import { sandboxContract } from '@cyberdevstudio/server/modules/sandbox/contract.ts';
import { connectRemote } from '../remote.ts';
import { say, type Terminal } from '../terminal.ts';

/**
 * `cds agent eval`: gives a model the small repositories that ship, each with a check that it does not see, and prints
 * how many it passes. Exit code 0 when all were run, whatever came of them.
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      model: { type: 'string', default: 'auto/code' },
      mode: { type: 'string', default: 'auto' },
      only: { type: 'string', default: '' },
      parallel: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const tasks = readEvalTasks().filter(({ id, agent }) => `${agent}/${id}`.includes(values.only));
  if (values.list) {
    for (const { id, agent, task } of tasks)
      terminal.print(`${agent.padEnd(9)} ${id.padEnd(20)} ${task.slice(0, 90)}`);
    return 0;
  }
  const { mode } = values;
  if (mode !== 'auto' && mode !== 'steps' && mode !== 'tools') return help(terminal);
  const parallel = Number(values.parallel);
  if (!Number.isInteger(parallel) || parallel < 1 || tasks.length === 0) return help(terminal);
  const platform = {
    projects: connectRemote(projectsContract, terminal),
    sandbox: connectRemote(sandboxContract, terminal),
    agents: connectRemote(agentsContract, terminal),
  };
  const results = await evaluate(platform, tasks, {
    model: values.model,
    mode,
    parallel,
    budget: { tokens: 200_000, seconds: 1800 },
    onResult: (result) => {
      if (!values.json) terminal.print(lineOf(result));
    },
  });
  if (values.json) {
    terminal.print(
      JSON.stringify({ model: values.model, mode, summary: summarize(results), results }, null, 2),
    );
    return 0;
  }
  terminal.print('');
  for (const line of tableOf(results, terminal.language)) terminal.print(line);
  return 0;
}

function help(terminal: Terminal): number {
  say(terminal, {
    en: 'Usage: cds agent eval [--model provider/model] [--mode auto|steps|tools] [--only text] [--parallel 2] [--json] [--list]',
    de: 'Aufruf: cds agent eval [--model anbieter/modell] [--mode auto|steps|tools] [--only Text] [--parallel 2] [--json] [--list]',
  });
  return 2;
}

function lineOf({ id, agent, passed, status, calls, tokens, seconds }: EvalResult): string {
  const figures = `${calls} × ${tokens}`.padStart(14);
  return `${passed ? '✔' : '✘'} ${agent.padEnd(9)} ${id.padEnd(20)} ${figures} ${seconds.toFixed(1).padStart(7)} s  ${status}`;
}

function tableOf(results: readonly EvalResult[], language: Terminal['language']): string[] {
  const head =
    language === 'de'
      ? ['Agent', 'bestanden', 'Tokens', 'Sekunden']
      : ['agent', 'passed', 'tokens', 'seconds'];
  const rows = summarize(results).map(({ agent, tasks, passed, tokens, seconds }) => [
    agent,
    `${passed}/${tasks} (${Math.round((passed / tasks) * 100)} %)`,
    `${tokens}`,
    seconds.toFixed(1),
  ]);
  return [head, ...rows].map((cells) =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(10) : cell.padStart(16))).join(''),
  );
}
