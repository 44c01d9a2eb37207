import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { axeViolations, browserMissing, launchBrowser } from './browser.ts';
import { form, type RunningPlatform, startPlatformProcesses } from './platform.ts';

const skip = browserMissing ?? false;

interface Words {
  readonly locale: string;
  readonly theme: 'dark' | 'light';
  readonly register: string;
  readonly username: string;
  readonly password: string;
  readonly create: string;
  readonly files: string;
  readonly run: string;
  readonly command: string;
  readonly finished: RegExp;
  readonly again: string;
  readonly stop: string;
  readonly stopped: string;
  readonly outputLimit: string;
  readonly newTerminal: string;
  readonly searchField: string;
}

const english: Words = {
  locale: 'en-US',
  theme: 'dark',
  register: 'Create an account',
  username: 'User name',
  password: 'Password',
  create: 'Create and run',
  files: 'Files',
  run: 'Run',
  command: 'Command',
  finished: /Finished in/,
  again: 'Run again',
  stop: 'Stop',
  stopped: 'You stopped it',
  outputLimit: 'Ended by the output limit',
  newTerminal: 'New terminal',
  searchField: 'Search in all files',
};

const german: Words = {
  locale: 'de-DE',
  theme: 'light',
  register: 'Konto anlegen',
  username: 'Benutzername',
  password: 'Passwort',
  create: 'Anlegen und starten',
  files: 'Dateien',
  run: 'Ausführen',
  command: 'Befehl',
  finished: /Fertig nach/,
  again: 'Erneut ausführen',
  stop: 'Anhalten',
  stopped: 'Von Ihnen angehalten',
  outputLimit: 'Von der Ausgabegrenze beendet',
  newTerminal: 'Neues Terminal',
  searchField: 'In allen Dateien suchen',
};

let platform: RunningPlatform;
let browser: Browser;

before(async () => {
  if (skip !== false) return;
  platform = await startPlatformProcesses();
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

async function registerInBrowser(page: Page, words: Words, name: string): Promise<void> {
  await page.goto(platform.url);
  await page.getByRole('button', { name: words.register }).click();
  await page.getByLabel(words.username).fill(name);
  await page.getByLabel(words.password).fill(`a long password of ${name}`);
  await page.getByRole('button', { name: words.register }).first().click();
  await page.getByRole('radio', { name: /Python/ }).waitFor();
}

/** Creates a project from the guide, which runs it at once, and opens its program in the editor. */
async function createPythonProject(page: Page, words: Words): Promise<void> {
  await page.getByRole('radio', { name: /Python/ }).click();
  await page.getByRole('button', { name: words.create }).click();
  await page.getByText(words.finished).waitFor();
  await page.getByRole('link', { name: words.files, exact: true }).click();
  await page.getByRole('treeitem', { name: /main\.py/ }).click();
}

for (const words of [english, german]) {
  test(`register, project, edit, run, terminal in ${words.locale}, ${words.theme} (${form})`, {
    skip,
  }, async () => {
    const context = await browser.newContext({
      locale: words.locale,
      colorScheme: words.theme,
      viewport: { width: 1440, height: 900 },
    });
    const page = await context.newPage();
    const broken: string[] = [];
    page.on('pageerror', (error) => broken.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy/.test(message.text()))
        broken.push(message.text());
    });

    await page.goto(platform.url);
    await page.getByLabel(words.username).waitFor();
    assert.deepEqual(await axeViolations(page), []);
    await registerInBrowser(page, words, `mara-${words.locale.slice(0, 2)}`);
    assert.deepEqual(await axeViolations(page), []);

    await createPythonProject(page, words);
    const editor = page.locator('.monaco-editor').first();
    await editor.waitFor();
    assert.deepEqual(await axeViolations(page), []);

    await editor.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('\nprint("written in the browser")\n');
    await page.keyboard.press('Control+s');
    await page.getByRole('treeitem', { name: /main\.py.*M/ }).waitFor();

    await page.getByRole('button', { name: words.newTerminal }).first().click();
    await page.locator('.xterm-screen').waitFor();
    await page.waitForTimeout(500);
    await page.locator('.xterm-screen').click();
    await page.keyboard.type('echo term-$((40+2))\n');
    await page.locator('.xterm-accessibility, .xterm-rows').filter({ hasText: 'term-42' }).first().waitFor();
    await page.reload();
    await page.locator('.xterm-accessibility, .xterm-rows').filter({ hasText: 'term-42' }).first().waitFor();

    await page.keyboard.press('Control+Shift+F');
    await page.getByLabel(words.searchField).fill('WRITTEN in the browser');
    const hit = page.getByRole('button', { name: /print\("written in the browser"\)/ });
    await hit.waitFor();
    assert.equal(await hit.locator('mark').textContent(), 'written in the browser');
    assert.deepEqual(await axeViolations(page), []);
    await page.getByLabel(words.searchField).press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/side=search.*line=\d+|line=\d+.*side=search/);
    await page.locator('.view-line').filter({ hasText: 'written in the browser' }).waitFor();

    await page.getByRole('link', { name: words.run, exact: true }).click();
    await page.getByLabel(words.command, { exact: true }).fill('python3 main.py');
    await page.getByRole('button', { name: words.run, exact: true }).click();
    await page.getByText(words.finished).waitFor();
    await page.getByRole('log').filter({ hasText: 'written in the browser' }).waitFor();
    assert.deepEqual(await axeViolations(page), []);

    await page.getByLabel(words.command, { exact: true }).fill('sleep 60');
    await page.getByRole('button', { name: words.again, exact: true }).click();
    await page.getByRole('button', { name: words.stop }).click();
    await page.getByText(words.stopped).first().waitFor();

    await page.getByLabel(words.command, { exact: true }).fill('yes');
    await page.getByRole('button', { name: words.again, exact: true }).click();
    await page.getByText(words.outputLimit).first().waitFor();
    assert.deepEqual(await axeViolations(page), []);

    assert.deepEqual(broken, []);
    await context.close();
  });
}

test(`two tabs that edit one file: nothing is overwritten, the person decides (${form})`, {
  skip,
}, async () => {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1440, height: 900 } });
  const first = await context.newPage();
  await registerInBrowser(first, english, 'twin');
  await createPythonProject(first, english);
  await first.locator('.monaco-editor').first().waitFor();
  const second = await context.newPage();
  await second.goto(first.url());
  await second.locator('.monaco-editor').first().waitFor();

  await first.locator('.monaco-editor').first().click();
  await second.locator('.monaco-editor').first().click();
  await Promise.all([first.keyboard.type('# one\n'), second.keyboard.type('# two\n')]);
  await Promise.all([first.keyboard.press('Control+s'), second.keyboard.press('Control+s')]);
  const shown = await Promise.race([
    first
      .getByText('Nothing was overwritten')
      .waitFor()
      .then(() => first),
    second
      .getByText('Nothing was overwritten')
      .waitFor()
      .then(() => second),
  ]);
  await shown.getByRole('button', { name: 'Keep mine' }).click();
  await shown.getByText('Saved', { exact: true }).waitFor();
  await context.close();
});

test(`the editor searches in its file, comments lines and lets Tab leave; a menu is used by keys (${form})`, {
  skip,
}, async () => {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await registerInBrowser(page, english, 'searcher');
  await createPythonProject(page, english);
  await page.locator('.monaco-editor .view-line').first().click();
  await page.keyboard.press('Control+f');
  await page.locator('.find-widget.visible').waitFor();
  await page.keyboard.type('print');
  await page.locator('.find-widget .matchesCount').filter({ hasText: / of / }).waitFor();
  assert.deepEqual(await axeViolations(page), []);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Control+/');
  await page.locator('.view-line').filter({ hasText: /^#/ }).first().waitFor();
  await page.keyboard.press('Control+m');
  await page.keyboard.press('Tab');
  const inEditor = () => page.evaluate(() => document.activeElement?.closest('.monaco-editor') !== null);
  assert.equal(await inEditor(), false, 'Tab has left the editor');

  const row = page.getByRole('treeitem', { name: /main\.py/ });
  await row.focus();
  await page.keyboard.press('ContextMenu');
  const menu = page.getByRole('menu');
  await menu.waitFor();
  assert.deepEqual(await axeViolations(page), []);
  await page.keyboard.press('End');
  assert.match((await page.locator(':focus').textContent()) ?? '', /^Delete/);
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });
  assert.equal(await row.evaluate((element) => element === document.activeElement), true);
  const places = ['aria-posinset', 'aria-setsize'].map((name) => row.getAttribute(name));
  assert.match((await Promise.all(places)).join(), /^\d+,\d+$/);

  await page.getByRole('link', { name: english.run, exact: true }).click();
  await page.getByLabel(english.command, { exact: true }).fill('python3 main.py');
  await page.getByLabel('Write to it while it runs').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page
    .getByRole('button', { name: /python3 main\.py/ })
    .first()
    .waitFor();
  await page.reload();
  assert.equal(await page.getByLabel('Write to it while it runs').isChecked(), false);
  await page.locator('.config-row button').first().click();
  assert.equal(await page.getByLabel('Write to it while it runs').isChecked(), true);
  await context.close();
});

for (const news of ['with', 'without'] as const) {
  test(`renaming and deleting the open file: the editor follows, and the keyboard goes on in the tree, ${news} news of it (${form})`, {
    skip,
  }, async () => {
    const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    if (news === 'without') await withoutNewsOfFiles(page);
    await registerInBrowser(page, english, `renamer-${news}`);
    await createPythonProject(page, english);
    await page.locator('.monaco-editor').first().waitFor();

    await page.getByRole('treeitem', { name: /main\.py/ }).focus();
    await page.keyboard.press('F2');
    await page.getByLabel('Name', { exact: true }).fill('start.py');
    await page.keyboard.press('Enter');
    await page.waitForURL(/file=start\.py/);
    await page.locator('.view-line').first().waitFor();
    await page.getByRole('tab', { name: /start\.py/ }).waitFor();
    const focused = page.locator('[role="treeitem"]:focus');
    await focused.filter({ hasText: 'start.py' }).waitFor();

    await page.keyboard.press('Delete');
    await page.waitForURL((url) => !url.search.includes('start.py'));
    await page.getByRole('tab', { name: /start\.py/ }).waitFor({ state: 'detached' });
    await page.getByRole('treeitem', { name: /start\.py/ }).waitFor({ state: 'detached' });
    await focused.waitFor();
    await context.close();
  });
}

/** The page is not told of changes in its workspace, as when the news comes after the answer to what made them. */
async function withoutNewsOfFiles(page: Page): Promise<void> {
  await page.routeWebSocket(/\/ws/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      if (!message.toString().includes('"fs.watch"')) server.send(message);
    });
  });
}
