/** A refusal by the server, or the news that it can't be reached, as a panel or a toast shows it. */
export class RpcFault extends Error {
  override readonly name = 'RpcFault';
  readonly code: string;
  readonly status: number;
  readonly hint: string;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(parts: {
    code: string;
    status: number;
    detail: string;
    hint: string;
    data?: Record<string, unknown>;
  }) {
    super(parts.detail);
    this.code = parts.code;
    this.status = parts.status;
    this.hint = parts.hint;
    this.data = parts.data ?? {};
  }
}

export function isRpcFault(error: unknown, code?: string): error is RpcFault {
  return error instanceof RpcFault && (code === undefined || error.code === code);
}
