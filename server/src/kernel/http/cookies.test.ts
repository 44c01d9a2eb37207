import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { closeSessionCookies, csrfMatches, csrfTokenOf, openSessionCookies, readCookies } from './cookies.ts';

const key = randomBytes(32);

test('the first of equal cookies counts, so that a planted one behind it does not', () => {
  const cookies = readCookies('cds_session=first; cds_session=second; odd; =x');
  assert.equal(cookies.get('cds_session'), 'first');
});

test('tokens are out of reach for scripts, the CSRF value is not', () => {
  const cookies = openSessionCookies(key, {
    accessToken: 'access',
    refreshToken: 'refresh',
    expiresIn: 900,
    refreshExpiresIn: 86_400,
    sessionId: 's1',
    secure: true,
  });
  assert.match(cookies[0] ?? '', /^cds_session=access;.*HttpOnly.*SameSite=Strict; Secure$/);
  assert.match(cookies[1] ?? '', /^cds_refresh=refresh; Path=\/auth; HttpOnly/);
  assert.match(cookies[1] ?? '', /; Max-Age=86400;/);
  assert.match(cookies[2] ?? '', /; Max-Age=86400;/);
  assert.doesNotMatch(cookies[2] ?? '', /HttpOnly/);
  assert.equal(
    closeSessionCookies(false).every((cookie) => cookie.includes('Max-Age=0')),
    true,
  );
});

test('a CSRF value is worth nothing for another session or another installation', () => {
  const token = csrfTokenOf(key, 's1');
  assert.equal(csrfMatches(key, 's1', token), true);
  assert.equal(csrfMatches(key, 's2', token), false);
  assert.equal(csrfMatches(randomBytes(32), 's1', token), false);
  assert.equal(csrfMatches(key, 's1', undefined), false);
  assert.equal(csrfMatches(key, 's1', ''), false);
});
