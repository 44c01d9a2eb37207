import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import type { Asked, Said } from '@cyberdevstudio/server/modules/agents/testing/scripted-provider.ts';
import { type AgentStudio, english, german, giveTask, startAgentStudio } from './agent-studio.ts';
import { axeViolations, browserMissing } from './browser.ts';
import { form } from './platform.ts';

const skip = browserMissing ?? false;
const file = 'src/notes.txt';
const source = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', ''].join('\n');
const wanted = source.replace('two', 'TWO').replace('nine', 'NINE');

/** Makes the notes loud; the weak model does not manage. */
function script({ model, messages }: Asked): Said {
  if (model === 'weak') return { text: 'I cannot do this.' };
  const turns: Said[] = [
    { tool: 'write_file', input: { path: file, content: wanted } },
    { tool: 'finish', input: { summary: 'It is loud now.' } },
  ];
  return turns[messages.filter(({ role }) => role === 'assistant').length] ?? { text: 'done' };
}

let studio: AgentStudio;
before(async () => {
  if (skip === false) studio = await startAgentStudio(script, ['strong', 'weak']);
});
after(async () => {
  await studio?.[Symbol.asyncDispose]();
});

for (const words of [
  {
    ...english,
    setting: 'Model that goes on when a task’s own does not manage',
    save: 'Save the model',
    model: /^Model/,
    options: 'Options',
    choice: 'When the model does not manage',
    byProject: 'As the project says: scripted/strong',
    none: 'No other model',
    escalated: 'Escalated to scripted/strong, because scripted/weak made no progress (it called no tool).',
    failed: /made no progress: it called no tool/,
    steps: 'Steps',
  },
  {
    ...german,
    setting: 'Modell, das weitermacht, wenn das einer Aufgabe es nicht schafft',
    save: 'Modell speichern',
    model: /^Modell/,
    options: 'Optionen',
    choice: 'Wenn das Modell es nicht schafft',
    byProject: 'Wie im Projekt festgelegt: scripted/strong',
    none: 'Kein anderes Modell',
    escalated:
      'Weitergegeben an scripted/strong, denn scripted/weak kam nicht voran (es rief kein Werkzeug auf).',
    failed: /kam nicht voran: es rief kein Werkzeug auf/,
    steps: 'Schritte',
  },
]) {
  test(`another model goes on as the project says, the task tells why, and a task can refuse it, ${words.locale} (${form})`, {
    skip,
  }, async () => {
    const context = await studio.newContext(words);
    const page = await context.newPage();
    const project = await studio.newProject(`Escalation ${words.locale}`, { [file]: source });
    await studio.open(page, words, `/p/${project.id}/settings`);
    const setting = page.getByLabel(words.setting);
    await setting.locator('option', { hasText: 'scripted/strong' }).waitFor({ state: 'attached' });
    assert.equal(await setting.inputValue(), '');
    await setting.selectOption('scripted/strong');
    await page.getByRole('button', { name: words.save }).click();
    await page.locator('.chip', { hasText: 'scripted/strong' }).waitFor();
    assert.deepEqual(await axeViolations(page), []);

    await page.goto(`${studio.platform.url}/p/${project.id}/agents`);
    await page.getByRole('combobox', { name: words.model }).selectOption('scripted/weak');
    await page.getByRole('button', { name: words.options, exact: true }).click();
    const choice = page.getByLabel(words.choice);
    await choice.locator('option', { hasText: words.byProject }).waitFor({ state: 'attached' });
    assert.deepEqual(await axeViolations(page), []);
    await giveTask(page, words, 'Make it loud');
    const talk = page.getByRole('log');
    await talk.getByText(words.escalated).waitFor();
    await talk.getByText('It is loud now.').first().waitFor();
    await page.getByRole('tab', { name: words.steps }).click();
    await page.locator('.task-facts').getByText('scripted/strong', { exact: true }).waitFor();
    assert.deepEqual(await axeViolations(page), []);

    await page.getByRole('button', { name: words.options, exact: true }).click();
    await choice.selectOption(words.none);
    await giveTask(page, words, 'Make it loud, alone');
    await talk.getByText(words.failed).waitFor();
    assert.equal(await talk.getByText(words.escalated).count(), 0);
    await context.close();
  });
}

test(`what an agent proposes is marked in tree, tab and at the lines, leads to the review, and goes when it is decided (${form})`, {
  skip,
}, async () => {
  const context = await studio.newContext(english);
  const page = await context.newPage();
  const project = await studio.newProject('Marks', { [file]: source });
  await studio.open(page, english, `/p/${project.id}/agents`);
  await giveTask(page, english, 'Make it loud');
  await page.getByRole('log').getByRole('button', { name: 'Apply all' }).waitFor();

  await page.goto(`${studio.platform.url}/p/${project.id}?file=${file}`);
  const tree = page.getByRole('tree');
  await tree.getByRole('treeitem', { name: /^src ?, Agents propose changes in it/ }).waitFor();
  await tree.getByRole('treeitem', { name: /notes\.txt ?, CodeAgent proposes a change/ }).waitFor();
  await page.getByRole('tab', { name: /notes\.txt ?, CodeAgent proposes a change/ }).waitFor();
  await page.getByText('2 changes, none decided').waitFor();
  const marks = page.locator('.monaco-editor .agent-gutter');
  await marks.first().waitFor();
  assert.equal(await marks.count(), 2);
  const topOf = async (line: string) =>
    (await page.locator('.view-line', { hasText: line }).boundingBox())?.y;
  const tops = async () =>
    Promise.all((await marks.all()).map(async (mark) => (await mark.boundingBox())?.y));
  assert.deepEqual((await tops()).sort(), [await topOf('two'), await topOf('nine')].sort());
  assert.deepEqual(await axeViolations(page), []);

  // A line that is typed above moves them along.
  await page
    .locator('.monaco-editor')
    .first()
    .click({ position: { x: 200, y: 12 } });
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('zero\n');
  await page.locator('.view-line', { hasText: 'zero' }).waitFor();
  assert.deepEqual((await tops()).sort(), [await topOf('two'), await topOf('nine')].sort());
  await page.keyboard.press('Control+s');

  await marks.first().click();
  await page.waitForURL(/\/agents\/[0-9a-f-]{36}\?.*file=src/);
  await page.locator('.agents-work').getByRole('button', { name: 'Reject', exact: true }).click();
  await page.getByText('The change was put away.', { exact: false }).first().waitFor();
  await page.goto(`${studio.platform.url}/p/${project.id}?file=${file}`);
  await page.locator('.view-line', { hasText: 'zero' }).waitFor();
  await tree.getByRole('treeitem', { name: /^notes\.txt/ }).waitFor();
  await page.waitForLoadState('networkidle').catch(() => undefined);
  assert.equal(await page.locator('.agent-sign, .tree-inside, .agent-gutter, .proposal-bar').count(), 0);
  await context.close();
});

test(`a conflict is still there after a reload, with what was chosen; one that is gone is not (${form})`, {
  skip,
}, async () => {
  const context = await studio.newContext(english);
  const page = await context.newPage();
  const project = await studio.newProject('Conflict', { [file]: source });
  await studio.open(page, english, `/p/${project.id}/agents`);
  await giveTask(page, english, 'Make it loud');
  const applyAll = page.getByRole('log').getByRole('button', { name: 'Apply all' });
  await applyAll.waitFor();
  project.write(file, source.replace('nine', 'neun'));
  await applyAll.click();
  await page.getByRole('button', { name: 'Both', exact: true }).click();

  await page.reload();
  await page.getByText('1 file changed in the meantime').waitFor();
  assert.equal(
    await page.getByRole('textbox', { name: 'What will stand here' }).inputValue(),
    'neun\nNINE\n',
  );
  await page.getByRole('button', { name: 'Apply with these decisions' }).click();
  await page.locator('.agents-work').getByRole('button', { name: 'Roll back', exact: true }).waitFor();
  assert.equal(project.read(file), source.replace('two', 'TWO').replace('nine', 'neun\nNINE'));

  // The same again; meanwhile the file is as it was.
  await giveTask(page, english, 'Make it loud again');
  await applyAll.waitFor();
  project.write(file, source.replace('two', 'zwei'));
  await applyAll.click();
  await page.getByText('1 file changed in the meantime').waitFor();
  project.write(file, wanted);
  await page.reload();
  await applyAll.waitFor();
  await page.locator('.review-bar').waitFor();
  assert.equal(await page.getByText('1 file changed in the meantime').count(), 0);
  await context.close();
});
