import type { Call } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Database } from '#kernel/database/database.ts';
import type { EngineName, FilesGrant } from '../contract-execute.ts';
import { type ConfigRow, deleteConfig, insertConfig, selectConfigs, updateConfig } from '../store.ts';
import { type AccessProject, checkCommandLine } from './preparation.ts';

interface SaveRequest {
  readonly projectId: string;
  readonly configId?: string | undefined;
  readonly name: string;
  readonly engine: EngineName;
  readonly files: FilesGrant;
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly timeoutMs: number | null;
  readonly limits: ConfigRow['limits'];
  readonly keepInput: boolean;
  readonly network: boolean;
}

interface Who {
  readonly user: Principal;
  readonly call: Call;
}

const configsPerProject = 100;

/** Saved run configurations: one list per project, shared by its members. */
export function createConfigs(deps: {
  readonly database: Database;
  readonly access: AccessProject;
  readonly newId: () => string;
  readonly now: () => number;
}) {
  async function write(row: ConfigRow, isNew: boolean): Promise<void> {
    try {
      if (isNew) {
        const added = await insertConfig(deps.database, row, configsPerProject);
        if (added === 0) throw fault('sandbox.config_limit', { limit: configsPerProject });
      } else if ((await updateConfig(deps.database, row)) === 0) throw fault('sandbox.config_unknown');
    } catch (error) {
      // unique_violation (PostgreSQL, appendix A): the name
      if ((error as { code?: string }).code === '23505') {
        throw fault('sandbox.config_name_taken', { name: row.name }, { cause: error });
      }
      throw error;
    }
  }

  return {
    async list(projectId: string, { user, call }: Who) {
      await deps.access({ projectId, userId: user.userId, need: 'read' }, call);
      return (await selectConfigs(deps.database, projectId)).map(describe);
    },

    /** @throws sandbox.config_unknown, sandbox.config_name_taken, sandbox.config_limit */
    async save(request: SaveRequest, { user, call }: Who) {
      const { projectId, configId, timeoutMs, keepInput, ...rest } = request;
      await deps.access({ projectId, userId: user.userId, need: 'write' }, call);
      checkCommandLine(request);
      const row: ConfigRow = {
        ...rest,
        config_id: configId ?? deps.newId(),
        project_id: projectId,
        timeout_ms: timeoutMs,
        keep_input: keepInput,
        updated_at: new Date(deps.now()),
      };
      await write(row, configId === undefined);
      return describe(row);
    },

    /** @throws sandbox.config_unknown */
    async remove(request: { projectId: string; configId: string }, { user, call }: Who) {
      await deps.access({ projectId: request.projectId, userId: user.userId, need: 'write' }, call);
      if ((await deleteConfig(deps.database, request)) === 0) throw fault('sandbox.config_unknown');
      return { configId: request.configId };
    },
  };
}

function describe(row: ConfigRow) {
  return {
    configId: row.config_id,
    name: row.name,
    engine: row.engine,
    files: row.files,
    command: row.command,
    args: [...row.args],
    env: { ...row.env },
    cwd: row.cwd,
    timeoutMs: row.timeout_ms,
    limits: row.limits,
    keepInput: row.keep_input,
    network: row.network,
    updatedAt: row.updated_at.toISOString(),
  };
}
