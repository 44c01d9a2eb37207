import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Folders of the control groups in which a floor run makes its own; by controller, version 1 or 2. */
function groupFolders(): string[] {
  const own = new Map(
    readFileSync('/proc/self/cgroup', 'utf8')
      .trim()
      .split('\n')
      .flatMap((line) => {
        const [, controllers = '', group = '/'] = line.split(':');
        return controllers.split(',').map((controller) => [controller, group] as const);
      }),
  );
  return ['memory', 'pids', 'cpu', 'cpuacct'].map((controller) =>
    path.join('/sys/fs/cgroup', controller, own.get(controller) ?? '/'),
  );
}

const settings: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  memory: [['memory.limit_in_bytes', '268435456']],
  pids: [['pids.max', '66']],
  cpu: [['cpu.cfs_quota_us', '100000']],
  cpuacct: [],
};

let runs = 0;

/** The same wall as run.exec builds, by hand: groups, a shell that joins them, bubblewrap, both outputs read. */
export async function bareRun(
  bubblewrapArguments: readonly string[],
  command: readonly string[],
): Promise<void> {
  runs += 1;
  const groups = groupFolders().map((folder) => path.join(folder, `bench-${process.pid}-${runs}`));
  for (const group of groups) {
    mkdirSync(group, { recursive: true });
    const controller = group.split('/')[4] ?? '';
    for (const [name, value] of settings[controller] ?? []) writeFileSync(path.join(group, name), value);
  }
  const script = `${groups.map((group) => `echo $$ > '${group}/cgroup.procs'`).join('\n')}\nexec "$@"`;
  const child = spawn('/bin/sh', ['-c', script, 'sh', 'bwrap', ...bubblewrapArguments, '--', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.resume();
  child.stderr.resume();
  await new Promise((resolve) => child.once('close', resolve));
  void removeSoon(groups);
}

/** An ended process leaves its group only after a moment; nobody waits for that. */
async function removeSoon(groups: readonly string[]): Promise<void> {
  for (const group of groups) {
    for (let attempt = 0; attempt < 50; attempt += 1) {
      await delay(10);
      try {
        rmdirSync(group);
        break;
      } catch {
        // not yet
      }
    }
  }
}

/** True where the floor can be built: version 1 hierarchies that this account may write. */
export function floorWorks(): boolean {
  try {
    for (const folder of groupFolders()) {
      const trial = path.join(folder, `bench-trial-${process.pid}`);
      mkdirSync(trial);
      rmdirSync(trial);
    }
    return true;
  } catch {
    return false;
  }
}
