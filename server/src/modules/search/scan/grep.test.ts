import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { type GrepRequest, grep, joinAnswers, shareOut } from './grep.ts';
import { requiredLiteral, sieveOf } from './needle.ts';

const base = {
  maxDepth: 64,
  wholeWord: false,
  include: [],
  exclude: [],
  contextLines: 0,
  limit: 100_000,
} as const;

function search(request: GrepRequest) {
  return joinAnswers(grep({ ...request, shares: shareOut(request) }), request.limit);
}

/** Mulberry32: the same tree for the same seed, everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const names = [
  'a',
  'b',
  'build',
  'keep',
  'deep',
  'x1z',
  'src',
  'lib',
  'Äpfel',
  'with space',
  '.hidden',
  'dir',
];
const endings = ['', '.txt', '.log', '.ts', '.min.js'];
const rules = [
  '*.log',
  '!keep.log',
  'build/',
  '/src',
  'deep/**',
  '**/dir',
  'x?z',
  '[ab].txt',
  '# a comment',
  '/lib/*.ts',
  'a/b',
  '!/src/a.txt',
  '*.min.*',
  '!*.ts',
  'with\\ space',
  '',
];
const lines = [
  'needle',
  'a Needle in the hay',
  'nothing here',
  'two needle needle',
  'KELVIN \u212a and mask',
  'straße needle_1 = 7',
  '\tneedles = 12;',
  '',
];

function randomTree(root: string, seed: number): void {
  const random = randomFrom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const folders = [''];
  for (let count = 0; count < 12; count += 1) {
    const folder = path.posix.join(pick(folders), pick(names));
    mkdirSync(path.join(root, folder), { recursive: true });
    folders.push(folder);
  }
  const write = (name: string, content: string | Buffer) => {
    try {
      writeFileSync(path.join(root, name), content, { flag: 'wx' });
    } catch (error) {
      // A folder has the name already.
      if (!(error instanceof Error && 'code' in error && /EEXIST|EISDIR/.test(String(error.code))))
        throw error;
    }
  };
  for (let count = 0; count < 60; count += 1) {
    const end = pick(['\n', '\r\n']);
    const text = Array.from({ length: Math.floor(random() * 12) }, () => pick(lines)).join(end);
    const name = path.posix.join(pick(folders), pick(names) + pick(endings));
    const kind = random();
    if (kind < 0.05) write(name, Buffer.from(`needle\0${text}`));
    else if (kind < 0.1) write(name, Buffer.concat([Buffer.from([0xe4, 0xff, 0x20]), Buffer.from(text)]));
    else if (kind < 0.13) write(name, `${'x'.repeat(300_000)}needle${end}${text}`);
    else if (kind < 0.16) write(name, `${'line without\n'.repeat(40_000)}${text}`);
    else write(name, text);
  }
  for (let count = 0; count < 4; count += 1) {
    const text = Array.from({ length: 4 }, () => pick(rules)).join(pick(['\n', '\r\n']));
    write(path.posix.join(pick(folders), '.gitignore'), text);
  }
  symlinkSync(root, path.join(root, 'link-to-folder'));
  symlinkSync('/etc/passwd', path.join(root, 'link-to-file'));
}

const ripgrep = (() => {
  const { status, stdout } = spawnSync('rg', ['--version'], { encoding: 'utf8' });
  return status === 0 && stdout.startsWith('ripgrep');
})();

test('finds the same lines as ripgrep in 8 random trees: .gitignore, binary, CRLF, not UTF-8, links, endless lines', {
  skip: ripgrep ? false : 'ripgrep (rg) is not installed',
}, () => {
  let compared = 0;
  for (let seed = 1; seed <= 8; seed += 1) {
    const root = mkdtempSync(path.join(tmpdir(), 'cds-grep-'));
    try {
      randomTree(root, seed);
      for (const [request, args] of [
        [{ query: 'needle', mode: 'exact', caseSensitive: true }, ['-F']],
        [{ query: 'needle', mode: 'exact', caseSensitive: false }, ['-F', '-i']],
        [{ query: 'MASK', mode: 'exact', caseSensitive: false }, ['-F', '-i']],
        [{ query: 'kelvin k', mode: 'exact', caseSensitive: false }, ['-F', '-i']],
        [{ query: 'straße', mode: 'exact', caseSensitive: true }, ['-F']],
        [{ query: 'needle\\w* = \\d+', mode: 'regex', caseSensitive: true }, []],
        [{ query: '^(two|\\tneedles)', mode: 'regex', caseSensitive: true }, []],
        [{ query: 'needle', mode: 'exact', caseSensitive: true, wholeWord: true }, ['-F', '-w']],
      ] as const) {
        const found = search({ ...base, ...request, workspacePath: root });
        const ours = found.hits.map(({ path: file, line }) => `${file}:${line}`);
        const flags = ['--hidden', '--no-ignore-dot', '--no-ignore-exclude', '--no-ignore-global'];
        const rest = ['--no-ignore-parent', '--no-require-git', '--no-messages', '-n', '--no-heading'];
        const told = spawnSync('rg', [...flags, ...rest, ...args, '--', request.query, '.'], {
          cwd: root,
          encoding: 'latin1',
          maxBuffer: 1 << 28,
        }).stdout;
        const theirs = told
          .split('\n')
          .map((row) => /^\.\/((?:(?!:\d+:).)+:\d+):/.exec(row)?.[1])
          .filter((row) => row !== undefined)
          .map((row) => Buffer.from(row, 'latin1').toString('utf8'));
        assert.deepEqual(ours.toSorted(), theirs.toSorted(), `seed ${seed}: ${request.query}`);
        compared += theirs.length;
      }
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }
  assert.ok(compared > 300, `only ${compared} lines were compared`);
});

test('parts that threads share give what one walk gives, in its order, and the limit holds', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'cds-grep-'));
  try {
    for (let file = 0; file < 1_000; file += 1) writeFileSync(path.join(root, `f${file}`), 'needle\n');
    for (let folder = 0; folder < 70; folder += 1) {
      mkdirSync(path.join(root, `f${folder}-folder/below`), { recursive: true });
      writeFileSync(path.join(root, `f${folder}-folder/below/x`), 'needle\n');
    }
    const request = {
      ...base,
      workspacePath: root,
      query: 'needle',
      mode: 'exact',
      caseSensitive: true,
    } as const;
    const shares = shareOut(request);
    assert.ok(shares.parts.length > 64);
    // What a second thread would have taken is taken here by a second call.
    const halves = [grep({ ...request, shares }), grep({ ...request, shares })];
    assert.deepEqual(halves[1], []);
    const { hits } = joinAnswers(halves.flat().toReversed(), request.limit);
    const found = hits.map((hit) => hit.path);
    const expected = found.toSorted((a, b) => {
      const [left, right] = [a.split('/'), b.split('/')];
      const differs = left.findIndex((part, index) => part !== right[index]);
      return (left[differs] ?? '') < (right[differs] ?? '') ? -1 : 1;
    });
    assert.equal(found.length, 1_070);
    assert.deepEqual(found, expected);
    const few = search({ ...request, limit: 7 });
    assert.deepEqual(
      few.hits.map((hit) => hit.path),
      found.slice(0, 7),
    );
    assert.equal(few.truncated, true);
    assert.equal(search({ ...request, limit: 1_070 }).truncated, false);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('a file with a second name is not shown: that name may be outside', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'cds-grep-'));
  try {
    const workspacePath = path.join(root, 'workspace');
    mkdirSync(workspacePath);
    writeFileSync(path.join(root, 'secret'), 'needle');
    linkSync(path.join(root, 'secret'), path.join(workspacePath, 'hard'));
    const request = { ...base, workspacePath, query: 'needle', mode: 'exact', caseSensitive: true } as const;
    assert.deepEqual(search(request).hits, []);
    // A pipe that nobody writes to must not hold the search up.
    execFileSync('mkfifo', [path.join(workspacePath, 'pipe')]);
    assert.deepEqual(search(request).hits, []);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('what every match of a pattern must hold', () => {
  const cases: readonly (readonly [pattern: string, literal: string])[] = [
    ['needle\\w+ = \\d', 'needle'],
    ['a|needle', ''],
    ['(a|b)needle(c|d)?', 'needle'],
    ['need?le', 'nee'],
    ['need*le', 'nee'],
    ['need{0,2}le', 'nee'],
    ['need+le', 'need'],
    ['\\.exports\\(', '.exports('],
    ['\\x41bc', 'bc'],
    ['[abc]def[^x]gh', 'def'],
    ['[\\]x]long', 'long'],
    ['(?<=before)after', 'after'],
    ['(?i:abc)def', ''],
    ['^start$', 'start'],
    ['.*', ''],
    ['(unclosed', ''],
    ['\\p{Lu}name\\u{1f600}tail', 'name'],
    ['\\bword\\b', 'word'],
    ['😀?x', 'x'],
  ];
  for (const [pattern, literal] of cases) assert.equal(requiredLiteral(pattern), literal, pattern);
});

test('no file is passed over that has a match, for random patterns and texts', () => {
  const random = randomFrom(7);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const atoms = ['a', 'b', 'k', 'S', '\\.', '\\w', '[ab]', '(?:ab|k)', '.', 'ſ', 'K', '(a)', '\\d', '1'];
  const texts = ['a', 'b', 'K', 's', '.', '\u212a', '\u017f', '1', 'ab', 'kK', 'ä'];
  let matches = 0;
  for (let round = 0; round < 4_000; round += 1) {
    const query = Array.from(
      { length: 1 + Math.floor(random() * 5) },
      () => pick(atoms) + pick(['', '', '', '?', '+', '*', '{0,1}']),
    ).join(pick(['', '', '', '|']));
    const caseSensitive = random() < 0.5;
    const sieve = sieveOf({ ...base, workspacePath: '', query, mode: 'regex', caseSensitive });
    const pattern = new RegExp(query, caseSensitive ? 'mu' : 'imu');
    const text = Array.from({ length: 6 }, () => pick(texts)).join('');
    if (!pattern.test(text)) continue;
    matches += 1;
    assert.notEqual(sieve?.(Buffer.from(text)), false, `${query} in ${text}`);
  }
  assert.ok(matches > 500);
});
