import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isFault } from '#base/fault.ts';
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
