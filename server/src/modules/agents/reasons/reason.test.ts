import assert from 'node:assert/strict';
import test from 'node:test';
import { fault } from '#base/fault.ts';
import { createFaultCatalogue } from '#kernel/rpc/fault-catalogue.ts';
import { agentsContract } from '../contract.ts';
import { answerWords } from './answer-words.ts';
import { checkWords } from './check-words.ts';
import { commandWords } from './command-words.ts';
import { reason } from './reason.ts';

const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted();

test('each reason has words in both languages, which name the same things and are not the same', () => {
  const parts = [answerWords, checkWords, commandWords].flatMap((words) => Object.entries(words));
  assert.equal(new Set(parts.map(([code]) => code)).size, parts.length, 'a code stands twice');
  for (const [code, { en, de }] of parts) {
    assert.deepEqual(names(en), names(de), code);
    assert.notEqual(en, de, code);
  }
});

test('a fault with a reason is told in the language of whoever reads it', () => {
  const catalogue = createFaultCatalogue([agentsContract]);
  const stuck = fault('agents.stuck', { reason: reason('call_repeated', { tool: 'find' }) });
  const told = (language: 'en' | 'de') => catalogue.describe(stuck, { language, traceId: '-' }).detail;
  assert.equal(told('en'), 'The model made no progress: it repeated find.');
  assert.equal(told('de'), 'Das Modell kam nicht voran: es wiederholte find.');
  // As earlier versions have stored it.
  const old = fault('agents.stuck', { reason: 'it repeated find' });
  assert.match(catalogue.describe(old, { language: 'de', traceId: '-' }).detail, /: it repeated find\.$/);
});
