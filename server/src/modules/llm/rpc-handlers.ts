import type { Call } from '#base/contract.ts';
import type { Principal } from '#base/principal.ts';
import type { Handlers } from '#kernel/module.ts';
import { objectsOf } from './api/writer.ts';
import type { InferenceCall } from './attempts.ts';
import type { Candidates } from './candidates.ts';
import type { llmContract } from './contract.ts';
import type { Inference } from './inference.ts';
import type { InferenceRequest, Whole } from './source.ts';

type Answer = { readonly object: string; readonly [key: string]: unknown };

export interface RpcDeps {
  readonly inference: Inference;
  readonly candidates: Candidates;
  readonly newId: () => string;
}

type RpcHandlers = Pick<
  Handlers<typeof llmContract>,
  'llm.models' | 'llm.chat' | 'llm.chat.stream' | 'llm.complete' | 'llm.complete.stream' | 'llm.embed'
>;

/** The same requests as under `/v1`, over JSON-RPC. */
export function rpcHandlersOf({ inference, candidates, newId }: RpcDeps): RpcHandlers {
  function callOf(asked: {
    endpoint: string;
    request: InferenceRequest;
    user: Principal;
    call: Call;
  }): InferenceCall {
    const { endpoint, request, user, call } = asked;
    return { user, request, endpoint, requestId: newId(), repeatable: false, signal: call.signal };
  }

  async function whole(call: InferenceCall): Promise<Answer> {
    return answerOf((await inference.whole(call)).answer);
  }

  async function* stream(call: InferenceCall) {
    const pieces = inference.stream(call);
    try {
      for (;;) {
        const step = await pieces.next();
        if (step.done === true) return step.value;
        if ('queued' in step.value) yield { object: 'llm.queue', ...step.value.queued };
        else for (const object of objectsOf(step.value)) yield object as Answer;
      }
    } finally {
      await pieces.return(undefined as never);
    }
  }

  return {
    'llm.models': () => candidates.list(),
    'llm.chat': ({ params: body, user, call }) =>
      whole(callOf({ endpoint: 'llm.chat', request: { kind: 'chat', body }, user, call })),
    'llm.chat.stream': ({ params: body, user, call }) =>
      stream(callOf({ endpoint: 'llm.chat', request: { kind: 'chat', body }, user, call })),
    'llm.complete': ({ params: body, user, call }) =>
      whole(callOf({ endpoint: 'llm.complete', request: { kind: 'completion', body }, user, call })),
    'llm.complete.stream': ({ params: body, user, call }) =>
      stream(callOf({ endpoint: 'llm.complete', request: { kind: 'completion', body }, user, call })),
    'llm.embed': ({ params: body, user, call }) =>
      whole(callOf({ endpoint: 'llm.embed', request: { kind: 'embedding', body }, user, call })),
  };
}

function answerOf(whole: Whole): Answer {
  const object =
    'json' in whole ? (JSON.parse(whole.json.toString()) as Partial<Answer>) : (whole.object as Answer);
  return { object: 'answer', ...object };
}
