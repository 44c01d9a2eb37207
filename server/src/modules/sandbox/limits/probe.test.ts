import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedProcessors } from './probe.ts';

test('reads the processors that a container may use', () => {
  assert.deepEqual(
    allowedProcessors('Name:\tnode\nCpus_allowed_list:\t0-2,8\nMems_allowed_list:\t0\n'),
    [0, 1, 2, 8],
  );
  assert.deepEqual(allowedProcessors('Cpus_allowed_list:\t3\n'), [3]);
  assert.deepEqual(allowedProcessors(''), []);
});
