import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import {
  type Asked,
  type Said,
  type ScriptedProvider,
  scriptedProvider,
} from '@cyberdevstudio/server/modules/agents/testing/scripted-provider.ts';
import type { Browser, Page } from 'playwright-core';
import { axeViolations, browserMissing, launchBrowser } from './browser.ts';
import { type ApiClient, signIn } from './client.ts';
import { form, type RunningPlatform, startPlatformProcesses } from './platform.ts';

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

interface Words {
  readonly locale: string;
  readonly theme: 'dark' | 'light';
  readonly message: string;
  readonly send: string;
  readonly review: string;
  readonly accept: RegExp;
  readonly reject: RegExp;
  readonly apply: RegExp;
  readonly rollBack: string;
  readonly rollBackTitle: string;
  readonly bringBack: string;
  readonly stop: RegExp;
  readonly working: string;
  readonly stopped: string;
  readonly username: string;
  readonly password: string;
  readonly signIn: string;
}

const english: Words = {
  locale: 'en-US',
  theme: 'dark',
  message: 'Task for the agent',
  send: 'Give the task',
  review: 'Review',
  accept: /^Accept: Change 1\/2/,
  reject: /^Reject: Change 2\/2/,
  apply: /Apply 1 accepted change/,
  rollBack: 'Roll back',
  rollBackTitle: 'Roll back this change?',
  bringBack: 'Bring back',
  stop: /^Stop/,
  working: 'CodeAgent is working',
  stopped: 'Stopped',
  username: 'User name',
  password: 'Password',
  signIn: 'Sign in',
};

const german: Words = {
  locale: 'de-DE',
  theme: 'light',
  message: 'Aufgabe für den Agenten',
  send: 'Aufgabe geben',
  review: 'Prüfen',
  accept: /^Annehmen: Änderung 1\/2/,
  reject: /^Ablehnen: Änderung 2\/2/,
  apply: /1 angenommene Änderung anwenden/,
  rollBack: 'Zurücknehmen',
  rollBackTitle: 'Diese Änderung zurücknehmen?',
  bringBack: 'Wiederherstellen',
  stop: /^Stopp/,
  working: 'CodeAgent arbeitet',
  stopped: 'Angehalten',
  username: 'Benutzername',
  password: 'Passwort',
  signIn: 'Anmelden',
};

let provider: ScriptedProvider;
let platform: RunningPlatform;
let browser: Browser;
let admin: ApiClient;

before(async () => {
  if (skip !== false) return;
  provider = await scriptedProvider(script);
  platform = await startPlatformProcesses();
  browser = await launchBrowser();
  admin = await signIn(platform.url, { username: 'admin', password: platform.adminPassword });
  await admin.call('admin.providers.create', {
    name: 'scripted',
    kind: 'openai',
    baseUrl: provider.url,
    apiKey: 'sk-test',
    models: [{ id: 'strong', contextSize: 100_000 }],
  });
});
after(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
});

async function newContext({ locale, theme }: Words) {
  const viewport = { width: 1440, height: 900 };
  const context = await browser.newContext({ locale, colorScheme: theme, viewport });
  // A machine that is busy with other tests takes its time.
  context.setDefaultTimeout(90_000);
  return context;
}

/** A project with one file, opened at its agents by its owner. */
async function openAgents(
  page: Page,
  words: Words,
): Promise<{ read: () => string; write: (text: string) => void }> {
  const { id } = await admin.call<{ id: string }>('project.create', { name: `Trial ${words.locale}` });
  const workspace = path.join(platform.dataDir, 'projects', id, 'workspace', file);
  writeFileSync(workspace, source);
  await page.goto(`${platform.url}/p/${id}/agents`);
  await page.getByLabel(words.username).fill('admin');
  await page.getByLabel(words.password).fill(platform.adminPassword);
  await page.getByRole('button', { name: words.signIn, exact: true }).click();
  await page.getByLabel(words.message).waitFor();
  return { read: () => readFileSync(workspace, 'utf8'), write: (text) => writeFileSync(workspace, text) };
}

async function giveTask(page: Page, words: Words, text: string): Promise<void> {
  await page.getByLabel(words.message).fill(text);
  await page.getByRole('button', { name: words.send }).click();
  await page.waitForURL(/\/agents\/[0-9a-f-]{36}/);
}

for (const words of [english, german]) {
  test(`a task in the browser: steps live, one change refused, applied, rolled back, brought back, ${words.locale} (${form})`, {
    skip,
  }, async () => {
    const context = await newContext(words);
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
  const context = await newContext(english);
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
  const context = await newContext(english);
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
