import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { listWorkspaceFolder, statWorkspacePath } from '#kernel/files/entry.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import type { Workspace } from '#kernel/files/workspace.ts';
import { writeWorkspaceFile } from '#kernel/files/write.ts';
import type { Agent } from './machine/agent.ts';
import { within } from './machine/within.ts';

export interface Transferred {
  readonly files: number;
  readonly bytes: number;
}

const limitBytes = 64 * 1024 * 1024;
const limitFiles = 5000;
const pieceBytes = 256 * 1024;
const answerTimeoutMs = 60_000;
/** Folders that no program needs and that would take all the room. */
const skipped = ['.git', 'node_modules'];

const Failed = z.object({ error: z.string().max(10_000) });
const Listed = z.object({
  kind: z.enum(['file', 'folder']),
  files: z.array(z.object({ path: z.string().max(4096), size: z.int().nonnegative() })).max(limitFiles + 1),
});
const Got = z.object({ size: z.int().nonnegative(), executable: z.boolean() });

/** The most that is copied at once, as faults tell it. */
const limits = { limitFiles, limitBytes };

/**
 * Copies a file or folder of the project into the machine's /workspace.
 * @throws files.*, sandbox.transfer_refused, GuestError
 */
export async function upload(
  agent: Agent,
  workspace: Workspace,
  options: {
    readonly path: string;
    readonly dest: string;
    readonly onFile?: (path: string, content: Buffer) => void;
  },
): Promise<Transferred> {
  const { path, dest } = options;
  const found = await filesBelow(workspace, path);
  let bytes = 0;
  for (const relative of found) {
    const source = join(path, relative);
    const { content, mode } = await readWorkspaceFile(workspace, source, { limitBytes });
    bytes += content.length;
    if (bytes > limitBytes)
      throw fault('sandbox.transfer_refused', { path: source, reason: 'size', ...limits });
    options.onFile?.(source, content);
    await putFile(agent, join(dest, relative), { content, executable: (mode & 0o100) !== 0 });
  }
  return { files: found.length, bytes };
}

/** Paths of the files below a folder, relative to it; of a file: the empty path. */
async function filesBelow(workspace: Workspace, path: string): Promise<string[]> {
  if (path !== '') {
    const entry = await statWorkspacePath(workspace, path);
    if (entry.kind === 'file') return [''];
  }
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listWorkspaceFolder(workspace, path, {
      recursive: true,
      limit: 1000,
      skip: skipped,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const entry of page.entries) {
      if (entry.kind === 'file') found.push(path === '' ? entry.path : entry.path.slice(path.length + 1));
    }
    if (found.length > limitFiles) {
      throw fault('sandbox.transfer_refused', { path, reason: 'number', ...limits });
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

async function putFile(
  agent: Agent,
  path: string,
  { content, executable }: { readonly content: Buffer; readonly executable: boolean },
): Promise<void> {
  for (let offset = 0; offset === 0 || offset < content.length; offset += pieceBytes) {
    const piece = content.subarray(offset, offset + pieceBytes);
    await ask(agent, { question: 'put', path }, { head: { offset, executable }, body: piece });
  }
}

/**
 * Copies a file or folder of the machine into the project, through the same walls as any other writer. `unless` names
 * files that are left alone when their content is as given.
 * @throws files.*, sandbox.transfer_refused, GuestError
 */
export async function download(
  agent: Agent,
  workspace: Workspace,
  options: {
    readonly path: string;
    readonly dest: string;
    readonly same?: (path: string, content: Buffer) => boolean;
  },
): Promise<Transferred> {
  const { path, dest, same } = options;
  const { head } = await ask(agent, { question: 'list', path }, { head: { limit: limitFiles } });
  const listed = Listed.parse(head);
  const total = listed.files.reduce((sum, file) => sum + file.size, 0);
  if (total > limitBytes || listed.files.length > limitFiles) {
    throw fault('sandbox.transfer_refused', { path, reason: 'size', ...limits });
  }
  let bytes = 0;
  let files = 0;
  for (const file of listed.files) {
    const { content, executable } = await getFile(agent, join(path, file.path), limitBytes - bytes);
    bytes += content.length;
    const target = join(dest, file.path);
    if (same?.(target, content) === true) continue;
    files += 1;
    await writeWorkspaceFile(workspace, target, { content, parents: true, executable });
  }
  return { files, bytes };
}

/** The whole of a file; a guest that sends more than it said, or without end, is refused. */
async function getFile(
  agent: Agent,
  path: string,
  roomBytes: number,
): Promise<{ content: Buffer; executable: boolean }> {
  const pieces: Buffer[] = [];
  let offset = 0;
  for (;;) {
    const { head, body } = await ask(
      agent,
      { question: 'get', path },
      { head: { offset, length: pieceBytes } },
    );
    const { size, executable } = Got.parse(head);
    offset += body.length;
    if (offset > roomBytes) throw fault('sandbox.transfer_refused', { path, reason: 'size', ...limits });
    pieces.push(Buffer.from(body));
    if (body.length === 0 || offset >= size) return { content: Buffer.concat(pieces), executable };
  }
}

async function ask(
  agent: Agent,
  { question, path }: { readonly question: 'put' | 'get' | 'list'; readonly path: string },
  { head, body }: { readonly head: Readonly<Record<string, unknown>>; readonly body?: Uint8Array },
): Promise<{ head: unknown; body: Buffer }> {
  const answer = await within(answerTimeoutMs, agent.ask(question, { path, ...head }, body));
  const failed = Failed.safeParse(answer.head);
  if (failed.success) {
    throw fault('sandbox.transfer_refused', { path, reason: failed.data.error.slice(0, 200), ...limits });
  }
  return answer;
}

function join(folder: string, rest: string): string {
  if (folder === '') return rest;
  return rest === '' ? folder : `${folder}/${rest}`;
}
