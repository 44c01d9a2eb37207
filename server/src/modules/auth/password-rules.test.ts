import assert from 'node:assert/strict';
import test from 'node:test';
import { dictionary } from '@zxcvbn-ts/language-common';
import { isFault } from '#base/fault.ts';
import { checkNewPassword, checkUsername } from './password-rules.ts';

const refusal = (password: string, code: string, username = 'ada') =>
  assert.rejects(checkNewPassword(password, username), (error) => isFault(error, code), password);

test('takes passphrases and generated passwords, in any script', async () => {
  for (const password of [
    'correct horse battery',
    'x7#kQ2!mVp',
    'ein langer Satz',
    '密码密码是很长的一句话',
  ]) {
    await checkNewPassword(password, 'ada');
  }
});

test('counts characters as people do: ten are enough, nine are not, 256 are the most', async () => {
  await checkNewPassword('🦔🦊🦉🐢🐝🐞🦀🐙🐳🦜', 'ada');
  await refusal('🦔🦊🦉🐢🐝🐞🦀🐙🐳', 'auth.password_too_short');
  await refusal('short one', 'auth.password_too_short');
  const words = 'the quick brown fox jumps over a dog ';
  await checkNewPassword(words.repeat(7).slice(0, 256), 'ada');
  await refusal(words.repeat(7).slice(0, 257), 'auth.password_too_long');
});

test('refuses every one of the 10,000 most common passwords', async () => {
  const common = (dictionary['passwords-common'] as readonly string[]).slice(0, 10_000);
  const longOnes = common.filter((word) => word.length >= 10);
  assert.ok(longOnes.length > 100);
  for (const word of longOnes) await refusal(word, 'auth.password_common');
  for (const word of common.filter((word) => word.length < 10)) {
    await refusal(word, 'auth.password_too_short');
  }
});

test('refuses common passwords in capitals too', async () => {
  await refusal('Password123', 'auth.password_common');
  await refusal('QWERTYUIOP', 'auth.password_common');
});

test('refuses patterns that lists of common passwords leave out', async () => {
  for (const pattern of [
    '1111111111',
    '0000000000000000',
    '1212121212',
    '1234512345',
    'abcabcabcabc',
    '0123456789',
    '9876543210',
    '0987654321',
    'qwertyqwerty',
    'poiuytrewq',
    'qwertzuiop',
    'abcdefghijklm',
    '1234567890-',
    'asdfghjklöä',
  ]) {
    await refusal(pattern, 'auth.password_common');
  }
});

test('refuses the user name as password', async () => {
  await refusal('Ada.Lovelace', 'auth.password_is_username', 'ada.lovelace');
});

test('a name has 2 to 64 plain characters', () => {
  for (const name of ['ab', 'Ada-99', 'a.b_c-d', 'x'.repeat(64)]) checkUsername(name);
  for (const name of ['a', 'x'.repeat(65), 'ad a', '-ada', 'ada.', 'адa', '', 'a\nb']) {
    assert.throws(
      () => checkUsername(name),
      (error) => isFault(error, 'auth.username_invalid'),
    );
  }
});
