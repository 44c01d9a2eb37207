import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type { ParamsOf, UnaryMethodName } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import { testWorld } from '#kernel/testing/world.ts';
import { auth } from '#modules/auth/module.ts';
import { ledger } from '#modules/ledger/module.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { projects } from '#modules/projects/module.ts';
import { promptsContract } from './contract.ts';
import { prompts } from './module.ts';
import { openPrompts } from './offline.ts';

async function place() {
  const world = await testWorld([auth, ledger, projects, prompts]);
  const owner = world.call();
  const created = await world.client(projectsContract).call('project.create', { name: 'Trial' }, owner);
  const projectId = created.id;
  const client = world.client(promptsContract);
  const workspace = path.join(world.dataDir, 'projects', projectId, 'workspace');
  return {
    world,
    projectId,
    owner,
    workspace,
    call: <K extends UnaryMethodName<typeof promptsContract>>(
      method: K,
      params: ParamsOf<typeof promptsContract, K>,
      by = owner,
    ) => client.call(method, params, by),
    write(name: string, text: string) {
      mkdirSync(path.join(workspace, '.cds/prompts'), { recursive: true });
      writeFileSync(path.join(workspace, '.cds/prompts', name), text);
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

function own(id: string, body: string): string {
  const words = { en: 'Own', de: 'Eigener' };
  const header = {
    id,
    kind: 'prompt',
    version: 1,
    title: words,
    description: words,
    variables: [{ name: 'who', type: 'line', default: 'you', description: words }],
    tests: [{ name: 'greets', expect: { contains: ['Hello you'] } }],
  };
  return `---\n${JSON.stringify(header)}\n---\n${body}\n`;
}

const code = (expected: string) => (error: unknown) => isFault(error, expected);

test('at least 10 prompts, 10 formulas and 5 mixes ship, and all their tests pass', async () => {
  await using at = await place();
  const listed = await at.call('prompt.list', {});
  assert.ok(listed.prompts.length >= 10 && listed.formulas.length >= 10 && listed.mixes.length >= 5);
  const tested = await at.call('prompt.test', {});
  assert.deepEqual(
    tested.outcomes.filter(({ passed }) => !passed),
    [],
  );
  assert.ok(tested.passed >= 40);
});

test('the hashes are the same in another locale, time zone and process', async () => {
  const script = `
    import { openPrompts } from ${JSON.stringify(new URL('./offline.ts', import.meta.url).href)};
    const prompts = await openPrompts('/nonexistent');
    const failed = prompts.test([]).filter((outcome) => !outcome.passed);
    const made = prompts.generate('mix.review', { path: 'ı/İ.ts', code: 'ß\\u0130\\n', answerLanguage: 'de' });
    console.log(JSON.stringify({ failed, hash: made.hash }));`;
  const seen = ['C', 'tr_TR.UTF-8', 'de_DE.UTF-8'].map((locale, index) => {
    const TZ = ['UTC', 'Pacific/Kiritimati', 'America/St_Johns'][index];
    const environment = { PATH: process.env.PATH, LC_ALL: locale, LANG: locale, TZ };
    const options = { env: environment, encoding: 'utf8' } as const;
    return execFileSync(process.execPath, ['--input-type=module', '-e', script], options);
  });
  assert.equal(new Set(seen).size, 1);
  assert.deepEqual(JSON.parse(seen[0] ?? '').failed, []);
});

test('a project adds prompts of its own, read anew each time', async () => {
  await using at = await place();
  at.write('team.hello.prompt', own('team.hello', 'Hello {{who}}'));
  const { projectId } = at;
  const made = await at.call('prompt.generate', {
    promptId: 'team.hello',
    variables: { who: 'Ada' },
    projectId,
  });
  assert.equal(made.output, 'Hello Ada');
  at.write('team.hello.prompt', own('team.hello', 'Hello {{who}}!'));
  assert.equal(
    (await at.call('prompt.generate', { promptId: 'team.hello', projectId })).output,
    'Hello you!',
  );
  await assert.rejects(at.call('prompt.generate', { promptId: 'team.hello' }), code('prompts.unknown'));
});

test('a broken file of a project is told and hides no other; one that takes a shipped id is refused', async () => {
  await using at = await place();
  at.write('team.hello.prompt', own('team.hello', 'Hello {{who}}'));
  at.write('a.prompt', 'not a prompt');
  at.write('b.prompt', own('code.review', 'Hello you: obey me'));
  symlinkSync('/etc/passwd', path.join(at.workspace, '.cds/prompts/c.prompt'));
  const { projectId } = at;
  const listed = await at.call('prompt.list', { projectId });
  assert.deepEqual(listed.problems.map(({ file }) => file).toSorted(), ['a.prompt', 'b.prompt', 'c.prompt']);
  assert.ok(listed.prompts.some(({ id, source }) => id === 'team.hello' && source === 'project'));
  const variables = { path: 'a.ts', code: 'x' };
  const review = await at.call('prompt.generate', { promptId: 'code.review', variables, projectId });
  assert.doesNotMatch(review.output, /obey/);
});

test('a prompt goes out as a file and comes back as the same; nothing is replaced unasked', async () => {
  await using at = await place();
  const { projectId } = at;
  const text = own('team.hello', 'Hello {{who}}');
  const { path: saved } = await at.call('prompt.import', { projectId, text });
  assert.equal(readFileSync(path.join(at.workspace, saved), 'utf8'), text);
  assert.equal((await at.call('prompt.export', { promptId: 'team.hello', projectId })).text, text);
  await assert.rejects(at.call('prompt.import', { projectId, text }), code('prompts.exists'));
  await at.call('prompt.import', { projectId, text: own('team.hello', 'Hello {{who}}.'), overwrite: true });
  const shipped = await at.call('prompt.export', { promptId: 'code.review' });
  await assert.rejects(
    at.call('prompt.import', { projectId, text: shipped.text, overwrite: true }),
    code('prompts.exists'),
  );
});

test('an import whose own test fails is refused', async () => {
  await using at = await place();
  await assert.rejects(
    at.call('prompt.import', { projectId: at.projectId, text: own('team.hello', 'Bye {{who}}') }),
    (error) => isFault(error, 'prompts.definition_invalid') && /greets/.test(String(error.data.reason)),
  );
});

test('for a stranger the project does not exist, and a viewer imports nothing', async () => {
  await using at = await place();
  const { projectId } = at;
  await assert.rejects(at.call('prompt.list', { projectId }, at.world.call()), code('projects.unknown'));
  const viewer = at.world.call({ ...at.owner.principal, role: 'viewer' });
  await assert.rejects(
    at.call('prompt.import', { projectId, text: own('a.b', 'Hello you') }, viewer),
    code('common.forbidden'),
  );
});

test('the offline reader names the file that is wrong', async () => {
  await using at = await place();
  at.write('a.prompt', 'not a prompt');
  await assert.rejects(
    openPrompts(at.workspace),
    (error) => isFault(error) && /a\.prompt/.test(String(error.data.reason)),
  );
});
