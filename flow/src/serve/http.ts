import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { FlowFault } from '../core/fault.ts';

/** A server on this machine that runs until it is disposed. */
export interface LocalServer extends AsyncDisposable {
  readonly url: string;
}

export interface Listen {
  /** 0 takes any free port. */
  readonly port: number;
  /** The address to listen on; anything but loopback makes the site visible to the network. */
  readonly host: string;
}

export const loopback = '127.0.0.1';

const LOCAL_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Answers requests whose Host names this machine: without the check, a page elsewhere could read the site through a name
 * of its own that leads to loopback (DNS rebinding).
 */
export async function listen(
  at: Listen,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<LocalServer> {
  const allowed = new Set([...LOCAL_NAMES, at.host, `[${at.host}]`]);
  const server = createServer((request, response) => {
    const name = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    if (!allowed.has(name)) {
      response
        .writeHead(421, { 'Content-Type': 'text/plain; charset=utf-8' })
        .end('This server has another name.\n');
      return;
    }
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${String(error)}\n`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(portFault(at, cause)));
    server.listen(at.port, at.host, resolve);
  });
  return { url: addressOf(server, at.host), [Symbol.asyncDispose]: () => close(server) };
}

function addressOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

/** The path of a request below the site's folder, decoded; null for one that leads out of it or is no path. */
export function requestPath(request: IncomingMessage, basePath: string): string | null {
  const raw = (request.url ?? '/').replace(/[?#].*$/s, '');
  if (!raw.startsWith(basePath)) return null;
  try {
    const decoded = decodeURIComponent(raw.slice(basePath.length)).normalize('NFC');
    const parts = decoded.split('/');
    return /[\0\\]/.test(decoded) || parts.includes('..') || parts.includes('.') ? null : decoded;
  } catch {
    return null;
  }
}

/** The names under which a path may lie in a release, in the order in which servers try them. */
export function candidates(pathname: string): string[] {
  if (pathname === '' || pathname.endsWith('/')) return [`${pathname}index.html`];
  return [pathname, `${pathname}.html`];
}

function portFault(at: Listen, cause: NodeJS.ErrnoException): FlowFault {
  return new FlowFault('serve.port_taken', {
    text: {
      en: `Can't listen on ${at.host}:${at.port}: ${cause.message}`,
      de: `Auf ${at.host}:${at.port} lässt sich nicht lauschen: ${cause.message}`,
    },
    fix: {
      en: 'Choose another port: --port 0 takes any free one.',
      de: 'Einen anderen Port wählen: --port 0 nimmt irgendeinen freien.',
    },
    cause,
  });
}
