import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { createRlimitDriver } from '../limits/rlimit.ts';
import { encodeFrame } from './host/frames.ts';
import type { HostLauncher } from './host-launch.ts';
import { startHost } from './host-process.ts';

/** A host that was taken over: it reads what it is asked and answers with whatever the attacker likes. */
function takenOver(answer: Buffer): HostLauncher {
  const driver = createRlimitDriver({ root: false, processors: [], taskset: null, nice: null });
  const program = `process.stdin.once('data', () => process.stdout.write(Buffer.from('${answer.toString('base64')}', 'base64')));`;
  const limits = {
    ...{ timeMs: 0, memoryBytes: 2 ** 30, cpuCores: 1, cpuMs: null, processes: 10 },
    ...{ outputBytes: 0, diskBytes: 0, diskFiles: 0, openFiles: 64 },
  };
  return {
    driver: 'test',
    walled: false,
    launch: (hostId) => ({
      child: spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'pipe'] }),
      group: driver.create(hostId, limits),
      started: () => undefined,
    }),
  };
}

const frame = (header: unknown, body = '') => Buffer.concat(encodeFrame(header, [Buffer.from(body)]));
const lengths = Buffer.alloc(8);
lengths.writeUInt32LE(0xffffffff, 0);

const answers: readonly (readonly [string, Buffer])[] = [
  ['what is no frame', Buffer.from('no frame at all, but long enough to look like the beginning of one')],
  ['a frame of four gigabytes', lengths],
  ['a message of an unknown kind', frame({ type: 'command', run: 'rm -rf /' })],
  ['a message without what it must have', frame({ type: 'loaded', imports: 'all', exports: [] })],
  ['a polluted prototype', frame(JSON.parse('{"type":"ended","__proto__":{"outcome":{"kind":"returned"}}}'))],
  ['an answer to another question', frame({ type: 'unknown' })],
];

for (const [name, answer] of answers) {
  test(`a host that tells ${name} is ended, and the caller is told`, async () => {
    const host = startHost(takenOver(answer), 'host');
    await assert.rejects(host.load('hash', Buffer.from('module')), (error) =>
      isFault(error, 'sandbox.start_failed'),
    );
    host.kill();
    await host.gone;
    assert.equal(host.usable(), false);
  });
}

test('a host that claims to have changed files it was never given says nothing that is believed as a path', async () => {
  const report = {
    type: 'ended',
    outcome: { kind: 'exited', exitCode: 0 },
    ...{ fuelUsed: -1, memoryBytes: 0, fileBytes: 0, outputBytes: 0, cpuMs: 0 },
    changes: {
      written: [{ path: '../../etc/passwd', bytes: 1 }],
      foldersMade: [],
      filesGone: [],
      foldersGone: [],
    },
  };
  const host = startHost(takenOver(frame(report, 'x')), 'host');
  const order = { type: 'call' } as never;
  const end = await host.call({ order, bodies: [], onOutput: () => true }).ended;
  assert.deepEqual(end, { kind: 'gone', memory: false }, 'negative fuel is refused with everything else');
  await host[Symbol.asyncDispose]();
});
