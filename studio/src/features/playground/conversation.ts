import { rpc } from '../../rpc/client.ts';
import type { Params } from '../../rpc/contracts.ts';
import { createStore, type Store } from '../../ui/store.ts';
import type { Turn } from './settings.ts';
import { type ToolCall, type ToolCallPiece, withPieces } from './tool-calls.ts';

export interface ConversationState {
  readonly status: 'idle' | 'waiting' | 'writing' | 'finished' | 'cut' | 'stopped' | 'failed';
  readonly turns: readonly Turn[];
  /** The answer that is being written. */
  readonly draft: string;
  /** Tools that it calls, as far as they are written. */
  readonly draftCalls: readonly ToolCall[];
  readonly tokens: number;
  readonly promptTokens: number | undefined;
  /** Where the request stands in the model's queue; 1 for the next one. */
  readonly place: number | undefined;
  readonly firstTokenMs: number | undefined;
  readonly totalMs: number | undefined;
  readonly cost: string | undefined;
  readonly currency: string | undefined;
  readonly error: unknown;
}

const empty: ConversationState = {
  status: 'idle',
  turns: [],
  draft: '',
  draftCalls: [],
  tokens: 0,
  promptTokens: undefined,
  place: undefined,
  firstTokenMs: undefined,
  totalMs: undefined,
  cost: undefined,
  currency: undefined,
  error: undefined,
};

interface Chunk {
  readonly object?: string;
  readonly position?: number;
  readonly choices?: readonly {
    readonly delta?: {
      readonly content?: string | null;
      readonly tool_calls?: readonly ToolCallPiece[] | null;
    };
    readonly finish_reason?: string | null;
  }[];
}

export interface Conversation {
  readonly store: Store<ConversationState>;
  /** True once the answer has ended, however; false when another conversation took its place meanwhile. */
  send(content: string, bodyOf: (turns: readonly Turn[]) => Params<'llm.chat.stream'>): Promise<boolean>;
  stop(): void;
  clear(): void;
  /** Shows a conversation that was kept; the next question goes on with it. */
  restore(turns: readonly Turn[]): void;
}

/** One conversation with one model: the turns so far, and the answer as it is written. */
export function createConversation(): Conversation {
  const store = createStore<ConversationState>(empty);
  let controller: AbortController | undefined;
  const change = (part: Partial<ConversationState>) => store.set((state) => ({ ...state, ...part }));

  return {
    store,
    async send(content, bodyOf) {
      controller?.abort();
      const own = new AbortController();
      controller = own;
      const turns = [...store.get().turns, { role: 'user' as const, content }];
      store.set({ ...empty, status: 'waiting', turns });
      const startedMs = performance.now();
      let draft = '';
      let draftCalls: readonly ToolCall[] = [];
      const answer = (): Turn => ({
        role: 'assistant',
        content: draft,
        ...(draftCalls.length === 0 ? {} : { toolCalls: draftCalls }),
      });
      let tokens = 0;
      let cut = false;
      try {
        const bill = await rpc.stream('llm.chat.stream', bodyOf(turns), {
          signal: own.signal,
          onChunk(raw) {
            const chunk = raw as Chunk;
            if (chunk.object === 'llm.queue') return change({ place: chunk.position });
            const [choice] = chunk.choices ?? [];
            if (choice?.finish_reason === 'length') cut = true;
            const text = choice?.delta?.content ?? '';
            const pieces = choice?.delta?.tool_calls ?? [];
            if (text === '' && pieces.length === 0) return;
            const first = tokens === 0 ? { firstTokenMs: performance.now() - startedMs } : {};
            draft += text;
            draftCalls = withPieces(draftCalls, pieces);
            tokens += 1;
            const totalMs = performance.now() - startedMs;
            change({ ...first, status: 'writing', draft, draftCalls, tokens, totalMs });
          },
        });
        change({
          status: cut ? 'cut' : 'finished',
          turns: [...turns, answer()],
          draft: '',
          draftCalls: [],
          tokens: bill.completionTokens,
          promptTokens: bill.promptTokens,
          totalMs: performance.now() - startedMs,
          cost: bill.cost,
          currency: bill.currency,
        });
      } catch (error) {
        if (controller !== own) return false;
        const kept = draft === '' && draftCalls.length === 0 ? turns : [...turns, answer()];
        change({
          status: own.signal.aborted ? 'stopped' : 'failed',
          turns: kept,
          draft: '',
          draftCalls: [],
          error,
        });
      }
      return controller === own;
    },
    stop: () => controller?.abort(),
    clear() {
      controller?.abort();
      controller = undefined;
      store.set(empty);
    },
    restore(turns) {
      controller?.abort();
      controller = undefined;
      store.set({ ...empty, turns });
    },
  };
}
