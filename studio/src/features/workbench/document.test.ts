import { beforeEach, expect, test, vi } from 'vitest';
import { RpcFault } from '../../rpc/fault.ts';
import { type DocumentOptions, type DocumentServer, OpenDocument } from './document.ts';

/** A server with one file; each save gives it the next etag, as long as the caller knows the present one. */
class OneFile implements DocumentServer {
  content: string | undefined = 'one';
  version = 1;
  saves = 0;
  failure: RpcFault | undefined;

  get etag(): string {
    return `v${this.version}`;
  }

  async save(_path: string, content: string, ifMatch: string | null) {
    this.saves += 1;
    if (this.failure !== undefined) throw this.failure;
    if (ifMatch !== (this.content === undefined ? null : this.etag)) throw fault('files.conflict', 409);
    this.content = content;
    this.version += 1;
    return { etag: this.etag };
  }

  async read() {
    if (this.failure !== undefined) throw this.failure;
    if (this.content === undefined) throw fault('files.not_found', 404);
    return { content: this.content, etag: this.etag };
  }
}

function fault(code: string, status: number): RpcFault {
  return new RpcFault({ code, status, detail: code, hint: '' });
}

function open(server: OneFile, more: Partial<DocumentOptions> = {}) {
  return new OpenDocument({
    path: 'a.ts',
    saved: server.content ?? '',
    etag: server.etag,
    server,
    onChange: () => undefined,
    ...more,
  });
}

beforeEach(() => {
  vi.useFakeTimers();
});

test('saves by itself a second after the last change, once', async () => {
  const server = new OneFile();
  const document = open(server);
  document.edit('two');
  await vi.advanceTimersByTimeAsync(900);
  document.edit('three');
  await vi.advanceTimersByTimeAsync(900);
  expect(server.saves).toBe(0);
  await vi.advanceTimersByTimeAsync(200);
  expect([server.saves, server.content, document.state.kind]).toEqual([1, 'three', 'clean']);
});

test('what is typed while a save is under way is saved after it', async () => {
  const server = new OneFile();
  const document = open(server);
  document.edit('two');
  const saving = document.save();
  document.edit('three');
  await saving;
  await vi.advanceTimersByTimeAsync(1_100);
  expect([server.content, document.unsaved]).toEqual(['three', false]);
});

test('overwrites nothing that somebody else saved, and shows both versions', async () => {
  const server = new OneFile();
  const document = open(server);
  document.edit('mine');
  server.content = 'theirs';
  server.version = 7;
  await document.save();
  expect(document.state).toEqual({ kind: 'conflict', theirs: 'theirs', theirEtag: 'v7' });
  document.edit('mine, more');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(server.content).toBe('theirs');
});

test('a conflict is decided by keeping one’s own text', async () => {
  const server = new OneFile();
  const document = open(server);
  document.edit('mine');
  server.content = 'theirs';
  server.version = 7;
  await document.save();
  await document.keepMine();
  expect([server.content, document.state.kind]).toEqual(['mine', 'clean']);
});

test('a conflict is decided by taking the other text, which the editor is told', async () => {
  const server = new OneFile();
  const document = open(server);
  document.edit('mine');
  server.content = 'theirs';
  server.version = 7;
  await document.save();
  document.takeTheirs();
  expect([document.content, document.state.kind, document.revision]).toEqual(['theirs', 'clean', 1]);
});

test('waits with growing pauses while the server is away, and loses nothing', async () => {
  const server = new OneFile();
  server.failure = fault('studio.offline', 0);
  const document = open(server);
  document.edit('two');
  await document.save();
  expect(document.state).toEqual({ kind: 'waiting', attempts: 1 });
  await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000 + 100);
  expect(server.saves).toBe(4);
  server.failure = undefined;
  await vi.advanceTimersByTimeAsync(8_100);
  expect([server.content, document.state.kind]).toEqual(['two', 'clean']);
});

test('an answer that was lost on its way is no conflict with oneself', async () => {
  const server = new OneFile();
  const document = open(server);
  document.edit('two');
  server.content = 'two';
  server.version = 2;
  await document.save();
  expect([document.state.kind, document.etag]).toEqual(['clean', 'v2']);
});

test('a file that was deleted meanwhile can be saved as a new one', async () => {
  const server = new OneFile();
  const document = open(server);
  document.edit('two');
  server.content = undefined;
  await document.save();
  expect(document.state.kind).toBe('gone');
  await document.keepMine();
  expect([server.content, document.state.kind]).toEqual(['two', 'clean']);
});

test('a draft of an earlier visit is saved when its version still stands', async () => {
  const server = new OneFile();
  const document = open(server, { draft: { content: 'draft', etag: 'v1' } });
  expect([document.content, document.unsaved]).toEqual(['draft', true]);
  await vi.advanceTimersByTimeAsync(1_100);
  expect(server.content).toBe('draft');
});

test('a draft of a version that was replaced becomes a conflict at once', () => {
  const server = new OneFile();
  server.version = 5;
  const document = open(server, { draft: { content: 'draft', etag: 'v1' } });
  expect(document.state).toEqual({ kind: 'conflict', theirs: 'one', theirEtag: 'v5' });
});

test('a change on the server is taken over when nothing is unsaved', async () => {
  const server = new OneFile();
  const document = open(server);
  server.content = 'from elsewhere';
  server.version = 2;
  await document.reload();
  expect([document.content, document.revision]).toEqual(['from elsewhere', 1]);
});

test('a change on the server is shown as a conflict when something is unsaved', async () => {
  const server = new OneFile();
  const document = open(server);
  document.edit('mine');
  server.content = 'from elsewhere';
  server.version = 2;
  await document.reload();
  expect([document.content, document.state.kind]).toEqual(['mine', 'conflict']);
});

test('another refusal stays visible and keeps the text', async () => {
  const server = new OneFile();
  server.failure = fault('files.quota_bytes', 413);
  const document = open(server);
  document.edit('two');
  await document.save();
  expect([document.state.kind, document.content, document.unsaved]).toEqual(['failed', 'two', true]);
});
