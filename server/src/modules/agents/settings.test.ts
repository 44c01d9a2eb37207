import assert from 'node:assert/strict';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { agentWorld } from './testing/agent-world.ts';

const code = (expected: string) => (error: unknown) => isFault(error, expected);

test('no other model goes on in a project until its owner names one; a task can say otherwise', async () => {
  await using at = await agentWorld({ 'a.txt': 'a' }, () => ({ hang: true }));
  const { projectId } = at;
  const escalationOf = async (task: Parameters<typeof at.dispatch>[0]) => {
    const taskId = await at.dispatch(task);
    const { escalateTo } = await at.call('agent.status', { taskId });
    await at.call('agent.cancel', { taskId });
    return escalateTo;
  };
  assert.deepEqual(await at.call('agent.settings.get', { projectId }), { escalateTo: null });
  assert.equal(await escalationOf({}), null);

  const escalateTo = 'scripted/strong';
  assert.deepEqual(await at.call('agent.settings.set', { projectId, escalateTo }), { escalateTo });
  assert.equal(await escalationOf({}), escalateTo);
  assert.equal(await escalationOf({ escalateTo: null }), null);
  assert.equal(await escalationOf({ escalateTo: 'other/model' }), 'other/model');

  await at.call('agent.settings.set', { projectId, escalateTo: null });
  assert.equal(await escalationOf({}), null);
});

test('refuses a model that is not there, and everybody but the owners of the project', async () => {
  await using at = await agentWorld({ 'a.txt': 'a' }, () => ({ hang: true }));
  const { projectId, world, owner } = at;
  const set = (escalateTo: string, by = owner) =>
    at.call('agent.settings.set', { projectId, escalateTo }, by);
  await assert.rejects(set('scripted/none'), code('agents.model_unknown'));
  const other = await at.newUser();
  await assert.rejects(set('scripted/strong', other), code('projects.unknown'));
  await assert.rejects(at.call('agent.settings.get', { projectId }, other), code('projects.unknown'));

  const { username } = other;
  await world
    .client(projectsContract)
    .call('project.member.add', { projectId, username, role: 'editor' }, world.call(owner));
  await assert.rejects(set('scripted/strong', other), code('projects.role_insufficient'));
  assert.deepEqual(await at.call('agent.settings.get', { projectId }, other), { escalateTo: null });
});
