import assert from 'node:assert/strict';
import test from 'node:test';
import { languageOf } from './language.ts';

for (const [header, language] of [
  [undefined, 'en'],
  ['de-DE,de;q=0.9,en;q=0.8', 'de'],
  ['en-GB,en;q=0.9,de;q=0.8', 'en'],
  ['fr, de;q=0.5', 'de'],
  ['de;q=0', 'de'],
  ['xx', 'en'],
] as const) {
  test(`reads ${header} as ${language}`, () => assert.equal(languageOf(header), language));
}
