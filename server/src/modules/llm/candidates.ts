import { fault, isFault } from '#base/fault.ts';
import type { ModelList } from './contract-requests.ts';
import type { Task } from './contract-shapes.ts';
import { contextSizeOf, createLocalSource, type LocalSourceDeps } from './local/local-source.ts';
import type { LocalModel } from './local-models.ts';
import type { Providers } from './providers/registry.ts';
import { type RoutingTable, taskOf } from './routing.ts';
import type { InferenceRequest, Source } from './source.ts';

export interface Candidates {
  /**
   * What can answer the request, in the order of trying; at least one.
   * @throws llm.model_not_found, llm.no_model
   */
  forRequest(
    request: InferenceRequest,
  ): Promise<{ readonly sources: readonly Source[]; readonly temperature: number | undefined }>;
  /** Every model that can be asked now. */
  list(): Promise<ModelList>;
}

const mostCandidates = 4;

/** Finds who can answer: by the model's name, or by the task where the caller leaves the choice to the platform. */
export function createCandidates(
  deps: LocalSourceDeps & { readonly providers: Providers; readonly routing: RoutingTable },
): Candidates {
  const { models, providers, routing } = deps;

  async function sourceNamed(name: string, temperature: number): Promise<Source | undefined> {
    // A file’s name holds no slash.
    const slash = name.indexOf('/');
    if (slash !== -1) return providers.source(name.slice(0, slash), name.slice(slash + 1));
    const local = await findLocal(name);
    return local === undefined ? undefined : createLocalSource(local, temperature, deps);
  }

  async function findLocal(name: string): Promise<LocalModel | undefined> {
    try {
      return await models.find(name);
    } catch (error) {
      if (isFault(error, 'llm.model_not_found')) return undefined;
      throw error;
    }
  }

  /** Without a choice of the administrator: models of this machine, loaded ones first, then enabled providers. */
  async function usualNames(task: Task): Promise<string[]> {
    const local = (await models.list())
      .filter((model) => servesTask(model, task) && model.state !== 'unreadable')
      .sort((a, b) => Number(b.state === 'loaded') - Number(a.state === 'loaded'))
      .map((model) => model.id);
    const offered = (await providers.models())
      .filter(({ model }) => (model.task === 'embed') === (task === 'embed'))
      .map(({ provider, model }) => `${provider}/${model.id}`);
    return [...local, ...offered];
  }

  async function sourcesOf(names: readonly string[], temperature: number): Promise<Source[]> {
    const sources: Source[] = [];
    for (const name of new Set(names)) {
      if (sources.length === mostCandidates) break;
      const source = await sourceNamed(name, temperature);
      if (source !== undefined) sources.push(source);
    }
    return sources;
  }

  return {
    async forRequest(request) {
      const { model } = request.body;
      const routes = await routing.read();
      const usual = usualTask(request);
      const task = taskOf(model, usual);
      if (task !== undefined) {
        const { models: chosen, temperature } = routes[task];
        const sources = await sourcesOf(chosen.length > 0 ? chosen : await usualNames(task), temperature);
        if (sources.length === 0) throw fault('llm.no_model', { task });
        return { sources, temperature };
      }
      const { temperature } = routes[usual];
      const named = await sourceNamed(model, temperature);
      if (named === undefined) throw fault('llm.model_not_found', { model: model.slice(0, 100) });
      const fallbacks = Object.hasOwn(routes.fallbacks, model) ? (routes.fallbacks[model] ?? []) : [];
      return { sources: [named, ...(await sourcesOf(fallbacks, temperature))], temperature: undefined };
    },
    async list() {
      const created = Math.floor(deps.now() / 1_000);
      const local = (await models.list())
        .filter((model) => model.state !== 'unreadable')
        .map((model) => ({
          id: model.id,
          object: 'model' as const,
          created,
          owned_by: 'local',
          context_size: contextSizeOf(model, deps.modelContextSize),
          loaded: model.state === 'loaded',
          capabilities: model.capabilities,
          input_cost: model.settings.inputCost ?? '0',
          output_cost: model.settings.outputCost ?? '0',
        }));
      const offered = (await providers.models()).map(({ provider, model }) => ({
        id: `${provider}/${model.id}`,
        object: 'model' as const,
        created,
        owned_by: provider,
        context_size: model.contextSize,
        loaded: true,
        capabilities: { chat: model.task === 'chat', embeddings: model.task === 'embed', infill: false },
        input_cost: model.inputCost,
        output_cost: model.outputCost,
      }));
      return { object: 'list', data: [...local, ...offered] };
    },
  };
}

function usualTask(request: InferenceRequest): Task {
  switch (request.kind) {
    case 'chat':
      return 'chat';
    case 'embedding':
      return 'embed';
    case 'completion':
      return (request.body.suffix ?? '') === '' ? 'code' : 'autocomplete';
  }
}

function servesTask({ capabilities }: LocalModel, task: Task): boolean {
  if (task === 'embed') return capabilities.embeddings;
  if (task === 'autocomplete') return capabilities.infill;
  return capabilities.chat;
}
