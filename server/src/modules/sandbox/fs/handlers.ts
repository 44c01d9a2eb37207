import { isUtf8 } from 'node:buffer';
import { fault } from '#base/fault.ts';
import { deleteWorkspacePath, makeWorkspaceFolder, moveWorkspacePath } from '#kernel/files/change.ts';
import { copyWorkspacePath } from '#kernel/files/copy.ts';
import { listWorkspaceFolder, statWorkspacePath, type WorkspaceEntry } from '#kernel/files/entry.ts';
import { etagOf } from '#kernel/files/etag.ts';
import { type FileContent, readWorkspaceFile } from '#kernel/files/read.ts';
import { shown } from '#kernel/files/workspace-path.ts';
import { writeWorkspaceFile } from '#kernel/files/write.ts';
import type { Handlers } from '#kernel/module.ts';
import type { sandboxContract } from '../contract.ts';
import type { FsAccess } from './access.ts';
import type { fsMethods } from './contract-methods.ts';
import type { Keeper } from './keeper.ts';
import { watchWorkspace } from './watch.ts';
import { createWatchHub } from './watch-hub.ts';

/** The most that one call reads: more would have to be held in memory several times over. */
const readBytes = 16 * 1024 ** 2;

export type FsHandlers = Pick<Handlers<typeof sandboxContract>, keyof typeof fsMethods>;

export interface FsDeps {
  readonly access: FsAccess;
  readonly keeper: Keeper;
  readonly stopping: AbortSignal;
  readonly defer: (dispose: () => void | Promise<void>) => void;
  /** Told of what failed in the background and was got over. */
  readonly onError: (error: unknown) => void;
  /** Told of each operation, for metrics. */
  readonly onOperation?: (operation: string) => void;
}

/** The fs.* methods on the path jail. What it registers with `defer` ends the watches. */
export function createFsHandlers(deps: FsDeps): FsHandlers {
  const { access, keeper, onOperation = () => {} } = deps;
  const hub = createWatchHub({ onError: deps.onError });
  deps.defer(() => hub[Symbol.dispose]());

  return {
    'fs.read': async ({ params, user, call }) => {
      onOperation('read');
      const { projectId, path, offset, length } = params;
      const workspace = await access.open({ user, call }, projectId, 'read');
      const range = {
        ...(offset === undefined ? {} : { offset }),
        ...(length === undefined ? {} : { length }),
      };
      const file = await readWorkspaceFile(workspace, path, { limitBytes: readBytes, range });
      return { path, ...(await readAnswer(path, file, params.encoding)) };
    },

    'fs.write': async ({ params, user, call }) => {
      onOperation('write');
      const { projectId, path, ifMatch, parents, executable } = params;
      const workspace = await access.open({ user, call }, projectId, 'write');
      const content = decode(params.content, params.encoding);
      await keeper.beforeWrite({ user, call }, { projectId, path });
      const written = await writeWorkspaceFile(workspace, path, { content, ifMatch, parents, executable });
      return { path, size: written.size, etag: written.etag };
    },

    'fs.list': async ({ params, user, call }) => {
      onOperation('list');
      const { projectId, path, ...options } = params;
      const workspace = await access.open({ user, call }, projectId, 'read');
      const page = await listWorkspaceFolder(workspace, path, { ...options, signal: call.signal });
      return { entries: page.entries.map(describeEntry), nextCursor: page.nextCursor };
    },

    'fs.stat': async ({ params, user, call }) => {
      onOperation('stat');
      const { projectId, path } = params;
      const workspace = await access.open({ user, call }, projectId, 'read');
      const { executable, ...entry } = await statWorkspacePath(workspace, path);
      const wanted = params.etag && entry.kind === 'file';
      const file = wanted ? await readWorkspaceFile(workspace, path, { limitBytes: readBytes }) : undefined;
      const etag = file === undefined ? null : await etagOf(file.content);
      return { ...describeEntry(entry), executable, etag };
    },

    'fs.delete': async ({ params, user, call }) => {
      onOperation('delete');
      const { projectId, path, recursive } = params;
      const workspace = await access.open({ user, call }, projectId, 'write');
      await keeper.beforeLosing({ user, call }, { projectId, path });
      return { path, deletedFiles: await deleteWorkspacePath(workspace, path, { recursive }) };
    },

    'fs.move': async ({ params, user, call }) => {
      onOperation('move');
      const { projectId, src, dest, overwrite } = params;
      const workspace = await access.open({ user, call }, projectId, 'write');
      if (overwrite) await keeper.beforeLosing({ user, call }, { projectId, path: dest });
      await moveWorkspacePath(workspace, { src, dest }, { overwrite });
      return { src, dest };
    },

    'fs.copy': async ({ params, user, call }) => {
      onOperation('copy');
      const { projectId, src, dest, overwrite } = params;
      const workspace = await access.open({ user, call }, projectId, 'write');
      if (overwrite) await keeper.beforeLosing({ user, call }, { projectId, path: dest });
      const options = { overwrite, signal: call.signal };
      return { src, dest, ...(await copyWorkspacePath(workspace, { src, dest }, options)) };
    },

    'fs.mkdir': async ({ params, user, call }) => {
      onOperation('mkdir');
      const { projectId, path, parents } = params;
      const workspace = await access.open({ user, call }, projectId, 'write');
      return { path, created: await makeWorkspaceFolder(workspace, path, { parents }) };
    },

    'fs.watch': async function* ({ params, user, call }) {
      onOperation('watch');
      const open = () => access.open({ user, call }, params.projectId, 'read');
      const { path, skip } = params;
      return yield* watchWorkspace({ hub, open, path, skip, signals: [call.signal, deps.stopping] });
    },
  };
}

function describeEntry(entry: WorkspaceEntry) {
  const { path, kind, size, modifiedAtMs } = entry;
  return { path, kind, size, modifiedAt: new Date(modifiedAtMs).toISOString() };
}

async function readAnswer(path: string, file: FileContent, wanted: 'auto' | 'utf8' | 'base64') {
  const encoding: 'utf8' | 'base64' = wanted === 'base64' || !isUtf8(file.content) ? 'base64' : 'utf8';
  if (wanted === 'utf8' && encoding === 'base64') throw fault('files.not_text', { path: shown(path) });
  return {
    content: file.content.toString(encoding),
    encoding,
    size: file.size,
    modifiedAt: new Date(file.modifiedAtMs).toISOString(),
    etag: file.whole ? await etagOf(file.content) : null,
  };
}

/** Base64 is taken strictly: Node would drop what it does not know, and store something else than was sent. */
function decode(content: string, encoding: 'utf8' | 'base64'): Buffer {
  if (encoding === 'utf8') {
    if (!content.isWellFormed())
      throw fault('common.invalid_params', { field: 'content', reason: 'it is not valid Unicode' });
    return Buffer.from(content);
  }
  const bytes = Buffer.from(content, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== content.replace(/=+$/, ''))
    throw fault('common.invalid_params', { field: 'content', reason: 'it is not base64' });
  return bytes;
}
