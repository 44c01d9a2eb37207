// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { unsavedFiles } from '../../app/editor-status.ts';
import type { OpenDocument } from './document.ts';
import { type DocumentStore, documentsOf, forgetDocuments, guardUnsavedText } from './document-store.ts';
import { DraftKeeper } from './drafts.ts';

const projectId = 'p1';

/** The server behind fetch: files with a version, answered as JSON-RPC. */
class Files {
  readonly files = new Map([['a.ts', { content: 'one', version: 1 }]]);
  away = false;
  saves: string[] = [];

  answer(method: string, params: Record<string, string>): unknown {
    const file = this.files.get(params.path ?? '');
    if (method === 'fs.read') {
      if (file === undefined) throw refusal('files.not_found', -32004);
      return { content: file.content, encoding: 'utf8', etag: `v${file.version}`, size: file.content.length };
    }
    if ((params.ifMatch ?? null) !== (file === undefined ? null : `v${file.version}`))
      throw refusal('files.conflict', -32040);
    const content = String(params.content);
    this.saves.push(content);
    const version = (file?.version ?? 0) + 1;
    this.files.set(params.path ?? '', { content, version });
    return { path: params.path, size: content.length, etag: `v${version}` };
  }
}

function refusal(code: string, number: number) {
  return { code: number, message: code, data: { code, detail: code } };
}

let server: Files;
let store: DocumentStore;

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  server = new Files();
  vi.stubGlobal('fetch', async (_path: string, init: { body: string }) => {
    if (server.away) throw new TypeError('network');
    const { id, method, params } = JSON.parse(init.body);
    try {
      return Response.json({ jsonrpc: '2.0', id, result: server.answer(method, params) });
    } catch (error) {
      return Response.json({ jsonrpc: '2.0', id, error });
    }
  });
  store = documentsOf(projectId);
});

afterEach(() => {
  forgetDocuments();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function opened(path: string): Promise<OpenDocument> {
  store.open(path);
  await vi.waitFor(() => expect(store.content(path).kind).toBe('text'));
  const content = store.content(path);
  if (content.kind !== 'text') throw new Error('no text');
  return content.document;
}

/** Another page of the browser comes to this file: it begins with what is stored, and with nothing else. */
function reloadPage(): void {
  const stored = { ...localStorage };
  forgetDocuments();
  for (const [key, value] of Object.entries(stored)) localStorage.setItem(key, String(value));
  store = documentsOf(projectId);
}

test('a tab that was closed while the server was away, opened again, is the same document', async () => {
  const first = await opened('a.ts');
  server.away = true;
  first.edit('mine');
  store.close('a.ts');
  await vi.advanceTimersByTimeAsync(500);
  expect(unsavedFiles.get()).toEqual({ count: 1, waiting: true });
  const again = await opened('a.ts');
  expect(again).toBe(first);
  again.edit('mine, more');
  server.away = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([server.files.get('a.ts')?.content, again.state.kind]).toEqual(['mine, more', 'clean']);
});

test('a tab that was closed while the server was away is saved when it is back, and then released', async () => {
  const document = await opened('a.ts');
  const release = vi.fn();
  document.whenClosed(release);
  server.away = true;
  document.edit('mine');
  store.close('a.ts');
  await vi.advanceTimersByTimeAsync(500);
  expect(release).not.toHaveBeenCalled();
  server.away = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([server.saves, release.mock.calls.length, unsavedFiles.get().count]).toEqual([['mine'], 1, 0]);
});

test('text typed into a file that was deleted meanwhile is there after a reload of the page', async () => {
  const document = await opened('a.ts');
  server.files.delete('a.ts');
  document.edit('mine');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(document.state.kind).toBe('gone');
  reloadPage();
  const after = await opened('a.ts');
  expect([after.content, after.state.kind]).toEqual(['mine', 'gone']);
});

test('another page that has saved the file does not delete this page’s unsaved text', async () => {
  const document = await opened('a.ts');
  server.files.set('a.ts', { content: 'theirs', version: 9 });
  document.edit('mine');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(document.state.kind).toBe('conflict');
  const otherPage = new DraftKeeper(projectId, 'another page');
  otherPage.changed({ path: 'a.ts', unsaved: false } as OpenDocument);
  reloadPage();
  expect((await opened('a.ts')).content).toBe('mine');
});

test('a draft of a tab that was not opened yet follows its file', async () => {
  const document = await opened('a.ts');
  server.away = true;
  document.edit('mine');
  await vi.advanceTimersByTimeAsync(2_000);
  reloadPage();
  server.away = false;
  server.files.set('b.ts', { content: 'one', version: 1 });
  store.moved('a.ts', 'b.ts');
  expect((await opened('b.ts')).content).toBe('mine');
});

test('the browser asks before text is lost for which there is no room on the device', async () => {
  const stop = guardUnsavedText();
  const document = await opened('a.ts');
  server.away = true;
  document.edit('x'.repeat(1_000_001));
  const leaving = new Event('beforeunload', { cancelable: true });
  window.dispatchEvent(leaving);
  expect(leaving.defaultPrevented).toBe(true);
  document.edit('short');
  const again = new Event('beforeunload', { cancelable: true });
  window.dispatchEvent(again);
  expect(again.defaultPrevented).toBe(false);
  stop();
});
