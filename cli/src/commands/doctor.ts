import { diagnoseMachine } from '@cyberdevstudio/server/processes/doctor.ts';
import { say, type Terminal } from '../terminal.ts';

type Diagnosis = Awaited<ReturnType<typeof diagnoseMachine>>;

const marks = { ok: '✔', warning: '!', missing: '✘' } as const;

/**
 * `cds doctor [--json]`: what this machine has of what the platform needs, and the one command for each thing that lacks.
 * Works whether the platform runs or not. Exit code 1 when something needed is missing.
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const diagnosis = await diagnoseMachine(terminal.environment);
  if (argv.includes('--json')) terminal.print(JSON.stringify(diagnosis, null, 2));
  else report(diagnosis, terminal);
  return diagnosis.sound ? 0 : 1;
}

function report({ checks, sound }: Diagnosis, terminal: Terminal): void {
  const { language } = terminal;
  const width = Math.max(...checks.map(({ title }) => title[language].length));
  for (const { state, title, detail, command } of checks) {
    terminal.print(`${marks[state]} ${title[language].padEnd(width)}  ${detail[language]}`);
    if (command !== null && state !== 'ok') terminal.print(`  ${' '.repeat(width)}  → ${command}`);
  }
  say(
    terminal,
    sound
      ? {
          en: '\nThis server has what the platform needs.',
          de: '\nDieser Server hat, was die Plattform braucht.',
        }
      : {
          en: '\nSomething that the platform needs is missing: see ✘ above.',
          de: '\nEs fehlt etwas, das die Plattform braucht: siehe ✘ oben.',
        },
  );
}
