import { type Started, startUntilAddress } from '../support/platform.ts';

/** A signed-in user of a running platform. */
export interface Caller {
  readonly url: string;
  readonly token: string;
}

/** One call over /rpc; an error of its answer is thrown. */
export async function call({ url, token }: Caller, method: string, params: object): Promise<unknown> {
  const response = await fetch(`${url}/rpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
  return answer.result;
}

export interface Loaded extends Started {
  readonly caller: Caller;
  readonly projectId: string;
}

/** Starts the platform as `npm start` does, without limits of rates, with a user and an empty project. */
export async function startForLoad(folder: string): Promise<Loaded> {
  await using startup = new AsyncDisposableStack();
  const running = startup.use(
    await startUntilAddress(['{root}scripts/start.mjs'], {
      CDS_DATA_DIR: folder,
      CDS_PORT: '0',
      CDS_REGISTRATION: 'open',
      CDS_RATE_READ_PER_SECOND: '100000',
      CDS_RATE_READ_BURST: '100000',
      CDS_RATE_WRITE_PER_SECOND: '100000',
      CDS_RATE_WRITE_BURST: '100000',
      CDS_RATE_EXECUTE_PER_SECOND: '100000',
      CDS_RATE_EXECUTE_BURST: '100000',
      CDS_GATEWAY_CONNECTIONS_PER_USER: '2000',
    }),
  );
  const response = await fetch(`${running.url}/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'load', password: 'a long enough pass phrase 42' }),
  });
  const { accessToken } = (await response.json()) as { accessToken: string };
  const caller: Caller = { url: running.url, token: accessToken };
  const project = (await call(caller, 'project.create', { name: 'load', template: 'empty' })) as {
    id: string;
  };
  const stack = startup.move();
  return { ...running, caller, projectId: project.id, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
