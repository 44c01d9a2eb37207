import WebSocket from 'ws';

/** A client of the platform as an outsider writes one: fetch and a bearer token. */
export interface ApiClient {
  readonly token: string;
  rest<Result>(
    verb: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Result; headers: Headers }>;
  call<Result>(method: string, params?: unknown): Promise<Result>;
  stream<Result>(
    method: string,
    params: unknown,
    onChunk: (chunk: Record<string, unknown>) => void,
  ): Promise<Result>;
}

interface RpcAnswer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: Record<string, unknown>;
  };
}

/** A JSON-RPC error as the server told it. */
export class ApiError extends Error {
  readonly code: number;
  readonly data: Record<string, unknown>;

  constructor(error: NonNullable<RpcAnswer['error']>) {
    super(`${error.message} (${String(error.data.code)})`);
    this.code = error.code;
    this.data = error.data;
  }
}

export function apiClient(url: string, token: string): ApiClient {
  const authorization: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };

  async function rest<Result>(verb: string, path: string, body?: unknown) {
    const response = await fetch(url + path, {
      method: verb,
      headers: { ...authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: (text === '' ? undefined : JSON.parse(text)) as Result,
      headers: response.headers,
    };
  }

  return {
    token,
    rest,
    async call<Result>(method: string, params: unknown = {}) {
      const { body } = await rest<RpcAnswer>('POST', '/rpc', { jsonrpc: '2.0', id: 1, method, params });
      if (body.error !== undefined) throw new ApiError(body.error);
      return body.result as Result;
    },
    stream<Result>(method: string, params: unknown, onChunk: (chunk: Record<string, unknown>) => void) {
      return new Promise<Result>((resolve, reject) => {
        const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: authorization });
        const end = (settle: () => void) => {
          settle();
          socket.close();
        };
        socket.on('error', reject);
        socket.on('open', () => socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })));
        socket.on('message', (data) => {
          const frame = JSON.parse(String(data)) as RpcAnswer;
          const error = frame.error ?? (frame.params?.error as RpcAnswer['error']);
          if (error !== undefined) end(() => reject(new ApiError(error)));
          else if (frame.method === 'stream.data') onChunk(frame.params ?? {});
          else if (frame.method === 'stream.end') end(() => resolve(frame.params?.result as Result));
        });
      });
    },
  };
}

/** A client of an account that exists. */
export async function signIn(
  url: string,
  account: { readonly username: string; readonly password: string },
): Promise<ApiClient> {
  const answer = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(account),
  });
  if (!answer.ok) throw new Error(`sign-in answered ${answer.status}`);
  const { accessToken } = (await answer.json()) as { accessToken: string };
  return apiClient(url, accessToken);
}

/** Registers a user and returns a client that acts for them. */
export async function registerUser(url: string, username: string): Promise<ApiClient> {
  const password = `correct horse ${username}`;
  const { status, body } = await apiClient(url, '').rest<{ accessToken: string; detail?: string }>(
    'POST',
    '/auth/register',
    { username, password },
  );
  if (status !== 201) throw new Error(`register answered ${status}: ${JSON.stringify(body)}`);
  return apiClient(url, body.accessToken);
}
