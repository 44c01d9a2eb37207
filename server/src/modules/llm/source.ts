import type { ModelPrice } from '#base/pricing.ts';
import type { Meter } from './accounting/meter.ts';
import type { ChatRequest, CompletionRequest, EmbeddingRequest } from './contract-requests.ts';

/** One request in OpenAI's shape, by what it asks for. */
export type InferenceRequest =
  | { readonly kind: 'chat'; readonly body: ChatRequest }
  | { readonly kind: 'completion'; readonly body: CompletionRequest }
  | { readonly kind: 'embedding'; readonly body: EmbeddingRequest };

export interface RunOptions {
  readonly userId: string;
  /** Fires when the answer is not wanted any more: its client has left, or another candidate was faster. */
  readonly signal: AbortSignal;
  /** Fires in the second case only; absent where there is no other candidate. */
  readonly lost?: AbortSignal;
  /** Kept true to what was used, at every moment. */
  readonly meter: Meter;
  /** Told when the request must wait for its turn, and whenever its place changes. */
  readonly onQueued?: (place: QueuePlace) => void;
}

/** Where a request stands among those that wait for a model. */
export interface QueuePlace {
  /** 1 for the next one. */
  readonly position: number;
  readonly estimatedWaitMs: number | null;
}

/** What an answer's stream is made of: a chunk as an object, or whole server-sent events as they came from a provider. */
export type Piece = { readonly chunk: object } | { readonly events: Buffer };

/** An answer's pieces. An async generator is one. */
export interface PieceStream {
  next(): Promise<IteratorResult<Piece, void>>;
  /** Ends it; nothing comes any more. */
  return(value: undefined): Promise<unknown>;
  /**
   * Gives all further pieces to `take` as they come, without a promise for each; while one that `take` returned is
   * pending, none is given. Resolves at the answer's end. Absent where pieces must be asked for one by one.
   */
  pour?(take: TakePiece): Promise<void>;
}

/** Takes a piece; where it can't take more for now, until when. */
export type TakePiece = (piece: Piece) => Promise<void> | undefined;

/** A place in the queue, told before the answer begins. It is no part of the answer. */
export interface QueueNotice {
  readonly queued: QueuePlace;
}

/** A whole answer: as an object, or as the JSON text that came from a provider. */
export type Whole = { readonly object: object } | { readonly json: Buffer };

/** Something that can answer a request: a model on this machine or at a provider. */
export interface Source {
  /** As the model is addressed here. */
  readonly model: string;
  /** `local`, or the provider's name. */
  readonly origin: string;
  readonly price: ModelPrice;
  /** The most that the request can use: what is put aside for it. */
  estimate(
    request: InferenceRequest,
    options: Pick<RunOptions, 'userId' | 'signal'>,
  ): Promise<{ readonly promptTokens: number; readonly maxCompletionTokens: number }>;
  /**
   * An answer that is paid for as a whole once it was asked for comes also when its client leaves meanwhile: it is
   * what tells the price. One that lost is ended.
   */
  whole(request: InferenceRequest, options: RunOptions): Promise<Whole>;
  /** Ends without its `[DONE]`: that is written by whoever writes the stream. */
  stream(request: InferenceRequest, options: RunOptions): PieceStream;
}
