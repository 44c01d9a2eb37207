import type { IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { builtinHttp } from '#kernel/http/builtin-http.ts';
import { type GuardOptions, resolvePublic } from './address-guard.ts';

export interface ConnectProxy extends AsyncDisposable {
  readonly url: string;
}

/**
 * A proxy on the loopback interface for one import: it opens tunnels (CONNECT, RFC 9110 section 9.3.6) to public
 * addresses only. Git resolves nothing itself, so neither a redirect nor a name that changes its address between
 * check and use leads into a private network.
 */
export async function startConnectProxy(guard: GuardOptions): Promise<ConnectProxy> {
  const sockets = new Set<Socket>();
  const server = builtinHttp().createServer((_request, response) => {
    response.writeHead(405).end();
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
    void tunnel({ target: request.url ?? '', client, head, guard }).then((remote) => {
      if (remote === undefined) return;
      sockets.add(remote);
      remote.once('close', () => sockets.delete(remote));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface TunnelRequest {
  readonly target: string;
  readonly client: Socket;
  readonly head: Buffer;
  readonly guard: GuardOptions;
}

async function tunnel({ target, client, head, guard }: TunnelRequest): Promise<Socket | undefined> {
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^:]+):(\d{1,5})$/.exec(target) ?? [];
  if (host === undefined || Number(port) > 65_535) {
    client.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    return undefined;
  }
  try {
    const address = await resolvePublic(host, guard);
    const remote = connect({ host: address, port: Number(port) });
    remote.once('connect', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      remote.write(head);
      remote.pipe(client).pipe(remote);
    });
    remote.on('error', () => client.destroy());
    client.once('close', () => remote.destroy());
    return remote;
  } catch {
    // A private address, or an unknown host: git reports that the proxy refused.
    client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    return undefined;
  }
}
