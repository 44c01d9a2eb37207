import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { builtinHttp } from '#kernel/http/builtin-http.ts';
import { canonicalHost, type HostPattern, isAllowed } from './host-pattern.ts';

/** One attempt of a program to reach a host, as it is logged. */
export interface NetworkAttempt {
  readonly host: string;
  readonly port: number;
  readonly verdict:
    | 'allowed'
    | 'not_listed'
    | 'private_address'
    | 'unknown_name'
    | 'unreachable'
    | 'over_limit';
}

export interface ProxyOptions {
  /** Path of the Unix socket to listen on. */
  readonly socketPath: string;
  readonly patterns: readonly HostPattern[];
  readonly maxBytes: number;
  readonly maxConnections: number;
  /** Addresses of a host name, by the server's own resolver. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly isPublic: (address: string) => boolean;
  readonly onAttempt: (attempt: NetworkAttempt) => void;
}

export interface Proxy extends AsyncDisposable {
  /** Bytes that passed, both ways. */
  readonly bytes: () => number;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

type Verdict = NetworkAttempt['verdict'];

const connectTimeoutMs = 15_000;
const idleTimeoutMs = 120_000;

/** RFC 9110 section 7.6.1: about this connection only, never passed on. */
const hopByHop = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

const refusals: Record<Exclude<Verdict, 'allowed'>, { status: number; text: string }> = {
  not_listed: {
    status: 403,
    text: 'This host is not in the allow-list of the project.\nDieser Host steht nicht in der Freigabeliste des Projekts.\n',
  },
  private_address: {
    status: 403,
    text: 'This host has an address that is not on the public internet.\nDieser Host hat eine Adresse, die nicht im öffentlichen Internet liegt.\n',
  },
  unknown_name: { status: 502, text: 'This host name is unknown.\nDieser Hostname ist unbekannt.\n' },
  unreachable: { status: 502, text: 'This host does not answer.\nDieser Host antwortet nicht.\n' },
  over_limit: {
    status: 429,
    text: 'The network limit of this program is used up.\nDie Netzgrenze dieses Programms ist erreicht.\n',
  },
};

/**
 * A forward proxy for one program: plain HTTP by absolute request targets, everything else by CONNECT (RFC 9110 section 9.3.6).
 * It resolves names itself, refuses names with an address outside of the public internet, and connects to the very address
 * that it has checked, so that a name that changes its address meanwhile gains nothing.
 */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  let bytes = 0;
  const open = new Set<Duplex>();

  function track(socket: Duplex): void {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  }

  function count(data: Buffer): void {
    bytes += data.length;
    if (bytes > options.maxBytes) for (const socket of open) socket.destroy();
  }

  /** The address to connect to, or why not. */
  async function judge({ host, port }: Target): Promise<{ verdict: Verdict; address: string }> {
    const no = (verdict: Verdict) => ({ verdict, address: '' });
    if (bytes > options.maxBytes || open.size > options.maxConnections * 2) return no('over_limit');
    if (!isAllowed(options.patterns, { host, port })) return no('not_listed');
    const addresses = isIP(host) === 0 ? await options.resolve(host).catch(() => []) : [host];
    const address = addresses[0];
    if (address === undefined) return no('unknown_name');
    if (!addresses.every(options.isPublic)) return no('private_address');
    return { verdict: 'allowed', address };
  }

  async function admit(target: Target): Promise<{ verdict: Verdict; address: string }> {
    const judged = await judge(target);
    // Not the path: it may hold what only the program and the host should know.
    options.onAttempt({ host: target.host, port: target.port, verdict: judged.verdict });
    return judged;
  }

  const server = builtinHttp().createServer({ maxHeaderSize: 32 * 1024 }, (incoming, response) => {
    forward(incoming, response).catch(() => response.destroy());
  });
  server.maxConnections = options.maxConnections;
  server.headersTimeout = 30_000;
  server.on('connection', (socket) => {
    track(socket);
    socket.on('error', () => socket.destroy());
  });
  server.on('connect', (incoming, socket, head) => {
    tunnel(incoming, socket, head).catch(() => socket.destroy());
  });
  server.on('clientError', (_error, socket) => socket.destroy());

  async function forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = absoluteTarget(incoming.url ?? '');
    if (url === null) {
      response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' }).end('Only http:// targets.\n');
      return;
    }
    const { verdict, address } = await admit(url);
    if (verdict !== 'allowed') return refuse(response, verdict);
    if (response.destroyed) return;
    const outgoing = builtinHttp().request({
      host: address,
      port: url.port,
      method: incoming.method ?? 'GET',
      path: url.path,
      headers: { ...endToEnd(incoming.headers), host: url.authority },
      agent: false,
      timeout: idleTimeoutMs,
    });
    outgoing.on('socket', track);
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => {
      if (response.headersSent) response.destroy();
      else refuse(response, 'unreachable');
    });
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
      answer.on('data', count);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    response.on('close', () => outgoing.destroy());
    incoming.on('data', count);
    incoming.pipe(outgoing);
  }

  async function tunnel(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const target = authorityTarget(incoming.url ?? '');
    const { verdict, address } =
      target === null ? { verdict: 'not_listed' as const, address: '' } : await admit(target);
    if (verdict !== 'allowed' || target === null)
      return endWith(socket, verdict === 'allowed' ? 'not_listed' : verdict);
    if (socket.destroyed) return;
    const upstream = await dial(address, target.port);
    if (upstream === null) return endWith(socket, 'unreachable');
    // The program may have left meanwhile; nobody would ever close this side.
    if (socket.destroyed) return void upstream.destroy();
    track(upstream);
    upstream.setTimeout(idleTimeoutMs, () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
    upstream.on('close', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (head.length > 0) upstream.write(head);
    upstream.on('data', count);
    socket.on('data', count);
    upstream.pipe(socket);
    socket.pipe(upstream);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.socketPath, resolve);
  });
  return {
    bytes: () => bytes,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function dial(address: string, port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const timer = setTimeout(() => fail(), connectTimeoutMs);
    function fail(): void {
      clearTimeout(timer);
      socket.destroy();
      resolve(null);
    }
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** `http://host[:port]/path` of a plain request. Anything else, https too, is no target for a plain request. */
function absoluteTarget(text: string): (Target & { path: string; authority: string }) | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  const host = canonicalHost(url.hostname.replace(/^\[|\]$/g, ''));
  if (url.protocol !== 'http:' || host === null) return null;
  const port = url.port === '' ? 80 : Number(url.port);
  return { host, port, path: `${url.pathname}${url.search}`, authority: url.host };
}

/** `host:port` of a CONNECT request. */
function authorityTarget(text: string): Target | null {
  const match = /^(\[[0-9a-f:.]+\]|[^:/@\s?#[\]]+):(\d{1,5})$/i.exec(text);
  const host = match === null ? null : canonicalHost((match[1] ?? '').replace(/^\[|\]$/g, ''));
  const port = Number(match?.[2]);
  return host === null || port < 1 || port > 65_535 ? null : { host, port };
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = new Set((headers.connection ?? '').toLowerCase().split(/\s*,\s*/));
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !hopByHop.has(name) && !named.has(name)),
  );
}

function refuse(response: ServerResponse, verdict: Exclude<Verdict, 'allowed'>): void {
  const { status, text } = refusals[verdict];
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(text);
}

function endWith(socket: Duplex, verdict: Exclude<Verdict, 'allowed'>): void {
  const { status, text } = refusals[verdict];
  const head = `HTTP/1.1 ${status} Refused\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n`;
  socket.end(`${head}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}
