// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { documentsOf, forgetDocuments } from '../features/workbench/document-store.ts';
import { rpcConnection } from '../rpc/client.ts';
import { queryClient, sessionKey } from './query-client.ts';
import { signIn, signOut } from './session.ts';

const draftKey = 'cds.draft.p1.a.ts';
const draft = JSON.stringify({ content: 'mine', etag: 'v1' });
let loggedOut = 0;

beforeEach(() => {
  loggedOut = 0;
  vi.stubGlobal(
    'WebSocket',
    class {
      close() {}
    },
  );
  vi.stubGlobal('fetch', async (path: string, init: { body: string }) => {
    if (path === '/auth/logout') loggedOut += 1;
    const { username = '' } = JSON.parse(init.body) as { username?: string };
    return Response.json({ user: { id: `id of ${username}`, username } });
  });
});

afterEach(() => {
  rpcConnection.stop();
  forgetDocuments();
  localStorage.clear();
  vi.unstubAllGlobals();
});

test('whose session had lapsed finds unsaved text again after signing in', async () => {
  await signIn({ username: 'ada', password: 'x' });
  localStorage.setItem(draftKey, draft);
  queryClient.setQueryData(sessionKey, null);
  await signIn({ username: 'ada', password: 'x' });
  expect(localStorage.getItem(draftKey)).toBe(draft);
});

test('who signs in after somebody else finds neither their text nor their open files', async () => {
  await signIn({ username: 'ada', password: 'x' });
  localStorage.setItem(draftKey, draft);
  const open = documentsOf('p1');
  queryClient.setQueryData(sessionKey, null);
  await signIn({ username: 'bob', password: 'x' });
  expect(localStorage.getItem(draftKey)).toBeNull();
  expect(documentsOf('p1')).not.toBe(open);
});

test('signing out deletes no unsaved text before it has asked', async () => {
  await signIn({ username: 'ada', password: 'x' });
  localStorage.setItem(draftKey, draft);
  await signOut();
  expect([localStorage.getItem(draftKey), loggedOut]).toEqual([draft, 0]);
  localStorage.removeItem(draftKey);
  await signOut();
  expect(loggedOut).toBe(1);
});
