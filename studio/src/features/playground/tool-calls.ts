/** A call of a tool that a model answers with, put together from its pieces. */
export interface ToolCall {
  readonly name: string;
  /** JSON as the model wrote it. */
  readonly arguments: string;
}

export interface ToolCallPiece {
  readonly index?: number | null;
  readonly function?: { readonly name?: string | null; readonly arguments?: string | null } | null;
}

/** Adds what one chunk of a stream brings; a provider may leave out the numbers. */
export function withPieces(
  calls: readonly ToolCall[],
  pieces: readonly ToolCallPiece[],
): readonly ToolCall[] {
  const next = [...calls];
  for (const [place, piece] of pieces.entries()) {
    const index = Math.min(piece.index ?? place, next.length);
    const before = next[index] ?? { name: '', arguments: '' };
    next[index] = {
      name: before.name === '' ? (piece.function?.name ?? '') : before.name,
      arguments: before.arguments + (piece.function?.arguments ?? ''),
    };
  }
  return next;
}

/** The arguments as a person reads them; as they are while they are no JSON. */
export function formatArguments(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

/** Calls as words: for a copy, and for a conversation that goes on without their results. */
export function textOfCalls(calls: readonly ToolCall[]): string {
  return calls.map((call) => `${call.name}(${formatArguments(call.arguments)})`).join('\n');
}
