import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { sandboxContract } from '../contract.ts';
import { type MicroWorld, microSkip, microWorld } from './testing/micro-world.ts';

const skip = microSkip();
let m: MicroWorld;

before(async () => {
  if (skip === false) m = await microWorld();
});
after(async () => {
  if (skip === false) await m[Symbol.asyncDispose]();
});

const client = () => m.world.client(sandboxContract);

test('a machine runs Python, and says how it ended', { skip }, async () => {
  const vm = await m.start({ script: 'print(1 + 1)' });
  assert.equal(vm.script?.stdout, '2\n');
  assert.equal(vm.script?.exitCode, 0);
  const failing = await m.execute(
    vm.vmId,
    'import sys\nprint("out")\nprint("err", file=sys.stderr)\nsys.exit(3)',
  );
  assert.deepEqual([failing.stdout, failing.stderr, failing.exitCode], ['out\n', 'err\n', 3]);
  const thrown = await m.execute(vm.vmId, 'raise ValueError("no")');
  assert.equal(thrown.exitCode, 1);
  assert.match(thrown.stderr, /^Traceback[\s\S]*ValueError: no\n$/);
  const { runs } = await client().call('run.history', { projectId: m.projectId, limit: 3 }, m.call());
  assert.deepEqual(
    runs.map(({ processId, engine, exitCode, killedBy }) => ({ processId, engine, exitCode, killedBy })),
    [thrown, failing, vm.script].map((run) => ({
      ...{ processId: run?.processId, engine: 'micro', exitCode: run?.exitCode, killedBy: null },
    })),
    'each call stands in the history of the project',
  );
  assert.deepEqual([runs[1]?.command, runs[2]?.args], ['python3', ['-c', 'print(1 + 1)']]);
  for (const [index, run] of [thrown, failing].entries()) {
    assert.deepEqual(runs[index]?.cpuMs, run.cpuMs);
    assert.equal(runs[index]?.peakMemoryBytes, run.peakMemoryBytes);
    assert.ok(run.peakMemoryBytes > 0 && runs[index]?.limits.memoryBytes !== undefined);
  }
  assert.equal(runs[1]?.outputBytes, 'out\nerr\n'.length);
  const kernel = await m.execute(vm.vmId, 'uname -r; id -u; ls /sys/class/net', { language: 'shell' });
  assert.match(kernel.stdout, /cloud-amd64\n1000\nlo\n$/);
  await client().call('micro.stop', { vmId: vm.vmId }, m.call());
  assert.deepEqual((await m.list()).vms, []);
  await assert.rejects(m.execute(vm.vmId, 'pass'), (error) => isFault(error, 'sandbox.vm_unknown'));
});

test('a machine runs JavaScript, also modules, with standard input and arguments', { skip }, async () => {
  const vm = await m.start({ image: 'node' });
  const echo = 'process.stdin.on("data", (d) => console.log(process.argv[1] ?? process.argv[0], String(d)))';
  const script = await m.execute(vm.vmId, echo, { stdin: 'hello', args: ['first'] });
  assert.equal(script.stdout, 'first hello\n');
  const module = await m.execute(
    vm.vmId,
    'import { readFileSync } from "node:fs";\nconst x = await Promise.resolve(41);\nconsole.log(x + 1, typeof readFileSync);',
  );
  assert.equal(module.stdout, '42 function\n');
  await client().call('micro.stop', { vmId: vm.vmId }, m.call());
});

test('copies of one template draw different numbers and know the time', { skip }, async () => {
  const python =
    'import os, random, time, uuid\nprint(random.random(), os.urandom(8).hex(), uuid.uuid4())\nprint(time.time())';
  const node =
    'const c = require("crypto"); console.log(Math.random(), c.randomBytes(8).toString("hex"), c.randomUUID())';
  const seen = { python: new Set<string>(), node: new Set<string>() };
  for (let index = 0; index < 2; index += 1) {
    const vm = await m.start();
    const [numbers = '', seconds = ''] = (await m.execute(vm.vmId, python)).stdout.trim().split('\n');
    for (const number of numbers.split(' ')) seen.python.add(number);
    assert.ok(Math.abs(Number(seconds) - Date.now() / 1000) < 60, seconds);
    const drawn = await m.execute(vm.vmId, node, { language: 'javascript' });
    for (const number of drawn.stdout.trim().split(' ')) seen.node.add(number);
    await client().call('micro.stop', { vmId: vm.vmId }, m.call());
  }
  assert.deepEqual([seen.python.size, seen.node.size], [6, 6]);
});

test('what one machine writes no other sees, and between two runs it stays', { skip }, async () => {
  const [first, second] = [await m.start(), await m.start()];
  await m.execute(first.vmId, 'open("/workspace/secret", "w").write("mine"); open("/tmp/x", "w").write("y")');
  const other = await m.execute(
    second.vmId,
    'import os; print(os.listdir("/workspace"), os.listdir("/tmp"))',
  );
  assert.equal(other.stdout, '[] []\n');
  assert.equal((await m.execute(first.vmId, 'print(open("secret").read())')).stdout, 'mine\n');
  const stranger = m.world.call();
  for (const method of ['micro.stop', 'micro.snapshot'] as const) {
    await assert.rejects(client().call(method, { vmId: first.vmId }, stranger), (error) =>
      isFault(error, 'sandbox.vm_unknown'),
    );
  }
  for (const { vmId } of [first, second]) await client().call('micro.stop', { vmId }, m.call());
});

test('a program that does not end, prints without end or takes all memory ends by its limit; the machine goes on', {
  skip,
}, async () => {
  const { vmId } = await m.start();
  const spinning = await m.execute(
    vmId,
    'import signal\nsignal.signal(15, signal.SIG_IGN)\nwhile True: pass',
    { timeoutMs: 1500 },
  );
  assert.deepEqual([spinning.killedBy, spinning.timedOut, spinning.exitCode], ['time', true, null]);
  const printing = await m.execute(vmId, 'while True: print("x" * 1000)');
  assert.deepEqual([printing.killedBy, printing.truncated], ['output', true]);
  assert.equal(printing.stdout.length, 1024 * 1024);
  const hungry = await m.execute(vmId, 'x = []\nwhile True: x.append(bytearray(1 << 20))');
  assert.equal(hungry.killedBy, 'memory');
  const forking = await m.execute(vmId, 'import os\nwhile True: os.fork()', { timeoutMs: 4000 });
  assert.ok(forking.killedBy === 'processes' || forking.killedBy === 'time' || forking.exitCode !== 0);
  // Killed processes are gone when the kernel gets round to it. The shell itself, its pipeline, and the two that wait stay.
  const count =
    'n=0; for p in /proc/[0-9]*/status; do grep -q "^Uid:.1000" $p && n=$((n + 1)); done; echo $n';
  await eventually(async () => {
    const { stdout, killedBy } = await m.execute(vmId, count, { language: 'shell' });
    assert.equal(killedBy, null);
    assert.ok(Number(stdout) > 0 && Number(stdout) <= 6, stdout);
  }, 120_000);
  assert.equal((await m.execute(vmId, 'print("alive")')).stdout, 'alive\n');
  await client().call('micro.stop', { vmId }, m.call());
});

test('files go in and out through the project’s walls', { skip }, async () => {
  const { vmId } = await m.start();
  const write = (path: string, content: string) =>
    client().call('fs.write', { projectId: m.projectId, path, content }, m.call());
  await write('data/input.txt', 'one\ntwo\n');
  const up = await client().call('micro.upload', { vmId, path: 'data' }, m.call());
  assert.deepEqual([up.files, up.bytes], [1, 8]);
  await m.execute(vmId, 'open("data/output.txt", "w").write(open("data/input.txt").read().upper())');
  await client().call('micro.download', { vmId, path: 'data/output.txt', dest: 'result.txt' }, m.call());
  const read = await client().call('fs.read', { projectId: m.projectId, path: 'result.txt' }, m.call());
  assert.equal(read.content, 'ONE\nTWO\n');
  const download = (path: string, dest: string) =>
    client().call('micro.download', { vmId, path, dest }, m.call());
  await assert.rejects(download('data/output.txt', '../outside.txt'), (error) =>
    isFault(error, 'files.path_escapes'),
  );
  await m.execute(vmId, 'import os; os.symlink("/etc/shadow", "data/link"); os.mkfifo("data/pipe")');
  for (const path of ['data/link', 'data/pipe', '/etc/shadow']) {
    await assert.rejects(download(path, 'stolen'), (error) => isFault(error, 'sandbox.transfer_refused'));
  }
  await client().call('micro.stop', { vmId }, m.call());
});

test('a snapshot goes on where the machine was, as often as one likes, with new randomness', {
  skip,
}, async () => {
  const { vmId } = await m.start();
  await m.execute(vmId, 'open("state", "w").write("kept")');
  const { snapshotId, sizeBytes } = await client().call('micro.snapshot', { vmId, name: 'before' }, m.call());
  assert.ok(sizeBytes > 1_000_000);
  await m.execute(vmId, 'open("state", "w").write("changed")');
  await client().call('micro.stop', { vmId }, m.call());
  const drawn = new Set<string>();
  for (let index = 0; index < 2; index += 1) {
    const restored = await client().call('micro.restore', { snapshotId }, m.call());
    const { stdout } = await m.execute(
      restored.vmId,
      'import os; print(open("state").read(), os.urandom(4).hex())',
    );
    assert.match(stdout, /^kept /);
    drawn.add(stdout);
    await client().call('micro.stop', { vmId: restored.vmId }, m.call());
  }
  assert.equal(drawn.size, 2);
  await assert.rejects(client().call('micro.restore', { snapshotId }, m.world.call()), (error) =>
    isFault(error, 'sandbox.snapshot_unknown'),
  );
  assert.deepEqual(
    (await m.list()).snapshots.map(({ name }) => name),
    ['before'],
  );
  await client().call('micro.snapshot.delete', { snapshotId }, m.call());
  assert.deepEqual((await m.list()).snapshots, []);
});

test('one program in a machine of its own by the common face, with the project’s files', {
  skip,
}, async () => {
  const projectId = await m.newProject();
  await client().call('fs.write', { projectId, path: 'in.txt', content: '3' }, m.call());
  const code = 'n = int(open("in.txt").read()); open("out.txt", "w").write(str(n * n)); print(n + 1)';
  const program = { kind: 'code', language: 'python', code } as const;
  const request = { projectId, engine: 'micro', program, files: 'write', timeoutMs: 120_000 } as const;
  const result = await client().call('sandbox.execute', request, m.call());
  assert.deepEqual([result.stdout, result.exitCode, result.stderr], ['4\n', 0, '']);
  const out = await client().call('fs.read', { projectId, path: 'out.txt' }, m.call());
  assert.equal(out.content, '9');
  const { runs } = await client().call('run.history', { projectId }, m.call());
  assert.deepEqual([runs[0]?.engine, runs[0]?.command, runs[0]?.exitCode], ['micro', 'python3', 0]);
  const { engines } = await client().call('sandbox.engines', {}, m.call());
  assert.match(engines.find(({ engine }) => engine === 'micro')?.driver ?? '', /^QEMU [\d.]+, (TCG|KVM)$/);
});

test('a command that hands over a script runs it as the interpreter would: arguments, neighbours, its end', {
  skip,
}, async () => {
  const projectId = await m.newProject();
  const write = (path: string, content: string) =>
    client().call('fs.write', { projectId, path, content }, m.call());
  await client().call('fs.mkdir', { projectId, path: 'lib' }, m.call());
  await write('lib/helper.py', 'def word(): return "helped"\n');
  await write(
    'lib/main.py',
    'import sys, os, helper\nprint(sys.argv, helper.word(), __name__, os.path.basename(__file__))\nsys.exit(int(sys.argv[1]))\n',
  );
  await write(
    'main.mjs',
    'import { word } from "./word.mjs";\nconsole.log(word, process.argv.slice(2), process.argv[1]);\n',
  );
  await write('word.mjs', 'export const word = "module";\n');
  await write(
    'main.cjs',
    'console.log(require.main === module, __filename, process.argv[2]); process.exit(4);\n',
  );
  const run = async (command: string, args: string[], env: Record<string, string> = {}) => {
    const program = { kind: 'command', command, args, env } as const;
    const request = { projectId, engine: 'micro', program, files: 'read', timeoutMs: 240_000 } as const;
    const { stdout, stderr, exitCode } = await client().call('sandbox.execute', request, m.call());
    return { stdout, stderr, exitCode };
  };
  const script = await run('python3', ['lib/main.py', '3']);
  assert.equal(script.stdout, "['lib/main.py', '3'] helped __main__ main.py\n", script.stderr);
  assert.equal(script.exitCode, 3);
  const missing = await run('python3', ['none.py']);
  assert.equal(missing.exitCode, 2);
  assert.match(missing.stderr, /^python3: can't open file '\/workspace\/none\.py': \[Errno 2\]/);
  const module = await run('node', ['main.mjs', 'a']);
  assert.equal(module.stdout, "module [ 'a' ] /workspace/main.mjs\n", module.stderr);
  const common = await run('node', ['main.cjs', 'b']);
  assert.deepEqual([common.stdout, common.exitCode], ['true /workspace/main.cjs b\n', 4], common.stderr);
  const own = await run('python3', ['lib/main.py', '0'], { PYTHONSAFEPATH: '1' });
  assert.match(own.stderr, /No module named 'helper'/, 'a variable of the interpreter is its own to read');
});

test('a program in a machine of its own is written to while it runs', { skip }, async () => {
  const code = 'import sys\nfor line in sys.stdin: print("got", line.strip(), flush=True)\nprint("end")';
  const program = { kind: 'code', language: 'python', code } as const;
  const request = { projectId: m.projectId, engine: 'micro', program, timeoutMs: 240_000 } as const;
  const stream = client().stream('sandbox.stream', { ...request, keepInput: true }, m.call());
  const first = await stream.next();
  assert.ok(first.done !== true && first.value.kind === 'started');
  const { processId } = first.value;
  const until = async (expected: string) => {
    for (let text = ''; ; ) {
      const step = await stream.next();
      assert.ok(step.done !== true, text);
      if (step.value.kind === 'output') text += step.value.data;
      if (text.includes(expected)) return text;
    }
  };
  const input = (data: string, end = false) =>
    client().call('sandbox.input', { processId, data, end }, m.call());
  await input('one\n');
  assert.equal(await until('one'), 'got one\n');
  await input('two\n', true);
  assert.match(await until('end'), /^got two\nend\n/);
  await assert.rejects(input('three'), (error) => isFault(error, 'sandbox.input_closed'));
  await stream.return(undefined as never);
});
