import type { BoundMethod } from '#kernel/rpc/method.ts';
import { platformVersion } from '#kernel/version.ts';
import { openApiDocument } from './openapi.ts';
import { openRpcDocument } from './openrpc.ts';

/** The generated references, made when first asked for: that takes tens of milliseconds, and start-up is precious. */
export interface Documents {
  openRpc(): Record<string, unknown>;
  /** As JSON text. */
  openApi(): string;
}

export function createDocuments(methods: () => Iterable<BoundMethod>): Documents {
  let openRpc: Record<string, unknown> | undefined;
  let openApi: string | undefined;
  return {
    openRpc() {
      openRpc ??= openRpcDocument(methods(), platformVersion());
      return openRpc;
    },
    openApi() {
      openApi ??= JSON.stringify(openApiDocument(methods(), platformVersion()));
      return openApi;
    },
  };
}
