import type { Contract, ParamsOf, ResultOf, UnaryMethodName } from '@cyberdevstudio/server/base/contract.ts';
import { fault } from '@cyberdevstudio/server/base/fault.ts';
import { apiKeyFor, platformUrl } from './credentials.ts';
import type { Terminal } from './terminal.ts';

/** Calls the methods of a contract on a running platform. */
export interface Remote<C extends Contract> {
  call<K extends UnaryMethodName<C>>(method: K, params: ParamsOf<C, K>): Promise<ResultOf<C, K>>;
}

interface RpcError {
  readonly message: string;
  readonly data?: { readonly code?: string; readonly hint?: string };
}

interface Envelope {
  readonly result?: unknown;
  readonly error?: RpcError;
}

/** What the platform answered in place of a result; its text is for people. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';

  constructor({ message, data }: RpcError) {
    super([message, data?.hint, data?.code && `[${data.code}]`].filter(Boolean).join(' '));
  }
}

/**
 * Speaks JSON-RPC with the platform at CDS_URL in the name of CDS_API_KEY, or of the key that `cds login` keeps.
 * @throws common.unauthenticated without a key, common.unavailable when nobody answers
 */
export function connectRemote<C extends Contract>(
  contract: C,
  { environment, language }: Pick<Terminal, 'environment' | 'language'>,
): Remote<C> {
  const address = platformUrl({ environment });
  const key = apiKeyFor({ environment });
  if (!key) {
    const hint =
      'Sign in with: cds login (or set CDS_API_KEY); keys are made in the studio: Account, API keys.';
    throw fault('common.unauthenticated', {}, { hint });
  }
  return {
    async call(method, params) {
      if (!Object.hasOwn(contract.methods, method)) throw fault('common.method_not_found', { method });
      const response = await fetch(new URL('/rpc', address), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'accept-language': language,
          authorization: `Bearer ${key}`,
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      }).catch((error: unknown) => {
        throw fault('common.unavailable', { service: address }, { cause: error });
      });
      const { result, error } = (await response.json()) as Envelope;
      if (error !== undefined) throw new RemoteError(error);
      return contract.methods[method]?.result.parse(result) as never;
    },
  };
}

/** True for an answer of the platform that says why it refused. */
export function isRemoteError(error: unknown): error is Error {
  return error instanceof RemoteError;
}
