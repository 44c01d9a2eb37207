import { beforeEach, expect, test, vi } from 'vitest';
import { RpcFault } from '../../rpc/fault.ts';
import { type DocumentOptions, type DocumentServer, OpenDocument } from './document.ts';

/** A server with one file; each save gives it the next etag, as long as the caller knows the present one. */
class OneFile implements DocumentServer {
  content: string | undefined = 'one';
  version = 1;
  saves = 0;
  failure: RpcFault | undefined;
  /** The next save is carried out, but its answer gets lost. */
  losesAnswer = false;
  /** What else happens while a request is on its way. */
  meanwhile: (() => void) | undefined;

  get etag(): string {
    return `v${this.version}`;
  }

  async save(_path: string, content: string, ifMatch: string | null) {
    this.saves += 1;
    if (this.failure !== undefined) throw this.failure;
    if (ifMatch !== (this.content === undefined ? null : this.etag)) throw fault('files.conflict', 409);
    this.content = content;
    this.version += 1;
    this.meanwhile?.();
    if (this.losesAnswer) {
      this.losesAnswer = false;
      throw fault('studio.answer_lost', 0);
    }
    return { etag: this.etag };
  }

  async read() {
    this.meanwhile?.();
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

test('an answer that was lost while typing went on is no conflict with oneself', async () => {
  const server = new OneFile();
  const document = open(server);
  document.edit('two');
  server.losesAnswer = true;
  await document.save();
  document.edit('two and more');
  await vi.advanceTimersByTimeAsync(1_100);
  expect(document.state.kind).not.toBe('conflict');
  await vi.advanceTimersByTimeAsync(1_100);
  expect([server.content, document.state.kind]).toEqual(['two and more', 'clean']);
});

test('one’s own save whose answer was lost, seen as a change on the server, is no conflict', async () => {
  const server = new OneFile();
  const document = open(server);
  document.edit('two');
  server.losesAnswer = true;
  await document.save();
  document.edit('two and more');
  await document.reload();
  expect(document.state.kind).toBe('dirty');
  await vi.advanceTimersByTimeAsync(1_100);
  expect([server.content, document.state.kind]).toEqual(['two and more', 'clean']);
});

test('a change that is looked at while a save is under way is no conflict with oneself', async () => {
  const server = new OneFile();
  const answered = Promise.withResolvers<void>();
  const slow: DocumentServer = {
    async save(...sent) {
      const saved = await server.save(...sent);
      await answered.promise;
      return saved;
    },
    read: () => server.read(),
  };
  const document = open(server, { server: slow });
  document.edit('two');
  // The save reaches the server between the question and its answer, and typing goes on.
  server.meanwhile = () => {
    server.meanwhile = undefined;
    void document.save();
    document.edit('three');
  };
  await document.reload();
  expect(document.state.kind).toBe('saving');
  answered.resolve();
  await vi.advanceTimersByTimeAsync(1_100);
  expect([server.content, document.state.kind]).toEqual(['three', 'clean']);
});

test('text typed while the file is moved is saved at its new place', async () => {
  const server = new OneFile();
  const paths: string[] = [];
  const moving: DocumentServer = {
    async save(path, content, ifMatch) {
      paths.push(path);
      if (path === 'a.ts') throw fault('files.conflict', 409);
      return server.save(path, content, ifMatch);
    },
    async read(path) {
      if (path === 'a.ts') throw fault('files.not_found', 404);
      return server.read();
    },
  };
  const document = open(server, { server: moving });
  document.edit('two');
  await document.save();
  expect(document.state.kind).toBe('gone');
  document.movedTo('b.ts');
  await vi.advanceTimersByTimeAsync(1_100);
  expect([paths, server.content, document.state.kind]).toEqual([['a.ts', 'b.ts'], 'two', 'clean']);
});

test('a save that was sent to the old place of a file that moved is sent to the new one', async () => {
  const server = new OneFile();
  let document: OpenDocument;
  const moving: DocumentServer = {
    async save(path, content, ifMatch) {
      if (path !== 'a.ts') return server.save(path, content, ifMatch);
      document.movedTo('b.ts');
      throw fault('files.conflict', 409);
    },
    read: () => server.read(),
  };
  document = open(server, { server: moving });
  document.edit('two');
  await document.save();
  await vi.advanceTimersByTimeAsync(1_100);
  expect([server.content, document.state.kind]).toEqual(['two', 'clean']);
});

test('a file that was deleted and written again is not gone', async () => {
  const server = new OneFile();
  const document = open(server);
  server.content = undefined;
  await document.reload();
  document.edit('mine');
  expect(document.state.kind).toBe('gone');
  server.content = 'one';
  await document.reload();
  await vi.advanceTimersByTimeAsync(1_100);
  expect([server.content, document.state.kind]).toEqual(['mine', 'clean']);
});

test('text of an earlier visit survives the deletion of its file', async () => {
  const server = new OneFile();
  server.content = undefined;
  const document = open(server, { etag: null, draft: { content: 'mine', etag: 'v1' } });
  expect([document.content, document.state.kind]).toEqual(['mine', 'gone']);
  await document.keepMine();
  expect([server.content, document.state.kind]).toEqual(['mine', 'clean']);
});

test('what is typed into the comparison of a conflict reaches the editor, which saves it', async () => {
  const server = new OneFile();
  const document = open(server);
  document.edit('mine');
  server.content = 'theirs';
  server.version = 7;
  await document.save();
  document.editElsewhere('both');
  expect(document.revision).toBe(1);
  await document.keepMine();
  expect([server.content, document.state.kind]).toEqual(['both', 'clean']);
});

test('what was made to show a document is released when it closes', () => {
  const document = open(new OneFile());
  const release = vi.fn();
  document.whenClosed(release);
  document.close();
  document.close();
  expect(release).toHaveBeenCalledTimes(1);
});
