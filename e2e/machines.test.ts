import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import {
  ensureTestImage,
  microSkip,
  testImages,
} from '@cyberdevstudio/server/modules/sandbox/micro/testing/micro-world.ts';
import type { Browser, Page } from 'playwright-core';
import { axeViolations, browserMissing, launchBrowser } from './browser.ts';
import { registerUser } from './client.ts';
import { form, type RunningPlatform, startPlatformProcesses } from './platform.ts';

const skip = browserMissing ?? microSkip();
/** Pictures are kept when this names a folder. */
const pictures = process.env.CDS_TEST_PICTURES;
/** A machine without KVM on a busy server takes its time. */
const patient = { timeout: 240_000 };

const english = {
  locale: 'en-US',
  theme: 'dark',
  username: 'User name',
  password: 'Password',
  signIn: 'Sign in',
  command: 'Command',
  files: 'Project files',
  keep: 'Changes are kept',
  run: 'Run',
  save: 'Save',
  finished: /Finished in/,
  machines: 'Virtual machines',
  start: 'Start python',
  program: 'Program for this machine',
  snapshot: 'Snapshot',
  restore: 'Restore',
  stop: 'Stop',
  none: 'No machine is running.',
} as const;

const german = {
  locale: 'de-DE',
  theme: 'light',
  username: 'Benutzername',
  password: 'Passwort',
  signIn: 'Anmelden',
  command: 'Befehl',
  files: 'Projektdateien',
  keep: 'Änderungen bleiben',
  run: 'Ausführen',
  save: 'Speichern',
  finished: /Fertig nach/,
  machines: 'Virtuelle Maschinen',
  start: 'python starten',
  program: 'Programm für diese Maschine',
  snapshot: 'Schnappschuss',
  restore: 'Wiederherstellen',
  stop: 'Beenden',
  none: 'Keine Maschine läuft.',
} as const;

let platform: RunningPlatform;
let browser: Browser;

before(async () => {
  if (skip !== false) return;
  await ensureTestImage();
  platform = await startPlatformProcesses();
  await mkdir(path.join(platform.dataDir, 'sandbox'), { recursive: true });
  await symlink(testImages, path.join(platform.dataDir, 'sandbox', 'images'));
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

for (const words of [english, german]) {
  test(`a machine is started, used, kept, restored and stopped in the studio: ${words.locale} (${form})`, {
    skip,
  }, async () => {
    const name = `mara-${words.theme}`;
    const user = await registerUser(platform.url, name);
    const { id } = await user.call<{ id: string }>('project.create', { name: 'machines' });
    const code = 'n = sum(range(10))\nopen("sum.txt", "w").write(f"{n}\\n")\nprint("sum", n)\n';
    await user.call('project.file.save', { projectId: id, path: 'sum.py', content: code });

    const { locale, theme: colorScheme } = words;
    const context = await browser.newContext({
      locale,
      colorScheme,
      viewport: { width: 1440, height: 1000 },
    });
    const page = await context.newPage();
    const broken: string[] = [];
    page.on('pageerror', (error) => broken.push(error.message));
    await page.goto(`${platform.url}/p/${id}/run`);
    await page.getByLabel(words.username).fill(name);
    await page.getByLabel(words.password).fill(`correct horse ${name}`);
    await page.getByRole('button', { name: words.signIn, exact: true }).click();

    await runInOwnMachine(page, words);
    const { content } = await user.call<{ content: string }>('fs.read', { projectId: id, path: 'sum.txt' });
    assert.equal(content, '45\n');
    await picture(page, `${words.theme}-run`);

    // The wall is part of what is saved.
    await page.getByRole('button', { name: words.save, exact: true }).click();
    await page.getByRole('button', { name: /micro · python3 sum\.py/ }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: /micro · python3 sum\.py/ }).click();
    assert.equal(await page.getByRole('radio', { name: /^micro/ }).getAttribute('aria-checked'), 'true');
    assert.equal(await page.getByLabel(words.files).inputValue(), 'write');

    await useMachine(page, words);
    assert.deepEqual(await axeViolations(page), []);
    assert.deepEqual(broken, []);
    await context.close();
  });
}

async function runInOwnMachine(page: Page, words: typeof english | typeof german): Promise<void> {
  await page.getByRole('radio', { name: /^micro/ }).click();
  await page.getByLabel(words.command, { exact: true }).fill('python3 sum.py');
  await page.getByLabel(words.files).selectOption({ label: words.keep });
  await page.getByRole('button', { name: words.run, exact: true }).first().click();
  await page.getByText(words.finished).waitFor(patient);
  await page.getByRole('log').filter({ hasText: 'sum 45' }).waitFor();
}

async function useMachine(page: Page, words: typeof english | typeof german): Promise<void> {
  const machines = page.getByRole('region', { name: words.machines });
  const execute = async (code: string, expected: string) => {
    await machines.getByLabel(words.program).fill(code);
    await machines.getByRole('button', { name: words.run, exact: true }).click();
    await machines.locator('.machine-output').filter({ hasText: expected }).waitFor(patient);
  };
  await machines.getByRole('button', { name: words.start }).click();
  await machines.getByRole('button', { name: words.snapshot, exact: true }).waitFor(patient);
  await execute('open("/workspace/kept", "w").write("yes"); print("written")', 'written');
  await machines.getByRole('button', { name: words.snapshot, exact: true }).click();
  await machines.getByRole('button', { name: words.restore, exact: true }).waitFor(patient);
  await picture(page, `${words.theme}-machine`);
  await machines.getByRole('button', { name: words.stop, exact: true }).click();
  await machines.getByText(words.none).waitFor(patient);
  await machines.getByRole('button', { name: words.restore, exact: true }).click();
  await machines.getByRole('button', { name: words.snapshot, exact: true }).waitFor(patient);
  await execute('print(open("/workspace/kept").read())', 'yes');
  await picture(page, `${words.theme}-restored`);
  await machines.getByRole('button', { name: words.stop, exact: true }).click();
  await machines.getByText(words.none).waitFor(patient);
}

async function picture(page: Page, name: string): Promise<void> {
  if (pictures !== undefined) await page.screenshot({ path: path.join(pictures, `${name}.png`) });
}
