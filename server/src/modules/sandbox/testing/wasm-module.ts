import { unsignedBytes, Writer } from '../wasm/host/bytes.ts';

export const types = { i32: 0x7f, i64: 0x7e, f64: 0x7c } as const;

export interface FunctionSketch {
  readonly params?: readonly number[];
  readonly results?: readonly number[];
  readonly locals?: readonly number[];
  /** Instructions without the last `end`. */
  readonly code: readonly number[];
  readonly exported?: string;
}

export interface ModuleSketch {
  readonly imports?: readonly {
    readonly module: string;
    readonly name: string;
    readonly params: readonly number[];
    readonly results: readonly number[];
  }[];
  readonly functions: readonly FunctionSketch[];
  /** Pages at the beginning, and at most. */
  readonly memory?: readonly [number, number?];
  readonly tableEntries?: number;
  readonly globals?: readonly {
    readonly name: string;
    readonly code: readonly number[];
    readonly type: number;
  }[];
  /** Index of the start function, imported ones first. */
  readonly start?: number;
  readonly data?: string;
  /** Appended as it is. */
  readonly trailing?: readonly number[];
}

/** Code of a loop without end. */
export const endlessLoop = [0x03, 0x40, 0x0c, 0x00, 0x0b] as const;
export const i32 = (value: number) => [0x41, ...signed(value)];
export const i64 = (value: number) => [0x42, ...signed(value)];
export const call = (index: number) => [0x10, ...unsignedBytes(index)];
export const drop = 0x1a;

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = rest & 0x7f;
    rest = Math.floor(rest / 128);
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

const vector = (items: readonly (readonly number[])[]) => [...unsignedBytes(items.length), ...items.flat()];
const text = (value: string) => vector([...Buffer.from(value)].map((byte) => [byte]));
const functionType = (params: readonly number[], results: readonly number[]) => [
  0x60,
  ...vector(params.map((type) => [type])),
  ...vector(results.map((type) => [type])),
];

/** The bytes of a module, for tests that want an exact instruction and not what some compiler makes. */
export function moduleOf(sketch: ModuleSketch): Buffer {
  const { imports = [], functions, globals = [] } = sketch;
  const signatures = [...imports, ...functions].map(({ params = [], results = [] }) =>
    functionType(params, results),
  );
  const exported = functions.flatMap(({ exported: name }, index) =>
    name === undefined ? [] : [[...text(name), 0, ...unsignedBytes(imports.length + index)]],
  );
  const writer = new Writer().raw([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const section = (id: number, bytes: readonly number[]) => writer.raw([id]).part(new Writer().raw(bytes));
  section(1, vector(signatures));
  section(
    2,
    vector(
      imports.map(({ module, name }, index) => [...text(module), ...text(name), 0, ...unsignedBytes(index)]),
    ),
  );
  section(3, vector(functions.map((_, index) => unsignedBytes(imports.length + index))));
  if (sketch.tableEntries !== undefined)
    section(4, vector([[0x70, 0, ...unsignedBytes(sketch.tableEntries)]]));
  if (sketch.memory !== undefined) {
    const [least, most] = sketch.memory;
    const limits =
      most === undefined
        ? [0, ...unsignedBytes(least)]
        : [1, ...unsignedBytes(least), ...unsignedBytes(most)];
    section(5, vector([limits]));
  }
  if (globals.length > 0) section(6, vector(globals.map(({ type, code }) => [type, 1, ...code, 0x0b])));
  const memoryExport = sketch.memory === undefined ? [] : [[...text('memory'), 2, 0]];
  const globalExports = globals.map(({ name }, index) => [...text(name), 3, index]);
  section(7, vector([...exported, ...memoryExport, ...globalExports]));
  if (sketch.start !== undefined) section(8, unsignedBytes(sketch.start));
  section(
    10,
    vector(
      functions.map(({ locals = [], code }) => {
        const body = [...vector(locals.map((type) => [1, type])), ...code, 0x0b];
        return [...unsignedBytes(body.length), ...body];
      }),
    ),
  );
  if (sketch.data !== undefined) section(11, vector([[0, ...i32(0), 0x0b, ...text(sketch.data)]]));
  return Buffer.from(writer.raw(sketch.trailing ?? []).finish());
}
