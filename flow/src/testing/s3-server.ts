import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { type AwsCredentials, signV4 } from '../deploy/targets/signature-v4.ts';
import { readRequestBody, startHttpServer } from './http-server.ts';

export type StoredObject = { body: Buffer; headers: Record<string, string>; etag: string };

export type S3Server = {
  url: string;
  objects: Map<string, StoredObject>;
  /** `PUT key` in the order of arrival. */
  log: string[];
  /** Called before a request is carried out; a number is answered as a failure with that status. */
  fail: (method: string, key: string) => number | 'drop' | undefined;
  pageSize: number;
};

/**
 * An S3 endpoint with one bucket in memory: refuses a wrong signature, a wrong body hash and a stale date, knows
 * conditional writes, CopyObject and paged ListObjectsV2.
 */
export async function startS3Server(t: TestContext, credentials: AwsCredentials): Promise<S3Server> {
  const state: S3Server = { url: '', objects: new Map(), log: [], fail: () => undefined, pageSize: 3 };
  state.url = await startHttpServer(t, async (request, response) => {
    const body = await readRequestBody(request);
    const problem = checkSignature(request, body, credentials);
    if (problem) answer(response, 403, errorXml(problem));
    else handle({ request, response, body, state });
  });
  return state;
}

function checkSignature(request: IncomingMessage, body: Buffer, credentials: AwsCredentials): string | null {
  const authorization = request.headers.authorization ?? '';
  const signed = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? [];
  const bodyHash = createHash('sha256').update(body).digest('hex');
  if (request.headers['x-amz-content-sha256'] !== bodyHash) return 'XAmzContentSHA256Mismatch';
  const time = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(request.headers['x-amz-date']));
  if (!time) return 'AccessDenied';
  const iso = `${time[1]}-${time[2]}-${time[3]}T${time[4]}:${time[5]}:${time[6]}Z`;
  const own = new Set(['host', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token']);
  const headers = Object.fromEntries(
    signed.filter((name) => !own.has(name)).map((name) => [name, String(request.headers[name] ?? '')]),
  );
  const expected = signV4(
    {
      method: request.method ?? '',
      url: new URL(request.url ?? '/', `http://${request.headers.host}`),
      headers,
      payloadSha256: bodyHash,
      region: 'eu-test-1',
      service: 's3',
      now: new Date(iso),
    },
    credentials,
  ).authorization;
  return expected === authorization ? null : 'SignatureDoesNotMatch';
}

type Exchange = { request: IncomingMessage; response: ServerResponse; body: Buffer; state: S3Server };

function handle({ request, response, body, state }: Exchange): void {
  const url = new URL(request.url ?? '/', 'http://s3');
  const key = decodeURIComponent(url.pathname.replace(/^\/bucket\//, ''));
  const method = request.method ?? '';
  const failure = state.fail(method, key);
  if (failure === 'drop') {
    request.socket.destroy();
    return;
  }
  if (failure !== undefined) {
    answer(response, failure, errorXml('SlowDown'), { 'retry-after': '0' });
    return;
  }
  if (url.searchParams.has('list-type')) {
    list(url, response, state);
    return;
  }
  const existing = state.objects.get(key);
  if (method === 'GET') {
    if (!existing) {
      answer(response, 404, errorXml('NoSuchKey'));
      return;
    }
    answer(response, 200, existing.body, { ...existing.headers, etag: existing.etag });
    return;
  }
  state.log.push(`${method} ${key}`);
  if (method === 'DELETE') {
    state.objects.delete(key);
    answer(response, 204, '');
    return;
  }
  if (request.headers['if-none-match'] === '*' && existing) {
    answer(response, 412, errorXml('PreconditionFailed'));
    return;
  }
  const match = request.headers['if-match'];
  if (match !== undefined && match !== existing?.etag) {
    answer(response, 412, errorXml('PreconditionFailed'));
    return;
  }
  store({ request, response, body, state }, key);
}

function store({ request, response, body, state }: Exchange, key: string): void {
  const source = request.headers['x-amz-copy-source'];
  const from =
    source === undefined
      ? undefined
      : state.objects.get(decodeURIComponent(String(source)).replace(/^\/bucket\//, ''));
  if (source !== undefined && !from) {
    answer(response, 404, errorXml('NoSuchKey'));
    return;
  }
  const headers = Object.fromEntries(
    ['content-type', 'cache-control', 'x-amz-meta-sha256'].flatMap((name) =>
      request.headers[name] === undefined ? [] : [[name, String(request.headers[name])]],
    ),
  );
  state.objects.set(key, { body: from?.body ?? body, headers, etag: `"${randomBytes(8).toString('hex')}"` });
  answer(response, 200, source === undefined ? '' : '<CopyObjectResult/>');
}

function list(url: URL, response: ServerResponse, state: S3Server): void {
  const prefix = url.searchParams.get('prefix') ?? '';
  const start = url.searchParams.get('continuation-token') ?? '';
  const keys = [...state.objects.keys()].filter((key) => key.startsWith(prefix) && key > start).sort();
  const page = keys.slice(0, state.pageSize);
  const more =
    keys.length > page.length ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
  const contents = page.map((key) => `<Contents><Key>${encodeURIComponent(key)}</Key></Contents>`).join('');
  answer(response, 200, `<ListBucketResult>${contents}${more}</ListBucketResult>`);
}

function errorXml(code: string): string {
  return `<Error><Code>${code}</Code></Error>`;
}

function answer(response: ServerResponse, status: number, body: string | Buffer, headers = {}): void {
  response.writeHead(status, headers);
  response.end(body);
}
