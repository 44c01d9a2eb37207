import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  type Asked,
  type Said,
  scriptedProvider,
} from '@cyberdevstudio/server/modules/agents/testing/scripted-provider.ts';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { type ApiClient, signIn } from './client.ts';
import { type RunningPlatform, startPlatformProcesses } from './platform.ts';

/** What the studio calls things, in one of its languages. */
export interface Words {
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

export const english: Words = {
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

export const german: Words = {
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

/** A platform whose models answer as a script says, and a browser to look at it. */
export interface AgentStudio extends AsyncDisposable {
  readonly platform: RunningPlatform;
  readonly admin: ApiClient;
  newContext(words: Words): Promise<BrowserContext>;
  /** A project of the administrator with these files. */
  newProject(name: string, files: Readonly<Record<string, string>>): Promise<TestProject>;
  /** Opens an address as the administrator. */
  open(page: Page, words: Words, address: string): Promise<void>;
}

export interface TestProject {
  readonly id: string;
  read(file: string): string;
  write(file: string, text: string): void;
}

/** Starts all of it; `models` are those of the provider, named scripted/<id>. */
export async function startAgentStudio(
  script: (asked: Asked) => Said | Promise<Said>,
  models: readonly string[] = ['strong'],
): Promise<AgentStudio> {
  await using startup = new AsyncDisposableStack();
  const provider = startup.use(await scriptedProvider(script));
  const platform = startup.use(await startPlatformProcesses());
  const browser: Browser = await launchBrowser();
  startup.defer(() => browser.close());
  const admin = await signIn(platform.url, { username: 'admin', password: platform.adminPassword });
  await admin.call('admin.providers.create', {
    name: 'scripted',
    kind: 'openai',
    baseUrl: provider.url,
    apiKey: 'sk-test',
    models: models.map((id) => ({ id, contextSize: 100_000 })),
  });
  const stack = startup.move();
  return {
    platform,
    admin,
    async newContext({ locale, theme }) {
      const viewport = { width: 1440, height: 900 };
      const context = await browser.newContext({ locale, colorScheme: theme, viewport });
      // A machine that is busy with other tests takes its time.
      context.setDefaultTimeout(90_000);
      return context;
    },
    async newProject(name, files) {
      const { id } = await admin.call<{ id: string }>('project.create', { name });
      const workspace = path.join(platform.dataDir, 'projects', id, 'workspace');
      const write = (file: string, text: string) => {
        mkdirSync(path.dirname(path.join(workspace, file)), { recursive: true });
        writeFileSync(path.join(workspace, file), text);
      };
      for (const [file, text] of Object.entries(files)) write(file, text);
      return { id, write, read: (file) => readFileSync(path.join(workspace, file), 'utf8') };
    },
    async open(page, words, address) {
      await page.goto(`${platform.url}${address}`);
      await page.getByLabel(words.username).fill('admin');
      await page.getByLabel(words.password).fill(platform.adminPassword);
      await page.getByRole('button', { name: words.signIn, exact: true }).click();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Writes a task and sends it; resolves when it is shown. */
export async function giveTask(page: Page, words: Words, text: string): Promise<void> {
  await page.getByLabel(words.message).fill(text);
  await page.getByRole('button', { name: words.send }).click();
  await page.waitForURL(/\/agents\/[0-9a-f-]{36}/);
}
