interface FaultParts {
  readonly code: string;
  /** HTTP status that goes with the code; 0 when nothing was answered. */
  readonly status: number;
  readonly detail: string;
  readonly hint: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A refusal by the server, or the news that it can't be reached, as a panel or a toast shows it. */
export class RpcFault extends Error {
  override readonly name = 'RpcFault';
  readonly code: string;
  readonly status: number;
  readonly hint: string;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(parts: FaultParts) {
    super(parts.detail);
    this.code = parts.code;
    this.status = parts.status;
    this.hint = parts.hint;
    this.data = parts.data ?? {};
  }
}

/** True for a fault, with one of these codes if any are given. */
export function isRpcFault(error: unknown, ...codes: readonly string[]): error is RpcFault {
  return error instanceof RpcFault && (codes.length === 0 || codes.includes(error.code));
}

/** True when nothing was answered: the server is away, or the connection broke before it could answer. */
export function isOffline(error: unknown): boolean {
  return isRpcFault(error, 'studio.offline', 'studio.answer_lost');
}

/** What JSON-RPC calls an error, with the application's own data. */
export interface RpcErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

const statusOfCode: Readonly<Record<number, number>> = {
  [-32001]: 401,
  [-32003]: 403,
  [-32004]: 404,
  [-32029]: 429,
  [-32030]: 402,
  [-32040]: 409,
  [-32050]: 503,
  [-32060]: 413,
};

/** The fault in a JSON-RPC error object. */
export function faultOfRpcError(error: RpcErrorObject): RpcFault {
  const { code, detail, hint, ...data } = error.data ?? {};
  return new RpcFault({
    code: String(code ?? 'common.internal'),
    status: statusOfCode[error.code] ?? 400,
    detail: String(detail ?? error.message),
    hint: String(hint ?? ''),
    data,
  });
}

/** The fault in a problem document (RFC 9457). */
export function faultOfProblem(problem: Readonly<Record<string, unknown>>, status: number): RpcFault {
  const { code, detail, title, hint, ...data } = problem;
  return new RpcFault({
    code: String(code ?? 'common.internal'),
    status,
    detail: String(detail ?? title ?? ''),
    hint: String(hint ?? ''),
    data,
  });
}
