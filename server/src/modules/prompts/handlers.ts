import type { Call, Client } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { unlimitedRoom } from '#kernel/files/workspace.ts';
import type { Handlers } from '#kernel/module.ts';
import type { projectsContract } from '#modules/projects/contract.ts';
import type { promptsContract } from './contract.ts';
import { type Definition, describeDefinition, parseDefinition } from './definition.ts';
import { generate } from './generate.ts';
import type { Library } from './library.ts';
import { loadProjectPrompts, type ProjectLibrary, projectPathOf, withImported } from './project-prompts.ts';
import { runPromptTests } from './prompt-tests.ts';

interface Caller {
  readonly user: Principal;
  readonly call: Call;
}

/** The prompt.* methods. A project's prompts are read anew each time: its files are the truth. */
export function createHandlers(deps: {
  readonly shipped: Library;
  readonly projects: Client<typeof projectsContract>;
}): Handlers<typeof promptsContract> {
  const { shipped, projects } = deps;

  async function libraryFor(caller: Caller, projectId: string | undefined): Promise<ProjectLibrary> {
    if (projectId === undefined) return { library: shipped, problems: [] };
    const { user, call } = caller;
    const granted = await projects.call(
      'project.access',
      { projectId, userId: user.userId, need: 'read', globalRole: user.role },
      call,
    );
    return loadProjectPrompts(shipped, { ...granted, room: unlimitedRoom });
  }

  return {
    'prompt.list': async ({ params, user, call }) => {
      const { library, problems } = await libraryFor({ user, call }, params.projectId);
      const infos = [...library.values()].map(describeDefinition).toSorted((a, b) => (a.id < b.id ? -1 : 1));
      return {
        prompts: infos.filter(({ kind }) => kind === 'prompt'),
        formulas: infos.filter(({ kind }) => kind === 'formula'),
        mixes: infos.filter(({ kind }) => kind === 'mix'),
        problems: [...problems],
      };
    },
    'prompt.generate': async ({ params, user, call }) => {
      const { library } = await libraryFor({ user, call }, params.projectId);
      return generate(library, params.promptId, params.variables);
    },
    'prompt.test': async ({ params, user, call }) => {
      const { library } = await libraryFor({ user, call }, params.projectId);
      const chosen =
        params.promptId === undefined ? [...library.values()] : [definitionOf(library, params.promptId)];
      const outcomes = chosen.flatMap((definition) => runPromptTests(library, definition));
      const passed = outcomes.filter((outcome) => outcome.passed).length;
      return { passed, failed: outcomes.length - passed, outcomes };
    },
    'prompt.export': async ({ params, user, call }) => {
      const { library } = await libraryFor({ user, call }, params.projectId);
      const { id, text } = definitionOf(library, params.promptId);
      return { fileName: `${id}.prompt`, text };
    },
    'prompt.import': async ({ params, user, call }) => {
      const { projectId, text, overwrite } = params;
      const definition = parseDefinition(text, 'project');
      const library = withImported(await libraryFor({ user, call }, projectId), definition, overwrite);
      const failed = runPromptTests(library, definition).find(({ passed }) => !passed);
      if (failed !== undefined) {
        const reason = `its test "${failed.test}" fails: ${failed.reason}`;
        throw fault('prompts.definition_invalid', { line: 2, reason });
      }
      const path = projectPathOf(definition.id);
      const save = { projectId, path, content: definition.text, ...(overwrite ? {} : { ifMatch: null }) };
      await projects.call('project.file.save', save, call);
      return { prompt: describeDefinition(definition), path };
    },
  };
}

function definitionOf(library: Library, promptId: string): Definition {
  const definition = library.get(promptId);
  if (definition === undefined) throw fault('prompts.unknown', { promptId });
  return definition;
}
