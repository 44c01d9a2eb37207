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
}

/** The settings of models in the module's own table. */
export function createModelSettingsStore(database: Database): ModelSettingsStore {
  return {
    async all() {
      const rows = await database.query<Row>({
        name: 'llm-settings-all',
        text: 'select model_id, context_size, threads, parallel, temperature, pinned from llm.model_settings',
      });
      return new Map(rows.map((row) => [row.model_id, settingsOf(row)]));
    },
    async save(modelId, settings) {
      await database.execute({
        name: 'llm-settings-save',
        text: `
          insert into llm.model_settings (model_id, context_size, threads, parallel, temperature, pinned)
          values ($1, $2, $3, $4, $5, $6)
          on conflict (model_id) do update set context_size = excluded.context_size, threads = excluded.threads,
            parallel = excluded.parallel, temperature = excluded.temperature, pinned = excluded.pinned,
            updated_at = now()`,
        values: [
          modelId,
          settings.contextSize,
          settings.threads,
          settings.parallel,
          settings.temperature,
          settings.pinned,
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
  };
}
