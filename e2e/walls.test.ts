import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  ensureTestImage,
  microSkip,
  testImages,
} from '@cyberdevstudio/server/modules/sandbox/micro/testing/micro-world.ts';
import { buildC } from '@cyberdevstudio/server/modules/sandbox/testing/toolchains.ts';
import type { Browser, Page } from 'playwright-core';
import { axeViolations, browserMissing, launchBrowser } from './browser.ts';
import { type ApiClient, registerUser } from './client.ts';
import { form, type RunningPlatform, startPlatformProcesses } from './platform.ts';

const skip = browserMissing ?? false;
const noMachines = microSkip();
const examples = fileURLToPath(new URL('../examples/programs/', import.meta.url));
const names = ['hello', 'sieve', 'words', 'talk'] as const;
/** A machine without KVM on a busy server takes its time. */
const patient = { timeout: 240_000 };

interface Words {
  readonly locale: string;
  readonly username: string;
  readonly password: string;
  readonly signIn: string;
  readonly line: RegExp;
  readonly files: string;
  readonly keep: string;
  readonly run: RegExp;
  readonly finished: RegExp;
  readonly write: string;
  readonly input: string;
  readonly send: string;
  readonly end: string;
}

const english: Words = {
  locale: 'en-US',
  username: 'User name',
  password: 'Password',
  signIn: 'Sign in',
  line: /^(Command|Module)$/,
  files: 'Project files',
  keep: 'Changes are kept',
  run: /^Run( again)?$/,
  finished: /Finished in/,
  write: 'Write to it while it runs',
  input: 'Input for the program',
  send: 'Send',
  end: 'End input',
};

const german: Words = {
  locale: 'de-DE',
  username: 'Benutzername',
  password: 'Passwort',
  signIn: 'Anmelden',
  line: /^(Befehl|Modul)$/,
  files: 'Projektdateien',
  keep: 'Änderungen bleiben',
  run: /^(Ausführen|Erneut ausführen)$/,
  finished: /Fertig nach/,
  write: 'Eingaben während des Laufs',
  input: 'Eingabe für das Programm',
  send: 'Senden',
  end: 'Eingabe beenden',
};

let platform: RunningPlatform;
let browser: Browser;
/** Whether the C samples could be built here. */
let modules: boolean;

before(async () => {
  if (skip !== false) return;
  platform = await startPlatformProcesses();
  if (noMachines === false) {
    await ensureTestImage();
    await mkdir(path.join(platform.dataDir, 'sandbox'), { recursive: true });
    await symlink(testImages, path.join(platform.dataDir, 'sandbox', 'images'));
  }
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

/** A project with the same programs in Python and, where a compiler is, in WebAssembly. */
async function prepare(user: ApiClient): Promise<string> {
  const { id } = await user.call<{ id: string }>('project.create', { name: 'walls' });
  const write = (file: string, content: Buffer) => {
    const text = content.toString('base64');
    return user.call('fs.write', { projectId: id, path: file, content: text, encoding: 'base64' });
  };
  await write('text.txt', Buffer.from('one two\nthree  four five\n'));
  modules = true;
  for (const name of names) {
    await write(`${name}.py`, readFileSync(path.join(examples, `${name}.py`)));
    const built = buildC(`${name}.c`);
    if (built === null) modules = false;
    else await write(`${name}.wasm`, built);
  }
  return id;
}

const desktop = { width: 1440, height: 1000 };
const phone = { width: 390, height: 844 };

async function open(
  words: Words,
  name: string,
  { projectId, viewport = desktop }: { projectId: string; viewport?: typeof phone },
): Promise<Page> {
  const context = await browser.newContext({
    locale: words.locale,
    viewport,
  });
  const page = await context.newPage();
  await page.goto(`${platform.url}/p/${projectId}/run`);
  await page.getByLabel(words.username).fill(name);
  await page.getByLabel(words.password).fill(`correct horse ${name}`);
  await page.getByRole('button', { name: words.signIn, exact: true }).click();
  return page;
}

type EngineName = 'run' | 'wasm' | 'micro';

/** Chooses the engine, types the line and starts it. */
async function start(page: Page, words: Words, { engine, line }: { engine: EngineName; line: string }) {
  await page.getByRole('radio', { name: new RegExp(`^${engine} `) }).click();
  await page.getByRole('textbox', { name: words.line }).fill(line);
  if (engine !== 'run') await page.getByLabel(words.files).selectOption({ label: words.keep });
  // The first: machines of one's own have such a button too.
  await page.getByRole('button', { name: words.run }).first().click();
}

function lineOf(engine: EngineName, name: string, args = ''): string {
  return `${engine === 'wasm' ? `${name}.wasm` : `python3 ${name}.py`} ${args}`.trim();
}

for (const words of [english, german]) {
  test(`hello, primes and words run behind all three walls from the studio: ${words.locale} (${form})`, {
    skip,
  }, async (t) => {
    const name = `walls-${words.locale.slice(0, 2)}`;
    const user = await registerUser(platform.url, name);
    const projectId = await prepare(user);
    const page = await open(words, name, { projectId });
    const engines: EngineName[] = ['run'];
    if (modules) engines.push('wasm');
    else t.diagnostic('wasm is left out: clang, lld and wasi-libc are not installed');
    if (noMachines === false) engines.push('micro');
    else t.diagnostic(`micro is left out: ${noMachines}`);
    for (const engine of engines) {
      await user.call('fs.delete', { projectId, path: 'words.txt' }).catch(() => undefined);
      for (const [program, args, expected] of [
        ['hello', 'Wörld', 'Hello, Wörld'],
        ['sieve', '20000', '2262 primes up to 20000'],
        ['words', '', '5 words'],
      ] as const) {
        await start(page, words, { engine, line: lineOf(engine, program, args) });
        await page.getByRole('log').filter({ hasText: expected }).waitFor(patient);
        await page.getByText(words.finished).waitFor(patient);
      }
      const { content } = await user.call<{ content: string }>('fs.read', { projectId, path: 'words.txt' });
      assert.equal(content, '5 words\n', `${engine} kept what the program wrote`);
    }
    const { runs } = await user.call<{ runs: { engine: string }[] }>('run.history', { projectId });
    assert.deepEqual(
      runs.map(({ engine }) => engine),
      engines.toReversed().flatMap((engine) => [engine, engine, engine]),
      'the history tells each run with its wall',
    );
    await page.context().close();
  });

  test(`a program is written to while it runs in the studio: ${words.locale} (${form})`, {
    skip,
  }, async () => {
    const name = `talk-${words.locale.slice(0, 2)}`;
    const user = await registerUser(platform.url, name);
    const projectId = await prepare(user);
    // The one on a phone, where the line for input lies below the fold and must be reached.
    const page = await open(words, name, { projectId, viewport: words === german ? phone : desktop });
    await page.getByLabel(words.write).check();
    const field = page.getByRole('textbox', { name: words.input });
    for (const engine of modules ? (['run', 'wasm'] as const) : (['run'] as const)) {
      await start(page, words, { engine, line: lineOf(engine, 'talk') });
      await page.getByRole('log').filter({ hasText: 'What do you say?' }).waitFor(patient);
      await field.fill(`to ${engine}`);
      await page.getByRole('button', { name: words.send, exact: true }).click();
      await page
        .getByRole('log')
        .filter({ hasText: `You said: to ${engine}` })
        .waitFor(patient);
      assert.deepEqual(await axeViolations(page), []);
      await field.fill('the last word');
      await page.getByRole('button', { name: words.end, exact: true }).click();
      await page.getByRole('log').filter({ hasText: '2 lines' }).waitFor(patient);
      await page.getByText(words.finished).waitFor(patient);
      assert.equal(await field.count(), 0, 'a program that has ended takes no input');
    }
    await page.context().close();
  });
}
