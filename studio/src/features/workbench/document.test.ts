import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RpcFault } from '../../rpc/fault.ts';
import { OpenDocument } from './document.ts';

/** A server with one file, as the real one keeps it: a save needs the etag of what it replaces. */
function server(content: string) {
  const file = { content, version: 1, away: false, saves: 0 };
  return {
    file,
    async save(_path: string, next: string, ifMatch: string) {
      if (file.away) throw new RpcFault({ code: 'studio.offline', status: 0, detail: '', hint: '' });
      if (ifMatch !== `v${file.version}`)
        throw new RpcFault({ code: 'files.conflict', status: 409, detail: '', hint: '' });
      file.content = next;
      file.version += 1;
      file.saves += 1;
      return { etag: `v${file.version}` };
    },
    read: async () => ({ content: file.content, etag: `v${file.version}` }),
  };
}

function open(host: ReturnType<typeof server>) {
  return new OpenDocument({
    path: 'a.ts',
    content: host.file.content,
    etag: 'v1',
    server: host,
    onChange: () => undefined,
  });
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('saves by itself a second after the last change, and only once', async () => {
  const host = server('one');
  const document = open(host);
  document.edit('two');
  await vi.advanceTimersByTimeAsync(600);
  document.edit('three');
  await vi.advanceTimersByTimeAsync(999);
  expect(host.file.saves).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(host.file).toMatchObject({ content: 'three', saves: 1 });
  expect(document.state.kind).toBe('clean');
});

test('a change of somebody else is not overwritten, and one’s own is not lost', async () => {
  const host = server('one');
  const document = open(host);
  Object.assign(host.file, { content: 'theirs', version: 2 });
  document.edit('mine');
  await document.save();
  expect(document.state).toEqual({ kind: 'conflict', theirs: 'theirs', theirEtag: 'v2' });
  expect(host.file.content).toBe('theirs');
  expect(document.content).toBe('mine');
});

test('a conflict is decided for one’s own text by saving over the version that was shown', async () => {
  const host = server('one');
  const document = open(host);
  Object.assign(host.file, { content: 'theirs', version: 2 });
  document.edit('mine');
  await document.save();
  await document.keepMine();
  expect(host.file.content).toBe('mine');
  expect(document.state.kind).toBe('clean');
});

test('a conflict is decided for the other text without a save', async () => {
  const host = server('one');
  const document = open(host);
  Object.assign(host.file, { content: 'theirs', version: 2 });
  document.edit('mine');
  await document.save();
  document.takeTheirs();
  expect(document.content).toBe('theirs');
  expect(host.file.saves).toBe(0);
});

test('waits for a server that is away and saves when it is back', async () => {
  const host = server('one');
  const document = open(host);
  host.file.away = true;
  document.edit('two');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(document.state.kind).toBe('waiting');
  host.file.away = false;
  await vi.advanceTimersByTimeAsync(3_000);
  expect(host.file.content).toBe('two');
});

test('text typed during a save is saved after it', async () => {
  const host = server('one');
  const document = open(host);
  document.edit('two');
  const saving = document.save();
  document.edit('three');
  await saving;
  expect(document.state.kind).toBe('dirty');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(host.file.content).toBe('three');
});

test('a clean document takes over what changed on the server', async () => {
  const host = server('one');
  const document = open(host);
  Object.assign(host.file, { content: 'theirs', version: 2 });
  await document.reload();
  expect(document.content).toBe('theirs');
});
