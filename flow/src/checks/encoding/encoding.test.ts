// The samples are damaged on purpose: cds-ignore-file encoding
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { listSourceFiles } from '../tree.ts';
import { findDoubleEncoded, replaceStretches } from './double-encoded.ts';
import { checkEncoding } from './encoding.ts';
import { lintEncoding } from './lint.ts';

function damage(text: string, charset: string, layers: number): string {
  let damaged = text;
  for (let layer = 0; layer < layers; layer += 1) {
    damaged = new TextDecoder(charset).decode(new TextEncoder().encode(damaged));
  }
  return damaged;
}

function repairText(text: string): string {
  return replaceStretches(
    text,
    findDoubleEncoded(text).filter((stretch) => stretch.verdict === 'certain'),
  );
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const rulesOf = (bytes: Uint8Array, file = 'page.html') =>
  lintEncoding({ path: file, bytes }).findings.map((finding) => finding.rule);

const DAMAGED_SAMPLES = [
  'für Übergröße – „Ä“ 😀 €',
  'привет мир',
  '中文测试',
  'déjà « vu » …',
  'Tiếng Việt',
  'şğı İstanbul',
  'x → y ✓',
  'Ελληνικά',
  '“quoted” it’s',
];

for (const charset of ['windows-1252', 'windows-1254', 'iso-8859-1']) {
  test(`restores text that went through ${charset} one to four times`, () => {
    for (const sample of DAMAGED_SAMPLES) {
      for (const layers of [1, 2, 3, 4]) {
        assert.equal(repairText(damage(sample, charset, layers)), sample, `${sample}, ${layers} layers`);
      }
    }
  });
}

/** Names of regions and dates of a language, plain and in capitals, in every style of quotes and beside every sign. */
function textOfLanguage(locale: string): string {
  const names = new Intl.DisplayNames(locale, { type: 'region' });
  const words = ['DE', 'AX', 'CI', 'AT', 'CW', 'RE', 'TR', 'AZ', 'IS', 'ZM'].map(
    (region) => names.of(region) ?? region,
  );
  return words
    .flatMap((word) => [word, word.toLocaleUpperCase(locale)])
    .flatMap((word) => [
      `„${word}“ «${word}» “${word}” ‘${word}’ »${word}«`,
      `« ${word} » ${word}… ${word}–${word} ${word}’s ${word}© ${word}® ${word}™ ${word}° ${word}²`,
      `${word}\u00a0» ${word}\u00a0: ${word}\u00a0€ ${word}\u00ad${word}`,
    ])
    .join('\n');
}

for (const locale of [
  'de',
  'fr',
  'pt',
  'cy',
  'cs',
  'vi',
  'tr',
  'az',
  'is',
  'el',
  'ru',
  'ar',
  'hi',
  'am',
  'ka',
  'uk',
  'yo',
  'ja',
  'ko',
]) {
  test(`text in ${locale} has no findings, and comes back whole from one and two layers of damage`, () => {
    const text = textOfLanguage(locale);
    assert.deepEqual(findDoubleEncoded(text), []);
    for (const layers of [1, 2]) assert.equal(repairText(damage(text, 'windows-1252', layers)), text);
  });
}

test('restores text in which the C1 controls of Latin-1 were left as they are', () => {
  const damaged = Buffer.from('“für” €', 'utf8').toString('latin1');
  assert.equal(repairText(damaged), '“für” €');
});

test('restores decomposed text, and leaves Italian capitals alone', () => {
  const text = 'Größe für alle, déjà vu'.normalize('NFD');
  assert.equal(repairText(damage(text, 'windows-1252', 1)), text);
  for (const ordinary of ['„LUNEDÌ“', 'LUNEDÌ… LUNEDÌ» LUNEDÌ”', 'GIOVEDÌ–VENERDÌ']) {
    assert.deepEqual(findDoubleEncoded(ordinary), []);
  }
});

test('leaves ordinary text alone that looks like damage', () => {
  const ordinary = [
    'il est fermé »',
    '“MANH\u00c3\u201d',
    '„Buchstabe Ä“',
    'NESTL\u00c9\u00ae',
    'HÄ…',
    'CAFÉ»',
    'está»… «está»¿qué?',
    '1.54 Å±0.02',
    'payé\u00a0€ 5',
    'VÝŠKA TOMÁŠ KŘÍŽ',
    'ÖÄÜ äöü ß',
    'ESPAÑ…',
    'A–Ä–Z, Ä–Ö–Ü',
    'S\u00e3o Paulo, IRMÃOS',
    'Stä\u00addte',
  ];
  for (const text of ordinary) assert.deepEqual(findDoubleEncoded(text), [], text);
});

test('repairs an ambiguous place only when the same file proves the damage', () => {
  assert.equal(repairText('Ã–'), 'Ã–');
  assert.equal(repairText('fÃ¼r Ã–sterreich'), 'für Österreich');
});

test('reports without repairing when the leading character is also used in earnest', () => {
  const text = 'fÃ¼r “MANH\u00c3\u201d e IRMÃOS';
  assert.equal(repairText(text), 'für “MANH\u00c3\u201d e IRMÃOS');
  assert.ok(findDoubleEncoded(text).some((stretch) => stretch.verdict === 'doubtful'));
});

test('names line and column of invalid UTF-8 in characters', () => {
  const bytes = Buffer.concat([
    Buffer.from('erste Zeile\r\nzweite ä '),
    Buffer.from([0xfc, 0x20, 0xc3, 0x28]),
  ]);
  const { findings, repaired } = lintEncoding({ path: 'a.txt', bytes });
  assert.deepEqual(
    findings.map(({ rule, line, column }) => ({ rule, line, column })),
    [
      { rule: 'encoding.invalid_utf8', line: 2, column: 10 },
      { rule: 'encoding.invalid_utf8', line: 2, column: 12 },
    ],
  );
  assert.equal(repaired, null, 'nothing is converted on a guess');
});

test('refuses overlong forms, surrogates and code points above U+10FFFF', () => {
  for (const bytes of [
    [0xc0, 0xaf],
    [0xe0, 0x80, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xff],
  ]) {
    assert.deepEqual(rulesOf(Uint8Array.from(bytes)).slice(0, 1), ['encoding.invalid_utf8']);
  }
});

test('converts Latin-1 that the file declares, and rewrites the declaration', () => {
  const bytes = Buffer.from('<meta charset="iso-8859-1"><p>Grüße', 'latin1');
  const { repaired } = lintEncoding({ path: 'a.html', bytes });
  assert.equal(Buffer.from(repaired ?? []).toString('utf8'), '<meta charset="utf-8"><p>Grüße');
});

test('converts by the settings, but not when the bytes do not fit what they say', () => {
  const german = Buffer.from('Grüße', 'latin1');
  const byLatin = lintEncoding({ path: 'a.txt', bytes: german, charset: 'windows-1252' });
  assert.equal(Buffer.from(byLatin.repaired ?? []).toString('utf8'), 'Grüße');
  assert.equal(lintEncoding({ path: 'a.txt', bytes: german, charset: 'utf-16le' }).repaired, null);
});

test('converts UTF-16 with a byte order mark, and only names UTF-16 without one', () => {
  const marked = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Grüße\r\n', 'utf16le')]);
  assert.equal(
    Buffer.from(lintEncoding({ path: 'a.txt', bytes: marked }).repaired ?? []).toString(),
    'Grüße\r\n',
  );
  const bare = lintEncoding({ path: 'a.txt', bytes: Buffer.from('plain words here', 'utf16le') });
  assert.equal(bare.repaired, null);
  assert.deepEqual(
    bare.findings.map((finding) => finding.rule),
    ['encoding.utf16'],
  );
});

test('finds marks, lost characters, controls, direction tricks and half-lost damage', () => {
  assert.deepEqual(rulesOf(utf8('\ufeffx')), ['encoding.byte_order_mark']);
  assert.deepEqual(rulesOf(utf8('a\ufffdb')), ['encoding.replacement_character']);
  assert.deepEqual(rulesOf(utf8('a\u0085b')), ['encoding.control_character']);
  assert.deepEqual(rulesOf(utf8('a\u202eb')), ['encoding.bidi_control']);
  assert.deepEqual(rulesOf(utf8('f&Atilde;&frac14;r')), ['encoding.suspicious']);
  assert.deepEqual(rulesOf(utf8('<meta charset=latin1>ü')), ['encoding.declaration']);
  assert.deepEqual(rulesOf(utf8('plain ASCII, tab\t and end\r\n')), []);
});

test('leaves a page alone that quotes double-encoded text on purpose', () => {
  const quoted = '<!-- cds-ignore encoding -->\n<code>Ã¼</code>\n';
  assert.deepEqual(lintEncoding({ path: 'a.html', bytes: utf8(quoted) }), { findings: [], repaired: null });
  const block = '# a\n<!-- cds-ignore-start encoding -->\nÃ¼\n\nÃ¤\n<!-- cds-ignore-end encoding -->\nfÃ¶r\n';
  const { findings, repaired } = lintEncoding({ path: 'a.md', bytes: utf8(block) });
  assert.deepEqual(
    findings.map((finding) => finding.line),
    [7],
  );
  assert.equal(Buffer.from(repaired ?? []).toString(), block.replace('fÃ¶r', 'för'));
  const other = '<!-- cds-ignore markdown -->\nÃ¼\n';
  assert.equal(lintEncoding({ path: 'a.md', bytes: utf8(other) }).findings.length, 1);
});

test('shows a repair as a diff, writes only when told, and keeps the mode', async (t) => {
  const rootDir = await mkdtemp(path.join(os.tmpdir(), 'cds-encoding-'));
  t.after(() => rm(rootDir, { recursive: true, force: true }));
  await mkdir(path.join(rootDir, 'ein & zwei 😀'));
  const file = 'ein & zwei 😀/größe.sh';
  await writeFile(path.join(rootDir, file), 'one\nfÃ¼r\nthree\n', { mode: 0o755 });
  await writeFile(path.join(rootDir, 'image.png'), Buffer.from([0x89, 0x50, 0xff, 0xfe]));
  const { files } = await listSourceFiles(rootDir);

  const shown = await checkEncoding({ rootDir, files, fix: 'show' });
  assert.match(shown.diffs.join(''), /^-fÃ¼r\n\+für$/m);
  assert.equal(shown.findings.length, 1);
  assert.equal(await readFile(path.join(rootDir, file), 'utf8'), 'one\nfÃ¼r\nthree\n');

  const written = await checkEncoding({ rootDir, files, fix: 'write' });
  assert.deepEqual(written.written, [file]);
  assert.deepEqual(written.findings, []);
  assert.equal(await readFile(path.join(rootDir, file), 'utf8'), 'one\nfür\nthree\n');
  assert.equal((await stat(path.join(rootDir, file))).mode & 0o777, 0o755);
});

test('the diff never hands a control character to the terminal', async (t) => {
  const rootDir = await mkdtemp(path.join(os.tmpdir(), 'cds-encoding-'));
  t.after(() => rm(rootDir, { recursive: true, force: true }));
  await writeFile(path.join(rootDir, 'a.txt'), '\u001b[2Jâ\u0080\u009cxâ\u0080\u009d');
  const { diffs } = await checkEncoding({ rootDir, files: ['a.txt'], fix: 'show' });
  assert.doesNotMatch(diffs.join(''), /[^\P{Cc}\n]/u);
});
