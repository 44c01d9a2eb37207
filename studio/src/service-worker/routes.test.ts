import { expect, test } from 'vitest';
import { routeOf } from './routes.ts';

const origin = 'https://studio.example';
const get = (path: string, isNavigation = false) =>
  routeOf({ method: 'GET', url: origin + path, isNavigation }, origin);

test('never touches what the server says', () => {
  for (const path of [
    '/rpc',
    '/ws',
    '/auth/me',
    '/admin/users?limit=1',
    '/projects/1/export.zip',
    '/health',
  ]) {
    expect([path, get(path), get(path, true)]).toEqual([path, 'leave', 'leave']);
  }
});

test('never touches what changes something, or another origin', () => {
  expect(routeOf({ method: 'POST', url: `${origin}/`, isNavigation: false }, origin)).toBe('leave');
  expect(
    routeOf({ method: 'GET', url: 'https://elsewhere.example/assets/a.js', isNavigation: false }, origin),
  ).toBe('leave');
});

test('tells pages, hashed files and other files apart', () => {
  expect(get('/p/123?file=src/a.ts', true)).toBe('page');
  expect(get('/assets/index-abc.js')).toBe('asset');
  expect(get('/icon.svg')).toBe('file');
  expect(get('/service-worker.js')).toBe('leave');
});

test('a view whose name begins like a server path is a view', () => {
  expect(get('/administration', true)).toBe('page');
});
