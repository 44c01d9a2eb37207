import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import type { Asked, Said } from '@cyberdevstudio/server/modules/agents/testing/scripted-provider.ts';
import type { Page } from 'playwright-core';
import { type AgentStudio, english, german, giveTask, startAgentStudio, type Words } from './agent-studio.ts';
import { axeViolations, browserMissing } from './browser.ts';
import { form } from './platform.ts';

const skip = browserMissing ?? false;
const source = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', ''].join('\n');
const wanted = source.replace('one', 'ONE').replace('nine', 'NINE');
const file = 'notes.txt';

/** Reads, writes two changes, and says that it is done; a task that says HANG gets no answer at all. */
function script({ messages, all }: Asked): Said {
  if (all.includes('HANG')) return { hang: true };
  const turns: Said[] = [
    { tool: 'read_file', input: { path: file } },
    { tool: 'write_file', input: { path: file, content: wanted } },
    { tool: 'finish', input: { summary: 'The **first** and the last line are `loud` now.' } },
  ];
  return turns[messages.filter(({ role }) => role === 'assistant').length] ?? { text: 'done' };
}

let studio: AgentStudio;

before(async () => {
  if (skip === false) studio = await startAgentStudio(script);
});
after(async () => {
  await studio?.[Symbol.asyncDispose]();
});

/** A project with one file, opened at its agents by its owner. */
async function openAgents(
  page: Page,
  words: Words,
): Promise<{ read: () => string; write: (text: string) => void }> {
  const project = await studio.newProject(`Trial ${words.locale}`, { [file]: source });
  await studio.open(page, words, `/p/${project.id}/agents`);
  await page.getByLabel(words.message).waitFor();
  return { read: () => project.read(file), write: (text) => project.write(file, text) };
}

for (const words of [english, german]) {
  test(`a task in the browser: steps live, one change refused, applied, rolled back, brought back, ${words.locale} (${form})`, {
    skip,
  }, async () => {
    const context = await studio.newContext(words);
    const page = await context.newPage();
    const broken: string[] = [];
    page.on('pageerror', (error) => broken.push(error.message));
    const { read } = await openAgents(page, words);
    assert.deepEqual(await axeViolations(page), []);

    await giveTask(page, words, 'Make the first and the last line loud');
    const talk = page.getByRole('log');
    await talk.getByText('read_file').waitFor();
    await talk.locator('strong', { hasText: 'first' }).waitFor();
    await talk.getByRole('button', { name: words.review, exact: true }).click();
    assert.equal(read(), source);
    await page.getByRole('button', { name: words.accept }).click();
    await page.getByRole('button', { name: words.reject }).click();
    assert.deepEqual(await axeViolations(page), []);
    await page.getByRole('button', { name: words.apply }).click();
    const work = page.locator('.agents-work');
    await work.getByRole('button', { name: words.rollBack, exact: true }).click();
    assert.equal(read(), source.replace('one', 'ONE'));

    const dialog = page.getByRole('dialog', { name: words.rollBackTitle });
    await dialog.locator('.diff-line.removed', { hasText: 'ONE' }).waitFor();
    assert.equal(read(), source.replace('one', 'ONE'));
    assert.deepEqual(await axeViolations(page), []);
    await dialog.getByRole('button', { name: words.rollBack, exact: true }).click();
    await work.getByRole('button', { name: words.bringBack, exact: true }).click();
    await work.getByRole('button', { name: words.rollBack, exact: true }).waitFor();
    assert.equal(read(), source.replace('one', 'ONE'));
    assert.deepEqual(broken, []);
    await context.close();
  });
}

test(`a reload in the middle of a task shows it again, with what was typed; stop ends its model call (${form})`, {
  skip,
}, async () => {
  const context = await studio.newContext(english);
  const page = await context.newPage();
  await openAgents(page, english);
  await giveTask(page, english, 'HANG on');
  await page.getByText(english.working).waitFor();
  await page.getByLabel(english.message).fill('what comes next');
  await page.reload();
  await page.getByText(english.working).waitFor();
  assert.equal(await page.getByLabel(english.message).inputValue(), 'what comes next');
  await page.getByRole('button', { name: english.stop }).click();
  await page.getByRole('link', { name: /HANG on.*Stopped/ }).waitFor();
  await context.close();
});

test(`a conflict is settled place by place in the browser (${form})`, { skip }, async () => {
  const context = await studio.newContext(english);
  const page = await context.newPage();
  const { read, write } = await openAgents(page, english);
  await giveTask(page, english, 'Make the lines loud');
  await page.getByRole('log').getByRole('button', { name: 'Apply all' }).waitFor();
  write(source.replace('nine', 'neun'));
  await page.getByRole('log').getByRole('button', { name: 'Apply all' }).click();
  await page.getByRole('button', { name: 'Both', exact: true }).click();
  assert.deepEqual(await axeViolations(page), []);
  assert.equal(read(), source.replace('nine', 'neun'));
  await page.getByRole('button', { name: 'Apply with these decisions' }).click();
  await page.locator('.agents-work').getByRole('button', { name: 'Roll back', exact: true }).waitFor();
  assert.equal(read(), source.replace('one', 'ONE').replace('nine', 'neun\nNINE'));
  await context.close();
});
