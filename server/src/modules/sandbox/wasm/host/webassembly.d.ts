/** The part of the WebAssembly JavaScript interface that the host uses (W3C recommendation); Node's types lack it. */
declare namespace WebAssembly {
  type ExportValue = ((...args: unknown[]) => unknown) | Global | Memory | Table;
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
    readonly exports: Readonly<Record<string, ExportValue>>;
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
  }
  class Table {}
  class Global {
    constructor(descriptor: { value: string; mutable?: boolean }, value?: unknown);
    value: unknown;
  }
  class RuntimeError extends Error {}
  class LinkError extends Error {}
  class CompileError extends Error {}
  function validate(bytes: Uint8Array): boolean;
}
