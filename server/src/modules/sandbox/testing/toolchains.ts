import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const examples = fileURLToPath(new URL('../../../../../examples/wasm/', import.meta.url));

function built(program: string, args: (output: string) => readonly string[]): Buffer {
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-wasm-'));
  const output = path.join(folder, 'program.wasm');
  try {
    execFileSync(program, args(output), { stdio: 'pipe' });
    return readFileSync(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Builds a sample in C with clang and wasi-libc; null where they are not installed. */
export function buildC(name: string): Buffer | null {
  try {
    execFileSync('clang', ['--version'], { stdio: 'pipe' });
    execFileSync('wasm-ld', ['--version'], { stdio: 'pipe' });
  } catch {
    return null;
  }
  return built('clang', (output) => [
    '--target=wasm32-wasi',
    '-O2',
    '-s',
    path.join(examples, name),
    '-o',
    output,
  ]);
}

/** The compiler of rustup or of Debian, each with the name that it has for WASI preview 1. */
const rustCompilers = [
  ['rustc', 'wasm32-wasip1'],
  ['/usr/bin/rustc', 'wasm32-wasip1'],
  ['/usr/bin/rustc', 'wasm32-wasi'],
] as const;

/** Builds a sample in Rust; null where no compiler with the target is installed. */
export function buildRust(name: string): Buffer | null {
  const found = rustCompilers.find(([compiler, target]) => {
    try {
      const folder = execFileSync(compiler, ['--print', 'target-libdir', '--target', target], {
        stdio: 'pipe',
      });
      return existsSync(folder.toString().trim());
    } catch {
      return false;
    }
  });
  if (found === undefined) return null;
  const [compiler, target] = found;
  const options = ['--target', target, '-O', '-C', 'strip=symbols'];
  return built(compiler, (output) => [...options, path.join(examples, name), '-o', output]);
}

/** Builds a sample in AssemblyScript, whose compiler is a dependency of the tests. */
export async function buildAssemblyScript(name: string): Promise<Buffer> {
  let built: Uint8Array | null = null;
  const { error, stderr } = await asc.main([name, '--outFile', 'out.wasm', '--optimize'], {
    readFile: (file) => (file === name ? readFileSync(path.join(examples, name), 'utf8') : null),
    writeFile(file, contents) {
      if (file === 'out.wasm' && typeof contents !== 'string') built = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || built === null) throw new Error(stderr.toString(), { cause: error });
  return Buffer.from(built);
}
