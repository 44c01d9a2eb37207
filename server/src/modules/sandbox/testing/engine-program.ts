import { createEngine } from '../engine/engine.ts';
import { startProcess } from '../engine/sandbox-process.ts';
import { defaultLimits, type Limits } from '../run/contract-shapes.ts';

/** What a test hands to a process of its own: where, and which programs one after the other. */
export interface EngineProgram {
  readonly folder: string;
  readonly workspacePath: string;
  readonly limitDriver: 'auto' | 'cgroup1' | 'cgroup2' | 'rlimit';
  readonly runs: readonly { readonly command: readonly string[]; readonly limits?: Partial<Limits> }[];
}

/** Runs programs in sandboxes and prints one line of JSON for each, the first with the driver's name. */
async function main(program: EngineProgram): Promise<void> {
  await using engine = await createEngine({ ...program, totalMemoryBytes: 2 ** 31 });
  print({ driver: engine.driver.name, bubblewrap: engine.bubblewrap.kind });
  for (const { command, limits: wanted } of program.runs) {
    const limits = { ...defaultLimits, cpuMs: null, ...wanted };
    let stdout = '';
    const process = await startProcess(engine.parts('en'), {
      runId: crypto.randomUUID(),
      command,
      limits,
      shape: {
        workspacePath: program.workspacePath,
        cwd: '',
        env: {},
        memoryBytes: limits.memoryBytes,
        terminal: false,
        mounts: [],
      },
      onOutput(_stream, data) {
        stdout += data.toString();
        return true;
      },
    });
    const { exitCode, signal, killedBy, durationMs } = await process.ended;
    print({ exitCode, signal, killedBy, durationMs, stdout });
  }
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

await main(JSON.parse(process.argv[2] ?? '{}') as EngineProgram);
