import type { Database } from '#kernel/database/database.ts';
import type { ModelSettings } from '../local-models.ts';
import type { ModelSettingsStore } from './settings.ts';

interface Row {
  readonly model_id: string;
  readonly context_size: number | null;
  readonly threads: number | null;
  readonly parallel: number | null;
  readonly temperature: number | null;
  readonly pinned: boolean;
  readonly token_weight: string | null;
  readonly input_cost: string | null;
  readonly output_cost: string | null;
}

/** The settings of models in the module's own table. */
export function createModelSettingsStore(database: Database): ModelSettingsStore {
  return {
    async all() {
      const rows = await database.query<Row>({
        name: 'llm-settings-all',
        text: `select model_id, context_size, threads, parallel, temperature, pinned, token_weight, input_cost, output_cost
                 from llm.model_settings`,
      });
      return new Map(rows.map((row) => [row.model_id, settingsOf(row)]));
    },
    async save(modelId, settings) {
      await database.execute({
        name: 'llm-settings-save',
        text: `
          insert into llm.model_settings
            (model_id, context_size, threads, parallel, temperature, pinned, token_weight, input_cost, output_cost)
          values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
          on conflict (model_id) do update set context_size = excluded.context_size, threads = excluded.threads,
            parallel = excluded.parallel, temperature = excluded.temperature, pinned = excluded.pinned,
            token_weight = excluded.token_weight, input_cost = excluded.input_cost,
            output_cost = excluded.output_cost,
            updated_at = now()`,
        values: [
          modelId,
          settings.contextSize,
          settings.threads,
          settings.parallel,
          settings.temperature,
          settings.pinned,
          settings.tokenWeight,
          settings.inputCost,
          settings.outputCost,
        ],
      });
    },
    async remove(modelId) {
      await database.execute({
        name: 'llm-settings-remove',
        text: 'delete from llm.model_settings where model_id = $1',
        values: [modelId],
      });
    },
  };
}

function settingsOf(row: Row): ModelSettings {
  return {
    contextSize: row.context_size,
    threads: row.threads,
    parallel: row.parallel,
    temperature: row.temperature,
    pinned: row.pinned,
    tokenWeight: row.token_weight,
    inputCost: row.input_cost,
    outputCost: row.output_cost,
  };
}
