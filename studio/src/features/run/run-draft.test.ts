import { expect, test } from 'vitest';
import { type Draft, draftOf, emptyDraft, savedDraft } from './run-draft.ts';
import type { RunConfig } from './run-sidebar.tsx';

const config: RunConfig = {
  configId: 'c1',
  name: 'grade',
  engine: 'micro',
  files: 'read',
  command: 'python3',
  args: ['grade.py', 'two words'],
  env: { CI: '1' },
  cwd: 'tests',
  timeoutMs: 5_000,
  limits: { memoryBytes: 1_000_000 },
  keepInput: true,
  network: true,
  updatedAt: '2026-01-01T00:00:00.000Z',
};

test('what a configuration fills into the form is what is saved again, open input and network too', () => {
  const { updatedAt: _updatedAt, ...rest } = config;
  expect(savedDraft('p1', draftOf(config))).toEqual({ projectId: 'p1', ...rest });
});

test('a line that was never saved gets its own name; only a machine keeps a choice of network', () => {
  const draft: Draft = { ...emptyDraft, line: 'node main.js', keepInput: true, network: true };
  expect(savedDraft('p1', draft)).toMatchObject({
    name: 'node main.js',
    engine: 'run',
    keepInput: true,
    network: false,
    timeoutMs: null,
  });
  expect(savedDraft('p1', { ...draft, engine: 'micro' })).toMatchObject({ network: true });
  expect(savedDraft('p1', { ...draft, line: '  ' })).toBeUndefined();
});
