// Exact search against ripgrep and GNU grep on the same files, interleaved; prints medians and ratios of wall time and CPU.
// `--files=50000` searches a larger project.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { grepTogether } from '@cyberdevstudio/server/modules/search/worker/grep-together.ts';
import { createSearchThread } from '@cyberdevstudio/server/modules/search/worker/pool.ts';
import { median } from '../support/median.ts';

const filesPerFolder = 25;
const option = process.argv.find((argument) => argument.startsWith('--files='))?.slice('--files='.length);
const folders = Math.ceil(Number(option ?? 5_000) / filesPerFolder);
const rounds = 9;

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

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

await using first = createSearchThread();
await using second = createSearchThread();
const shared = {
  workspacePath: root,
  maxDepth: 64,
  wholeWord: false,
  include: [],
  exclude: [],
  contextLines: 0,
  limit: 1000,
};
const signal = new AbortController().signal;
const ours =
  (
    threads: readonly (typeof first)[],
    query: string,
    how: { readonly mode: 'exact' | 'regex'; readonly caseSensitive: boolean },
  ) =>
  async (): Promise<Cost> => {
    const cpu = process.cpuUsage();
    const startMs = performance.now();
    await grepTogether(threads, { ...shared, query, ...how }, signal);
    const wallMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(cpu);
    return { wallMs, cpuMs: (user + system) / 1000 };
  };

/** The shell tells what its child took, from its start on; the shell’s own start does not count. */
const program = (command: string) => async (): Promise<Cost> => {
  const script = `TIMEFORMAT='%3R %3U %3S'; time ${command} > /dev/null`;
  const { stderr } = spawnSync('bash', ['-c', script], { cwd: root, encoding: 'utf8' });
  const [real = 0, user = 0, system = 0] = stderr.trim().split(' ').map(Number);
  return { wallMs: real * 1000, cpuMs: (user + system) * 1000 };
};

const both = [first, second];
const cases: Record<string, Record<string, () => Promise<Cost>>> = {
  'exact, case-sensitive': {
    ours: ours(both, 'needleInHay', { mode: 'exact', caseSensitive: true }),
    'one thread': ours([first], 'needleInHay', { mode: 'exact', caseSensitive: true }),
    ripgrep: program("rg -F 'needleInHay' ."),
    grep: program("grep -rF 'needleInHay' ."),
  },
  'exact, any case': {
    ours: ours(both, 'needleinhay', { mode: 'exact', caseSensitive: false }),
    'one thread': ours([first], 'needleinhay', { mode: 'exact', caseSensitive: false }),
    ripgrep: program("rg -F -i 'needleinhay' ."),
    grep: program("grep -rFi 'needleinhay' ."),
  },
  'regular expression': {
    ours: ours(both, 'needle\\w+ = \\d', { mode: 'regex', caseSensitive: true }),
    'one thread': ours([first], 'needle\\w+ = \\d', { mode: 'regex', caseSensitive: true }),
    ripgrep: program("rg 'needle\\w+ = \\d' ."),
    grep: program("grep -rE 'needle\\w+ = [0-9]' ."),
  },
  'no literal in the pattern': {
    ours: ours(both, '[n][e]{2}dle[A-Z]\\w+ =', { mode: 'regex', caseSensitive: true }),
    ripgrep: program("rg '[n][e]{2}dle[A-Z]\\w+ =' ."),
  },
};

for (const [name, competitors] of Object.entries(cases)) {
  const costs = new Map(Object.keys(competitors).map((key) => [key, [] as Cost[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [key, run] of Object.entries(competitors)) {
      const cost = await run();
      if (round > 0) costs.get(key)?.push(cost);
    }
  }
  const of = (key: string, which: keyof Cost) => median((costs.get(key) ?? []).map((cost) => cost[which]));
  const parts = Object.keys(competitors).map(
    (key) => `${key} ${of(key, 'wallMs').toFixed(0)} ms (CPU ${of(key, 'cpuMs').toFixed(0)})`,
  );
  const ratio = (which: keyof Cost) => (of('ours', which) / of('ripgrep', which)).toFixed(2);
  process.stdout.write(
    `${name}, ${folders * filesPerFolder} files: ${parts.join(', ')}; ours/ripgrep ${ratio('wallMs')} wall, ${ratio('cpuMs')} CPU\n`,
  );
}
process.stdout.write(`load average ${loadavg()[0]?.toFixed(1)}\n`);
rmSync(root, { recursive: true, force: true });
