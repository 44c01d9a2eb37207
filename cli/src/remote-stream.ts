import type { ChunkOf, Contract, ParamsOf, StreamMethodName } from '@cyberdevstudio/server/base/contract.ts';
import { fault } from '@cyberdevstudio/server/base/fault.ts';
import { apiKeyFor, platformUrl } from './credentials.ts';
import { RemoteError } from './remote.ts';
import type { Terminal } from './terminal.ts';

interface Frame {
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly error?: ConstructorParameters<typeof RemoteError>[0];
}

/** Node's WebSocket takes headers; the types are those of browsers, which do not. */
type OpenSocket = new (
  address: URL,
  options: { readonly headers: Readonly<Record<string, string>> },
) => WebSocket;

/**
 * The chunks of a streaming method of a running platform, over its WebSocket. @throws RemoteError when the platform
 * refuses, common.unavailable when the connection breaks
 */
export async function* streamRemote<C extends Contract, K extends StreamMethodName<C>>(
  contract: C,
  { method, params }: { readonly method: K; readonly params: ParamsOf<C, K> },
  { environment, language }: Pick<Terminal, 'environment' | 'language'>,
): AsyncGenerator<ChunkOf<C, K>, void, undefined> {
  const chunkShape = contract.methods[method]?.chunk;
  if (chunkShape === undefined) throw fault('common.method_not_found', { method });
  const address = platformUrl({ environment });
  const socket = new (WebSocket as unknown as OpenSocket)(new URL('/ws', address.replace(/^http/, 'ws')), {
    headers: { authorization: `Bearer ${apiKeyFor({ environment }) ?? ''}`, 'accept-language': language },
  });
  const frames: (Frame | null)[] = [];
  let wake = () => {};
  const push = (frame: Frame | null) => {
    frames.push(frame);
    wake();
  };
  socket.addEventListener('open', () =>
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })),
  );
  socket.addEventListener('message', ({ data }) => push(JSON.parse(String(data)) as Frame));
  socket.addEventListener('close', () => push(null));
  socket.addEventListener('error', () => push(null));
  try {
    for (;;) {
      if (frames.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const frame = frames.shift();
      if (frame === null || frame === undefined) throw fault('common.unavailable', { service: address });
      const { streamId: _stream, seq: _seq, ...fields } = frame.params ?? {};
      const refused = frame.error ?? (fields.error as Frame['error']);
      if (refused !== undefined) throw new RemoteError(refused);
      if (frame.method === 'stream.end') return;
      if (frame.method === 'stream.data') yield chunkShape.parse(fields) as ChunkOf<C, K>;
    }
  } finally {
    socket.close();
  }
}
