import assert from 'node:assert/strict';
import test from 'node:test';
import { createOriginPolicy } from './origin.ts';

const policy = createOriginPolicy({
  publicUrl: 'https://studio.example',
  allowedHosts: ['Other.example'],
  allowedOrigins: ['https://tool.example'],
});

for (const host of [
  'localhost:6711',
  '127.0.0.1',
  '[::1]:6711',
  '192.168.1.4:80',
  'studio.example',
  'other.example:1',
]) {
  test(`accepts the host ${host}`, () => assert.equal(policy.hostAllowed(host), true));
}

for (const host of [
  undefined,
  '',
  'evil.example',
  'localhost.evil.example',
  'studio.example.evil',
  '127.0.0.1.evil.example',
]) {
  test(`refuses the host ${host}, as DNS rebinding would send it`, () =>
    assert.equal(policy.hostAllowed(host), false));
}

test('a page of the same host may act, one of another host or of a file may not', () => {
  assert.equal(policy.originAllowed('http://127.0.0.1:6711', '127.0.0.1:6711'), true);
  assert.equal(policy.originAllowed('http://127.0.0.1:9999', '127.0.0.1:6711'), false);
  assert.equal(policy.originAllowed('https://evil.example', '127.0.0.1:6711'), false);
  assert.equal(policy.originAllowed('null', '127.0.0.1:6711'), false);
  assert.equal(policy.originAllowed('https://tool.example', '127.0.0.1:6711'), true);
});

test('CORS headers are for listed origins only', () => {
  assert.equal(policy.corsAllowed('https://tool.example'), true);
  assert.equal(policy.corsAllowed('https://studio.example'), false);
});
