// Exact search against ripgrep and GNU grep on the same files, interleaved; prints medians and ratios.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSearchThread } from '@cyberdevstudio/server/modules/search/worker/pool.ts';

const folders = 200;
const filesPerFolder = 25;
const rounds = 7;

const root = mkdtempSync(path.join(tmpdir(), 'cds-bench-search-'));
const line = (seed: number) => `export const value${seed} = computeSomething(${seed}, 'text ${seed * 7}');\n`;
for (let folder = 0; folder < folders; folder += 1) {
  mkdirSync(path.join(root, `src/part${folder}`), { recursive: true });
  for (let file = 0; file < filesPerFolder; file += 1) {
    const seed = folder * 1000 + file;
    const text = Array.from({ length: 120 }, (_, index) => line(seed * 10 + index)).join('');
    const needle = seed % 500 === 3 ? 'const needleInHay = 1;\n' : '';
    writeFileSync(path.join(root, `src/part${folder}/file${file}.ts`), text + needle);
  }
}

await using thread = createSearchThread();
const shared = {
  workspacePath: root,
  maxDepth: 64,
  wholeWord: false,
  include: [],
  exclude: [],
  contextLines: 0,
  limit: 1000,
};
const ours = (query: string, mode: 'exact' | 'regex', caseSensitive: boolean) => async () => {
  await thread.run('grep', { ...shared, query, mode, caseSensitive });
};
const program = (command: string, args: readonly string[]) => async () => {
  try {
    execFileSync(command, args, { cwd: root, stdio: 'ignore' });
  } catch (error) {
    if (!(error instanceof Error && 'status' in error && error.status === 1)) throw error;
  }
};

const cases: Record<string, Record<string, () => Promise<void>>> = {
  'exact, case-sensitive': {
    ours: ours('needleInHay', 'exact', true),
    ripgrep: program('rg', ['-F', 'needleInHay', '.']),
    grep: program('grep', ['-rF', 'needleInHay', '.']),
  },
  'exact, any case': {
    ours: ours('needleinhay', 'exact', false),
    ripgrep: program('rg', ['-F', '-i', 'needleinhay', '.']),
    grep: program('grep', ['-rFi', 'needleinhay', '.']),
  },
  'regular expression': {
    ours: ours('needle\\w+ = \\d', 'regex', true),
    ripgrep: program('rg', ['needle\\w+ = \\d', '.']),
    grep: program('grep', ['-rE', 'needle\\w+ = [0-9]', '.']),
  },
};

for (const [name, competitors] of Object.entries(cases)) {
  const times = new Map(Object.keys(competitors).map((key) => [key, [] as number[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [key, run] of Object.entries(competitors)) {
      const startMs = performance.now();
      await run();
      if (round > 0) times.get(key)?.push(performance.now() - startMs);
    }
  }
  const median = (key: string) => times.get(key)?.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
  const parts = Object.keys(competitors).map((key) => `${key} ${median(key).toFixed(0)} ms`);
  process.stdout.write(
    `${name}, ${folders * filesPerFolder} files: ${parts.join(', ')}; ours/ripgrep ${(median('ours') / median('ripgrep')).toFixed(2)}\n`,
  );
}
rmSync(root, { recursive: true, force: true });
