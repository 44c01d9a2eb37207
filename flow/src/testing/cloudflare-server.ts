import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { readRequestBody, startHttpServer } from './http-server.ts';

export type CloudflareServer = {
  url: string;
  /** Asset store: key → content. */
  assets: Map<string, Buffer>;
  deployments: Array<{ id: string; note: string; manifest: Record<string, string>; headers: string | null }>;
  live: string | null;
  purges: unknown[];
  log: string[];
  /** A status to answer instead, with optional headers; `hang` never answers. */
  fail: (
    path: string,
    count: number,
  ) => { status: number; headers?: Record<string, string> } | 'hang' | undefined;
};

/** Plays the parts of Cloudflare's API that deploys and purges use, with its envelope, tokens and asset store. */
export async function startCloudflareServer(t: TestContext): Promise<CloudflareServer> {
  const state: CloudflareServer = {
    url: '',
    assets: new Map(),
    deployments: [],
    live: null,
    purges: [],
    log: [],
    fail: () => undefined,
  };
  const counts = new Map<string, number>();
  state.url = await startHttpServer(t, async (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    state.log.push(`${request.method} ${path}`);
    const body = await readRequestBody(request);
    const failure = state.fail(path, count);
    if (failure === 'hang') return;
    if (failure) {
      response.writeHead(failure.status, failure.headers ?? {});
      response.end(JSON.stringify({ success: false, errors: [{ code: 10_000, message: 'not now' }] }));
      return;
    }
    await route({ request, response, body, path, state });
  });
  return state;
}

type Exchange = {
  request: IncomingMessage;
  response: ServerResponse;
  body: Buffer;
  path: string;
  state: CloudflareServer;
};

async function route(exchange: Exchange): Promise<void> {
  const { request, path, state } = exchange;
  const bearer = request.headers.authorization;
  const isUpload = path.startsWith('/pages/assets/') || path.endsWith('/workers/assets/upload');
  if (bearer !== (isUpload ? 'Bearer upload-jwt' : 'Bearer token')) {
    exchange.response.writeHead(403);
    exchange.response.end(
      JSON.stringify({ success: false, errors: [{ code: 9109, message: 'Invalid access token' }] }),
    );
    return;
  }
  if (path.endsWith('/purge_cache')) {
    state.purges.push(JSON.parse(exchange.body.toString('utf8')));
    return reply(exchange, { id: 'zone' });
  }
  if (path.includes('/workers/')) return routeWorkers(exchange);
  return routePages(exchange);
}

async function routePages(exchange: Exchange): Promise<void> {
  const { request, body, path, state } = exchange;
  const json = () => JSON.parse(body.toString('utf8'));
  if (path.endsWith('/upload-token')) return reply(exchange, { jwt: 'upload-jwt' });
  if (path.endsWith('/check-missing')) {
    return reply(
      exchange,
      (json().hashes as string[]).filter((hash) => !state.assets.has(hash)),
    );
  }
  if (path.endsWith('/pages/assets/upload')) {
    for (const one of json()) state.assets.set(one.key, Buffer.from(one.value, 'base64'));
    return reply(exchange, null);
  }
  if (path.endsWith('/upsert-hashes')) return reply(exchange, null);
  const rollback = /\/deployments\/([^/]+)\/rollback$/.exec(path)?.[1];
  if (rollback) {
    state.live = rollback;
    return reply(exchange, {});
  }
  if (path.endsWith('/deployments') && request.method === 'POST') {
    const form = await parseForm(request, body);
    const headers = form.get('_headers');
    return makeDeployment(exchange, {
      note: String(form.get('commit_message')),
      manifest: JSON.parse(String(form.get('manifest'))),
      headers: headers instanceof Blob ? await headers.text() : null,
    });
  }
  if (path.endsWith('/deployments')) {
    const listed = [...state.deployments].reverse().map((one) => ({
      id: one.id,
      created_on: '2026-01-01T00:00:00Z',
      environment: 'production',
      deployment_trigger: { metadata: { commit_message: one.note, commit_hash: '' } },
    }));
    return reply(exchange, listed);
  }
  return reply(exchange, {
    canonical_deployment: state.live ? { id: state.live } : null,
    production_branch: 'main',
  });
}

async function routeWorkers(exchange: Exchange): Promise<void> {
  const { request, body, path, state } = exchange;
  if (path.endsWith('/assets-upload-session')) {
    const manifest = JSON.parse(body.toString('utf8')).manifest as Record<string, { hash: string }>;
    const missing = [...new Set(Object.values(manifest).map((one) => one.hash))].filter(
      (hash) => !state.assets.has(hash),
    );
    pendingManifest.set(
      state,
      Object.fromEntries(Object.entries(manifest).map(([name, one]) => [name, one.hash])),
    );
    return reply(exchange, {
      jwt: 'upload-jwt',
      buckets:
        missing.length > 0 ? [missing.slice(0, 2), missing.slice(2)].filter((one) => one.length > 0) : [],
    });
  }
  if (path.endsWith('/workers/assets/upload')) {
    const form = await parseForm(request, body);
    for (const [hash, value] of form) {
      if (value instanceof Blob) state.assets.set(hash, Buffer.from(await value.text(), 'base64'));
    }
    return reply(exchange, { jwt: 'completion-jwt' });
  }
  if (path.endsWith('/versions')) {
    const items = [...state.deployments]
      .reverse()
      .map((one) => ({ id: one.id, annotations: { 'workers/message': one.note } }));
    return reply(exchange, { items });
  }
  if (path.endsWith('/deployments') && request.method === 'POST') {
    state.live = JSON.parse(body.toString('utf8')).versions[0].version_id;
    return reply(exchange, {});
  }
  if (path.endsWith('/deployments')) {
    return reply(exchange, {
      deployments: state.live
        ? [{ created_on: '', versions: [{ version_id: state.live, percentage: 100 }] }]
        : [],
    });
  }
  const form = await parseForm(request, body);
  const metadata = form.get('metadata');
  const parsed = JSON.parse(metadata instanceof Blob ? await metadata.text() : '{}');
  return makeDeployment(exchange, {
    note: parsed.annotations['workers/message'],
    manifest: pendingManifest.get(state) ?? {},
    headers: parsed.assets.config._headers ?? null,
  });
}

const pendingManifest = new WeakMap<CloudflareServer, Record<string, string>>();

function makeDeployment(
  exchange: Exchange,
  made: { note: string; manifest: Record<string, string>; headers: string | null },
): void {
  const { state } = exchange;
  const lost = Object.values(made.manifest).filter((hash) => !state.assets.has(hash));
  if (lost.length > 0) {
    exchange.response.writeHead(400);
    exchange.response.end(
      JSON.stringify({ success: false, errors: [{ code: 8000, message: `missing ${lost.length}` }] }),
    );
    return;
  }
  const id = `deployment-${state.deployments.length + 1}`;
  state.deployments.push({ id, ...made });
  state.live = id;
  reply(exchange, { id, deployment_id: id });
}

function reply({ response }: Exchange, result: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ success: true, errors: [], result }));
}

async function parseForm(request: IncomingMessage, body: Buffer): Promise<FormData> {
  const headers = { 'content-type': String(request.headers['content-type']) };
  return new Response(new Uint8Array(body), { headers }).formData();
}
