import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import type { Asked, Said } from '@cyberdevstudio/server/modules/agents/testing/scripted-provider.ts';
import { type AgentStudio, english, german, giveTask, startAgentStudio } from './agent-studio.ts';
import { axeViolations, browserMissing } from './browser.ts';
import { form } from './platform.ts';

const skip = browserMissing ?? false;

/** What a task is about, and what the agent does about it. */
const edits: readonly (readonly [said: string, edit: Said])[] = [
  ['broken.js', { tool: 'write_file', input: { path: 'broken.js', content: 'console.log("mended");\n' } }],
  ['TOGETHER', { tool: 'write_file', input: { path: 'a.js', content: 'export const a = 2;\n' } }],
  ['SAME', { tool: 'write_file', input: { path: 'notes.txt', content: 'loud\n' } }],
  [
    '',
    {
      tool: 'edit_file',
      input: {
        path: 'main.py',
        search: '    main()\n',
        replace: '    print("Hello", *sys.argv[1:])\n    main()\n',
      },
    },
  ],
];

function script({ messages, all, tools }: Asked): Said {
  // The playground offers no tools; this model calls one all the same.
  if (tools.length === 0) return { tool: 'weather', input: { city: 'Bern', days: 2 } };
  const turns = [
    edits.find(([said]) => all.includes(said))?.[1],
    { tool: 'finish', input: { summary: 'It is as you want it.' } },
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

const together = {
  'package.json': '{"type":"module","scripts":{"test":"node --test"}}\n',
  'a.js': 'export const a = 1;\n',
  'b.js': 'export const b = 1;\n',
  'both.test.js':
    "import assert from 'node:assert';\nimport test from 'node:test';\nimport { a } from './a.js';\nimport { b } from './b.js';\ntest('never both', () => assert.notEqual(a + b, 4));\n",
};

for (const words of [
  {
    ...english,
    python: /Python/,
    create: 'Create and run',
    guide: 'Ask an agent for a first change',
    ask: 'Ask an agent',
    guideTask: 'Greet the person by name when a name is given on the command line.',
    applyAll: 'Apply all',
    command: 'Command',
    run: 'Run',
    debug: 'Debug with an agent',
    debugTask: 'This command fails. Find the reason and mend it.',
    failing: 'Command that fails',
    overlap: 'Another open task has the same file: notes.txt. Whichever is applied later is merged.',
    refused: /Together with what has changed in the project meanwhile.*does not pass its check/,
    nothing: 'Nothing was written. The steps show the output of the check.',
    anyway: 'Apply anyway',
  },
  {
    ...german,
    python: /Python/,
    create: 'Anlegen und starten',
    guide: 'Bitten Sie einen Agenten um die erste Änderung',
    ask: 'Agenten fragen',
    guideTask: 'Begrüße die Person mit Namen, wenn beim Aufruf ein Name angegeben ist.',
    applyAll: 'Alle anwenden',
    command: 'Befehl',
    run: 'Ausführen',
    debug: 'Mit einem Agenten debuggen',
    debugTask: 'Dieser Befehl scheitert. Finde die Ursache und behebe sie.',
    failing: 'Befehl, der scheitert',
    overlap:
      'Eine andere offene Aufgabe hat dieselbe Datei: notes.txt. Was später angewendet wird, wird zusammengeführt.',
    refused: /Zusammen mit dem, was sich im Projekt inzwischen geändert hat.*nicht/,
    nothing: 'Es wurde nichts geschrieben. Die Schritte zeigen die Ausgabe der Prüfung.',
    anyway: 'Trotzdem anwenden',
  },
]) {
  test(`the guide of the first project leads from the first run to an applied change, ${words.locale} (${form})`, {
    skip,
  }, async () => {
    const context = await studio.newContext(words);
    const page = await context.newPage();
    await studio.open(page, words, '/welcome');
    await page.getByRole('radio', { name: words.python }).click();
    await page.getByRole('button', { name: words.create }).click();
    const guide = page.getByRole('region', { name: words.guide });
    await guide.waitFor();
    assert.deepEqual(await axeViolations(page), []);
    await guide.getByRole('button', { name: words.ask }).click();
    const message = page.getByLabel(words.message);
    await message.waitFor();
    assert.equal(await message.inputValue(), words.guideTask);
    await page.locator('.composer .chip', { hasText: 'main.py' }).first().waitFor();
    await giveTask(page, words, words.guideTask);
    await page.getByRole('log').getByRole('button', { name: words.applyAll }).click();
    await page.locator('.agents-work').getByRole('button', { name: words.rollBack, exact: true }).waitFor();
    assert.deepEqual(await axeViolations(page), []);
    await context.close();
  });

  test(`a failed run goes to the debug agent with its command, which passes afterwards, ${words.locale} (${form})`, {
    skip,
  }, async () => {
    const context = await studio.newContext(words);
    const page = await context.newPage();
    const project = await studio.newProject(`Debug ${words.locale}`, {
      'broken.js': 'throw new Error("no");\n',
    });
    await studio.open(page, words, `/p/${project.id}/run`);
    await page.getByLabel(words.command, { exact: true }).fill('node broken.js');
    await page.getByRole('button', { name: words.run, exact: true }).click();
    await page.getByRole('button', { name: words.debug }).click();
    const message = page.getByLabel(words.message);
    await message.waitFor();
    assert.equal(await message.inputValue(), words.debugTask);
    assert.equal(await page.getByLabel(words.failing).inputValue(), 'node broken.js');
    assert.deepEqual(await axeViolations(page), []);
    await giveTask(page, words, words.debugTask);
    await page.getByRole('log').getByRole('button', { name: words.applyAll }).click();
    await page.locator('.agents-work').getByRole('button', { name: words.rollBack, exact: true }).waitFor();
    assert.equal(project.read('broken.js'), 'console.log("mended");\n');
    await context.close();
  });

  test(`a change says that another undecided one has the same file, ${words.locale} (${form})`, {
    skip,
  }, async () => {
    const context = await studio.newContext(words);
    const page = await context.newPage();
    const project = await studio.newProject(`Overlap ${words.locale}`, { 'notes.txt': 'quiet\n' });
    await studio.open(page, words, `/p/${project.id}/agents`);
    const talk = page.getByRole('log');
    await giveTask(page, words, 'SAME, the first');
    await talk.getByRole('button', { name: words.applyAll }).waitFor();
    assert.equal(await talk.getByText(words.overlap).count(), 0);
    const first = page.url();
    await giveTask(page, words, 'SAME, the second');
    await page.waitForURL((url) => url.href !== first);
    await talk.getByText(words.overlap).waitFor();
    assert.deepEqual(await axeViolations(page), []);
    await talk.getByRole('button', { name: words.applyAll }).click();
    await page.locator('.agents-work').getByRole('button', { name: words.rollBack, exact: true }).waitFor();
    await talk.getByText(words.overlap).waitFor({ state: 'detached' });
    await context.close();
  });

  test(`a change that fails its check together with the project is written only by whoever insists, ${words.locale} (${form})`, {
    skip,
  }, async () => {
    const context = await studio.newContext(words);
    const page = await context.newPage();
    const project = await studio.newProject(`Together ${words.locale}`, together);
    await studio.open(page, words, `/p/${project.id}/agents`);
    await giveTask(page, words, 'TOGETHER');
    const applyAll = page.getByRole('log').getByRole('button', { name: words.applyAll });
    await applyAll.waitFor();
    project.write('b.js', 'export const b = 2;\n');
    await applyAll.click();
    await page.getByText(words.refused).first().waitFor();
    await page.getByText(words.nothing).waitFor();
    assert.deepEqual(await axeViolations(page), []);
    assert.equal(project.read('a.js'), 'export const a = 1;\n');
    await page.getByRole('button', { name: words.anyway }).click();
    await page.locator('.agents-work').getByRole('button', { name: words.rollBack, exact: true }).waitFor();
    assert.equal(project.read('a.js'), 'export const a = 2;\n');
    await context.close();
  });
}

test(`an answer of the playground that only calls a tool shows the call; on a phone figures say what they are (${form})`, {
  skip,
}, async () => {
  const context = await studio.newContext(english);
  const page = await context.newPage();
  await studio.open(page, english, '/playground');
  await page.getByRole('textbox', { name: 'Message' }).fill('How is the weather?');
  await page.keyboard.press('Control+Enter');
  const lane = page.getByRole('log').first();
  await lane.getByText('Calls the tool weather').waitFor();
  await lane.getByText('"city": "Bern"').waitFor();
  assert.deepEqual(await axeViolations(page), []);

  await page.goto(`${studio.platform.url}/manage/models`);
  await page.setViewportSize({ width: 390, height: 844 });
  const size = page.locator('td[data-label="Size"]').first();
  await size.waitFor();
  const heading = await size.evaluate((cell) => getComputedStyle(cell, '::before').content);
  assert.equal(heading, '"Size "');
  await context.close();
});
