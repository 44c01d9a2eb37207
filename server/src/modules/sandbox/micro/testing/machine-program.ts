import path from 'node:path';
import { findImage } from '../images/layout.ts';
import { createSnapshotFiles } from '../snapshots.ts';
import { machineKit } from './machine-kit.ts';

/**
 * A process of its own that runs a machine, keeps a snapshot of it in the given folder, prints the snapshot's id and waits
 * to be killed.
 */
async function main(folder: string): Promise<void> {
  await using kit = await machineKit();
  const { machines } = kit;
  const image = findImage(await machines.images(), 'python');
  if (image === null) throw new Error('no image');
  const machine = await machines.start({ image, memoryMb: 256, cpuCores: 1 });
  const request = { args: [], env: {}, cwd: '', memoryBytes: 2 ** 27, processes: 64 };
  const code = 'open("kept", "w").write("still here")';
  await machine.agent.run({ ...request, language: 'python', code }, { onOutput: () => undefined }).ended;
  const snapshotId = crypto.randomUUID();
  const template = await machines.template(image, 256);
  await createSnapshotFiles(path.join(folder)).save(machine, template, {
    snapshotId,
    projectId: crypto.randomUUID(),
    userId: 'somebody',
    name: 'kept',
    image: 'python',
    language: 'python',
    memoryMb: 256,
    cpus: 1,
    accelerator: machine.accelerator,
    kilohertz: template.kilohertz,
    qemuVersion: '',
    createdAt: new Date().toISOString(),
  });
  process.stdout.write(`${JSON.stringify({ snapshotId })}\n`);
  await new Promise(() => setInterval(() => undefined, 1000));
}

await main(process.argv[2] ?? '');
