import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test, { after, before } from 'node:test';
import { crc32 } from 'node:zlib';
import { type Person, type ProjectWorld, projectWorld } from '../testing/project-world.ts';

let shared: ProjectWorld;
let person: Person;
before(async () => {
  shared = await projectWorld();
  person = await shared.account();
});
after(() => shared[Symbol.asyncDispose]());

interface OldEntry {
  readonly name: Buffer;
  readonly flags?: number;
  readonly extra?: Buffer;
}

/** A zip of empty files, written by hand: the libraries of today write UTF-8 and say so. */
function zipOf(entries: readonly OldEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, flags = 0, extra = Buffer.alloc(0) } of entries) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(name.length, 22);
    common.writeUInt16LE(extra.length, 24);
    const file = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, extra]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, rest, name, extra]));
    files.push(file);
    offset += file.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...files, listed, Buffer.from('PK\x05\x06'), end]);
}

/** Info-ZIP's Unicode path: version 1, the checksum of the other name, the name. */
function unicodePath(other: Buffer, name: string): Buffer {
  const head = Buffer.alloc(9);
  head.writeUInt16LE(0x7075, 0);
  head.writeUInt16LE(5 + Buffer.byteLength(name), 2);
  head.writeUInt8(1, 4);
  head.writeUInt32LE(crc32(other), 5);
  return Buffer.concat([head, Buffer.from(name)]);
}

async function imported(entries: readonly OldEntry[]): Promise<{ status: number; names: string[] }> {
  shared.world.clock.advance(10_000);
  const response = await fetch(`${shared.world.url}/projects/import?name=old`, {
    method: 'POST',
    headers: { 'content-type': 'application/zip', authorization: `Bearer ${person.token}` },
    body: new Uint8Array(zipOf([...entries, { name: Buffer.from('plain') }])),
  });
  const { id } = (await response.json()) as { id?: string };
  const names = id === undefined ? [] : readdirSync(shared.workspaceOf(id));
  return { status: response.status, names: names.filter((name) => name !== '.git' && name !== 'plain') };
}

const bytes = (...parts: (string | number)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part))));

test('names of old archives are read in code page 437, as the specification says', async () => {
  const { status, names } = await imported([{ name: bytes('Gr', 0x94, 0xe1, 'e ', 0x81, '.txt') }]);
  assert.equal(status, 201);
  assert.deepEqual(names, ['Größe ü.txt']);
});

test('names in UTF-8 are read so, whether or not the archive says it', async () => {
  const { names } = await imported([
    { name: Buffer.from('Müller.txt') },
    { name: Buffer.from('名前.txt'), flags: 0x800 },
  ]);
  assert.deepEqual(names.toSorted(), ['Müller.txt', '名前.txt']);
});

test('names that an archive calls UTF-8 and that are not stay two files, not one of question marks', async () => {
  const { status, names } = await imported([
    { name: bytes('a', 0x84), flags: 0x800 },
    { name: bytes('a', 0x94), flags: 0x800 },
  ]);
  assert.equal(status, 201);
  assert.deepEqual(names.toSorted(), ['aä', 'aö']);
});

test('a Unicode path beside the name counts while it belongs to that name', async () => {
  const short = bytes('na', 0x8b, 've.txt');
  const { names } = await imported([
    { name: short, extra: unicodePath(short, 'naïve – 日本.txt') },
    { name: bytes('other', 0x81), extra: unicodePath(Buffer.from('renamed since'), 'wrong.txt') },
  ]);
  assert.deepEqual(names.toSorted(), ['naïve – 日本.txt', 'otherü']);
});

test('no encoding of a name leads out', async () => {
  const harmless = Buffer.from('harmless');
  for (const name of ['../out', '/tmp/out', 'a/../../out', '..\\out', 'C:\\out', 'nul\0byte']) {
    const { status } = await imported([{ name: harmless, extra: unicodePath(harmless, name) }]);
    assert.equal(status, 400, name);
    assert.equal((await imported([{ name: Buffer.from(name) }])).status, 400, name);
  }
});
