import { expect, test } from 'vitest';
import { type StepLine, withEvent } from './use-site.ts';

const title = { en: 'Build', de: 'Bauen' };
const at = { step: 'build', position: 2, total: 8 } as const;

test('the list of steps follows the events of a run', () => {
  let lines: StepLine[] = withEvent([], { kind: 'started', ...at, title });
  expect(lines).toEqual([
    { step: 'build', position: 2, outcome: 'running', summary: title, warnings: 0, durationMs: null },
  ]);
  lines = withEvent(lines, { kind: 'warning', step: 'build', warning: { code: 'x.y', text: title } });
  lines = withEvent(lines, { kind: 'advanced', step: 'build', done: 1, total: 2 });
  const summary = { en: '2 pages', de: '2 Seiten' };
  lines = withEvent(lines, { kind: 'finished', ...at, outcome: 'done', summary, durationMs: 12 });
  expect(lines[0]).toMatchObject({ outcome: 'done', summary, warnings: 1, durationMs: 12 });
});

test('a step that fails stays in the list as failed', () => {
  const started = withEvent([], { kind: 'started', ...at, title });
  expect(
    withEvent(started, { kind: 'failed', ...at, code: 'build.front_matter', durationMs: 3 })[0]?.outcome,
  ).toBe('failed');
});
