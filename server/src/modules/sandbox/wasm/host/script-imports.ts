import type { World } from './clock.ts';
import type { Fuel } from './fuel.ts';
import type { OutputStream } from './streams.ts';

/** Thrown through the program that gave up by itself. */
export class ProgramAborted extends Error {}

const mostTextBytes = 65_536;

/** What AssemblyScript's own runtime asks for where it does not use WASI; strings lie in memory as UTF-16, length before. */
export function createScriptImports(parts: {
  readonly fuel: Fuel;
  readonly world: World;
  readonly memory: () => ArrayBuffer;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}) {
  const { fuel, world } = parts;

  function text(pointer: unknown): string {
    const at = Number(pointer) >>> 0;
    const memory = parts.memory();
    if (at < 4 || at > memory.byteLength) return '';
    const length = new DataView(memory).getUint32(at - 4, true);
    const bytes = new Uint8Array(memory).subarray(at, at + Math.min(length, mostTextBytes));
    fuel.pay(bytes.length);
    return new TextDecoder('utf-16le').decode(bytes);
  }
  const write = (stream: OutputStream, line: string) => {
    stream.fd_write(new TextEncoder().encode(`${line}\n`));
  };

  return {
    abort(message: unknown, file: unknown, line: unknown, column: unknown): never {
      write(parts.stderr, `abort: ${text(message)} in ${text(file)}(${Number(line)}:${Number(column)})`);
      throw new ProgramAborted('the program called abort');
    },
    seed(): number {
      fuel.pay(8);
      const bytes = new Uint8Array(8);
      world.fill(bytes);
      return new DataView(bytes.buffer).getUint32(0, true);
    },
    trace(message: unknown, count: unknown, ...values: unknown[]): void {
      const shown = values.slice(0, Number(count)).map(String).join(', ');
      write(parts.stderr, `trace: ${text(message)}${shown === '' ? '' : ` ${shown}`}`);
    },
    'console.log': (message: unknown) => write(parts.stdout, text(message)),
    'console.error': (message: unknown) => write(parts.stderr, text(message)),
  };
}
