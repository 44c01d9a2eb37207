import assert from 'node:assert/strict';
import test from 'node:test';
import {
  call,
  drop,
  endlessLoop,
  i32,
  i64,
  type ModuleSketch,
  moduleOf,
  types,
} from '../../testing/wasm-module.ts';
import { ModuleRefused } from './bytes.ts';
import { type LoadedModule, runCall } from './call.ts';
import { meterModule } from './meter.ts';
import type { CallOrder } from './orders.ts';

function load(bytes: Uint8Array): LoadedModule {
  assert.ok(WebAssembly.validate(bytes), 'the test’s own module is valid');
  const { parts, bytes: metered } = meterModule(bytes);
  return {
    module: new WebAssembly.Module(metered),
    memoryPages: parts.memoryPages ?? 0,
    systemImports: new Set(parts.imports.map(({ name }) => name)),
    functions: Object.fromEntries(
      parts.exports.flatMap(({ name, signature }) => (signature === null ? [] : [[name, signature]])),
    ),
  };
}

const order: CallOrder = {
  type: 'call',
  hash: '',
  function: 'f',
  args: [],
  fuel: 1_000_000,
  memoryLimitBytes: 2 ** 24,
  outputBytes: 1000,
  fileBytes: 2 ** 20,
  fileEntries: 100,
  stdinBytes: 0,
  keepInput: false,
  files: null,
  clock: false,
  random: false,
  seed: 0,
};

const run = (sketch: ModuleSketch, change: Partial<CallOrder> = {}) =>
  runCall(
    load(moduleOf(sketch)),
    { order: { ...order, ...change }, body: new Uint8Array(), input: null },
    {
      write: () => undefined,
      taken: () => undefined,
    },
  ).report;
const single = (code: readonly number[], rest: Partial<ModuleSketch> = {}): ModuleSketch => ({
  functions: [{ code, exported: 'f' }],
  ...rest,
});
const outOfFuel = { kind: 'limit', limit: 'fuel' };

test('a tight loop ends when the fuel is burnt, and all of it is', () => {
  const { outcome, fuelUsed } = run(single(endlessLoop));
  assert.deepEqual([outcome, fuelUsed], [outOfFuel, 1_000_000]);
});

test('a program burns exactly the instructions it was charged for, the same each time', () => {
  // for (counter = 10; counter != 0; counter--)
  const code = [...i32(10), 0x21, 0, 0x03, 0x40, 0x20, 0, ...i32(1), 0x6b, 0x22, 0, 0x0d, 0, 0x0b];
  const sketch: ModuleSketch = { functions: [{ code, locals: [types.i32], exported: 'f' }] };
  // 5 for the function (entry, const, set, loop, end), 7 for each of 10 rounds (head, 5 instructions, end).
  assert.equal(run(sketch).fuelUsed, 5 + 10 * 7);
  assert.equal(run(sketch).fuelUsed, run(sketch).fuelUsed);
  assert.deepEqual(run(sketch, { fuel: 75 }).outcome, { kind: 'returned', results: [] });
  assert.deepEqual(run(sketch, { fuel: 74 }).outcome, outOfFuel);
});

test('a loop in the start function burns fuel as any other', () => {
  const sketch: ModuleSketch = {
    functions: [{ code: endlessLoop }, { code: [], exported: 'f' }],
    start: 0,
  };
  assert.deepEqual(run(sketch).outcome, outOfFuel);
});

test('a start function runs before the called one, once', () => {
  const sketch: ModuleSketch = {
    functions: [
      { code: [0x23, 0, ...i32(1), 0x6a, 0x24, 0] },
      { code: [0x23, 0], results: [types.i32], exported: 'f' },
    ],
    globals: [{ name: 'count', type: types.i32, code: i32(0) }],
    start: 0,
  };
  assert.deepEqual(run(sketch).outcome, { kind: 'returned', results: ['1'] });
});

test('deep recursion ends by fuel or by the stack, never the host', () => {
  const sketch = single(call(0));
  assert.deepEqual(run(sketch, { fuel: 1000 }).outcome, outOfFuel);
  assert.deepEqual(run(sketch, { fuel: 10 ** 12 }).outcome, {
    kind: 'trapped',
    reason: 'the call stack is full',
  });
});

test('endless tail calls burn fuel at each entry', () => {
  assert.deepEqual(run(single([0x12, 0])).outcome, outOfFuel);
});

test('memory.grow stops at the limit with -1, and each page costs its bytes', () => {
  const grow = (pages: number): ModuleSketch => ({
    functions: [{ code: [...i32(pages), 0x40, 0], results: [types.i32], exported: 'f' }],
    memory: [1],
  });
  const ample = { fuel: 10 ** 9, memoryLimitBytes: 10 * 65_536 };
  assert.deepEqual(run(grow(9), ample).outcome, { kind: 'returned', results: ['1'] });
  assert.ok(run(grow(9), ample).fuelUsed > 9 * 65_536);
  const refused = run(grow(10), ample);
  assert.deepEqual(refused.outcome, { kind: 'returned', results: ['-1'] });
  assert.equal(refused.memoryBytes, 65_536);
  assert.deepEqual(run(grow(9), { ...ample, fuel: 1000 }).outcome, outOfFuel);
  assert.deepEqual(run(grow(-1), ample).outcome, { kind: 'returned', results: ['-1'] });
});

test('a loop around memory.grow gets no more than its limit', () => {
  const code = [0x03, 0x40, ...i32(1), 0x40, 0, drop, 0x0c, 0, 0x0b];
  const { outcome, memoryBytes } = run(single(code, { memory: [0] }), {
    fuel: 10 ** 8,
    memoryLimitBytes: 2 ** 22,
  });
  assert.deepEqual([outcome, memoryBytes], [outOfFuel, 2 ** 22]);
});

test('a module that begins with more memory than it may have does not begin', () => {
  const { outcome, memoryBytes } = run(single([], { memory: [200] }), { memoryLimitBytes: 65_536 });
  assert.deepEqual([outcome, memoryBytes], [{ kind: 'limit', limit: 'memory' }, 0]);
});

test('filling and copying cost each byte, also four gigabytes at once', () => {
  const fill = single([...i32(0), ...i32(0), ...i32(65_536), 0xfc, 11, 0], { memory: [1] });
  assert.ok(run(fill).fuelUsed > 65_536);
  const copy = single([...i32(0), ...i32(0), ...i32(65_536), 0xfc, 10, 0, 0], { memory: [1] });
  assert.ok(run(copy).fuelUsed > 65_536);
  const huge = single([...i32(0), ...i32(0), ...i32(-1), 0xfc, 11, 0], { memory: [1] });
  assert.deepEqual(run(huge, { fuel: 4_000_000_000 }).outcome, outOfFuel);
});

test('growing a table costs and has an end', () => {
  const code = [0xd0, 0x70, ...i32(900_000), 0xfc, 15, 0];
  const sketch: ModuleSketch = {
    functions: [{ code, results: [types.i32], exported: 'f' }],
    tableEntries: 200_000,
  };
  const { outcome, fuelUsed } = run(sketch, { fuel: 10 ** 9 });
  assert.deepEqual(outcome, { kind: 'returned', results: ['-1'] });
  assert.ok(fuelUsed > 8 * 900_000);
  assert.throws(() => load(moduleOf({ functions: [], tableEntries: 1_000_001 })), ModuleRefused);
});

test('fuel cannot be forged: neither by the name of an export nor by the index of what is added', () => {
  const named = (name: string): ModuleSketch => ({
    functions: [{ code: endlessLoop, exported: 'f' }],
    globals: [{ name, type: types.i64, code: i64(0) }],
  });
  for (const name of ['cds:fuel', 'cds:pages', 'cds:start', 'cds:']) {
    assert.throws(() => load(moduleOf(named(name))), ModuleRefused, name);
  }
  assert.deepEqual(run(named('fuel')).outcome, outOfFuel);
  // global.set of the first global behind its own, and a call of the first function behind its own.
  const stolenGlobal = moduleOf(single([...i64(10 ** 15), 0x24, 0, ...endlessLoop]));
  const stolenHelper = moduleOf(single([...i32(0), ...call(1), drop]));
  const stolenLocal = moduleOf(single([0x20, 0, drop]));
  for (const bytes of [stolenGlobal, stolenHelper, stolenLocal])
    assert.equal(WebAssembly.validate(bytes), false);
});

test('what the meter cannot read is refused in words', () => {
  const shared = Buffer.from(moduleOf(single([], { memory: [1, 2] })));
  const limits = shared.indexOf(Buffer.from([5, 4, 1, 1, 1, 2]));
  shared[limits + 3] = 3;
  assert.throws(() => load(shared), /shared/);
  assert.throws(() => meterModule(moduleOf(single([0xfe, 0x03, 0x00]))), /threads/);
  assert.throws(() => meterModule(moduleOf(single([0xfb, 0x00, 0x00]))), /garbage collection/);
  assert.throws(() => meterModule(moduleOf(single([0xfd, 0x80, 0x02]))), ModuleRefused);
  assert.throws(() => meterModule(moduleOf(single([0xff]))), ModuleRefused);
  const whole = moduleOf(single(endlessLoop));
  for (let length = 0; length < whole.length; length += 1) {
    const cut = whole.subarray(0, length);
    // V8 is asked first; what it refuses never comes here, but even then nothing worse than a refusal happens.
    if (!WebAssembly.validate(cut)) {
      try {
        meterModule(cut);
      } catch (error) {
        assert.ok(error instanceof ModuleRefused, String(error));
      }
    }
  }
});

test('unused fuel is left, traps keep what was burnt', () => {
  const { outcome, fuelUsed } = run(single([0x00]));
  assert.deepEqual(outcome, { kind: 'trapped', reason: 'unreachable' });
  assert.equal(fuelUsed, 3);
});
