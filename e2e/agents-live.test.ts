import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Asked, Said } from '@cyberdevstudio/server/modules/agents/testing/scripted-provider.ts';
import { type AgentStudio, english, german, giveTask, startAgentStudio, type Words } from './agent-studio.ts';
import { axeViolations, browserMissing } from './browser.ts';
import { form } from './platform.ts';

const skip = browserMissing ?? false;

/** An answer that goes on only when the test says so. */
function createGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
let gate = createGate();

const paragraphs = Array.from({ length: 30 }, (_, index) => `Line ${index + 1} of what I think.`).join(
  '\n\n',
);

async function* slowly(): AsyncGenerator<string> {
  yield 'First I look at **';
  yield `the notes**, then:\n\n${paragraphs}`;
  await gate.opened;
  yield ' Now I change them.';
}

function script({ messages }: Asked): Said {
  const turns: Said[] = [
    { tool: 'read_file', input: { path: 'notes.txt' }, slowly: slowly() },
    { tool: 'write_file', input: { path: 'notes.txt', content: 'loud' } },
    { tool: 'finish', input: { summary: 'It is loud.' } },
  ];
  return turns[messages.filter(({ role }) => role === 'assistant').length] ?? { text: 'done' };
}

let studio: AgentStudio;
before(async () => {
  if (skip === false) studio = await startAgentStudio(script);
});
after(async () => {
  gate.open();
  await studio?.[Symbol.asyncDispose]();
});

interface LiveWords extends Words {
  readonly writing: string;
}

for (const words of [
  { ...english, writing: 'Writing' },
  { ...german, writing: 'Schreibt' },
] satisfies LiveWords[]) {
  test(`an answer is there while it is written, also after a reload, and stays where it was, ${words.locale} (${form})`, {
    skip,
  }, async () => {
    gate = createGate();
    const context = await studio.newContext(words);
    const page = await context.newPage();
    const project = await studio.newProject(`Live ${words.locale}`, { 'notes.txt': 'quiet' });
    await studio.open(page, words, `/p/${project.id}/agents`);
    await giveTask(page, words, 'Make it loud');
    const talk = page.getByRole('log');
    const text = talk.getByText('First I look at the notes, then:', { exact: true });
    const lastLine = talk.getByText('Line 30 of what I think.', { exact: true });
    await lastLine.waitFor();
    await talk.locator('strong', { hasText: 'the notes' }).waitFor();
    await talk.getByText(words.writing, { exact: true }).waitFor();
    assert.deepEqual(await axeViolations(page), []);
    // Nothing of it is in the log yet: the step comes with the whole answer.
    assert.equal(await talk.getByText('read_file').count(), 0);

    await page.reload();
    await lastLine.waitFor();
    // It follows its end, also when something above becomes higher a moment later.
    await page.waitForFunction(() => {
      const log = document.querySelector('[role=log]');
      return log !== null && log.scrollHeight - log.scrollTop - log.clientHeight < 24;
    });
    // Whoever reads further up is left there.
    await talk.hover();
    await page.mouse.wheel(0, -10_000);
    await text.waitFor();
    await page.waitForFunction(() => document.querySelector('[role=log]')?.scrollTop === 0);
    gate.open();
    await talk.getByText('It is loud.').first().waitFor();
    assert.equal(await talk.evaluate(({ scrollTop }) => scrollTop), 0);
    await talk.getByText('Line 30 of what I think. Now I change them.', { exact: true }).waitFor();
    assert.equal(await text.count(), 1);
    await context.close();
  });
}

const cds = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));
const noTerminal =
  spawnSync('/usr/bin/script', ['--version']).status === 0 ? false : 'needs script of util-linux';

test(`cds agent run writes the answer into a terminal while it is written, and only steps into a file (${form})`, {
  skip: skip === false ? noTerminal : skip,
}, async () => {
  gate = createGate();
  const project = await studio.newProject('Terminal', { 'notes.txt': 'quiet' });
  const { body } = await studio.admin.rest<{ apiKey: string }>('POST', '/auth/api-key/generate', {
    name: 'terminal',
  });
  const environment = {
    ...process.env,
    CDS_URL: studio.platform.url,
    CDS_API_KEY: body.apiKey,
    LANG: 'C.UTF-8',
  };
  const command = [process.execPath, cds, 'agent', 'run', '--project', project.id, '"Make it loud"'].join(
    ' ',
  );
  const child = spawn('/usr/bin/script', ['-qefc', command, '/dev/null'], { env: environment });
  let shown = '';
  child.stdout.on('data', (data: Buffer) => {
    shown += data.toString();
    if (shown.includes('Line 30 of what I think.')) gate.open();
  });
  const [code] = await once(child, 'exit');
  assert.equal(code, 0, shown);
  assert.match(
    shown,
    /started[^\n]*\r?\n(?:[^\n]*\n)*First I look at \*\*the notes\*\*[\s\S]*Now I change them\.\r?\n\d\d:.*model/,
  );

  const plain = spawn(process.execPath, [cds, 'agent', 'run', '--project', project.id, 'Again'], {
    env: environment,
  });
  let printed = '';
  plain.stdout.on('data', (data: Buffer) => {
    printed += data.toString();
  });
  const [plainCode] = await once(plain, 'exit');
  assert.equal(plainCode, 0, printed);
  assert.doesNotMatch(printed, /First I look/);
});
