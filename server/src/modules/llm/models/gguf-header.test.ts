import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { writeChatMachine } from '../testing/chat-machine.ts';
import { writeEmbeddingModel } from '../testing/models.ts';
import { createModelFolder } from './folder.ts';
import { GgufSyntaxError, readGgufHeader } from './gguf-header.ts';

describe('GGUF files', () => {
  let folder: string;
  let good: Buffer;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cds-gguf-'));
    writeChatMachine(path.join(folder, 'chat.gguf'));
    good = readFileSync(path.join(folder, 'chat.gguf'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function problemOf(bytes: Buffer): Promise<string> {
    const file = path.join(folder, 'other');
    writeFileSync(file, bytes);
    try {
      await readGgufHeader(file);
    } catch (error) {
      assert.ok(error instanceof GgufSyntaxError, String(error));
      return error.message;
    }
    return '';
  }

  test('say what their model is and can do', async () => {
    const header = await readGgufHeader(path.join(folder, 'chat.gguf'));
    assert.equal(header.architecture, 'llama');
    assert.equal(header.licence, 'apache-2.0');
    assert.equal(header.trainedContextSize, 4096);
    assert.equal(header.layers, 1);
    assert.equal(header.keyValueWidth, 256);
    assert.deepEqual(header.capabilities, { chat: true, embeddings: false, infill: true });
    writeEmbeddingModel(path.join(folder, 'words'));
    const words = await readGgufHeader(path.join(folder, 'words'));
    assert.deepEqual(words.capabilities, { chat: false, embeddings: true, infill: false });
  });

  test('that are cut off anywhere are told as such', async () => {
    for (const length of [0, 3, 23, 24, 100, 1_000, 5_000, 20_000, good.length - 1]) {
      assert.match(
        await problemOf(good.subarray(0, length)),
        /too short|ends within its header|is cut off/,
        `${length}`,
      );
    }
  });

  test('with garbage in them are refused in words, whatever it claims', async () => {
    assert.match(await problemOf(Buffer.from(`<html>${' '.repeat(100)}`)), /does not begin/);
    const version = Buffer.from(good);
    version.writeUInt32LE(99, 4);
    assert.match(await problemOf(version), /version 99/);
    const tensors = Buffer.from(good);
    tensors.writeBigUInt64LE(2n ** 60n, 8);
    assert.match(await problemOf(tensors), /claims 1152921504606846976 tensors/);
    const length = Buffer.from(good);
    length.writeBigUInt64LE(2n ** 50n, 24);
    assert.match(await problemOf(length), /claims/);
  });

  test('with single bytes changed never make the reader hang, crash or take much memory', async () => {
    let state = 12_345;
    for (let round = 0; round < 300; round += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      const bytes = Buffer.from(good);
      bytes[state % 12_000] = state >>> 24;
      await problemOf(bytes);
    }
  });

  test('of a folder are listed with their problems; a later part of a split model is none of its own', async () => {
    writeFileSync(path.join(folder, 'bad.gguf'), 'nothing');
    writeFileSync(path.join(folder, 'split-00002-of-00002.gguf'), 'part');
    writeFileSync(path.join(folder, '.hidden.gguf'), 'hidden');
    const models = createModelFolder(folder);
    assert.deepEqual(
      (await models.list()).map(({ id, problem }) => [id, problem === null]),
      [
        ['bad', false],
        ['chat', true],
      ],
    );
    writeChatMachine(path.join(folder, 'bad.gguf'));
    assert.equal((await models.list())[0]?.problem, null, 'a file that was replaced is read again');
    assert.deepEqual(await createModelFolder(path.join(folder, 'none')).list(), []);
  });
});
