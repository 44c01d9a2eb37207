import type { GenerateRequest, Prompt } from '../engine.ts';

/** A conversation as the server's `/apply-template` takes it. */
export function chatBody(prompt: Extract<Prompt, { kind: 'chat' }>): Record<string, unknown> {
  const tools = prompt.toolChoice?.kind === 'none' ? [] : (prompt.tools ?? []);
  return {
    messages: prompt.messages.map(({ role, content, name, toolCallId, toolCalls }) => ({
      role,
      content,
      ...(name === undefined ? {} : { name }),
      ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
      ...(toolCalls === undefined || toolCalls.length === 0
        ? {}
        : {
            tool_calls: toolCalls.map((call) => ({
              id: call.id,
              type: 'function',
              function: { name: call.name, arguments: call.arguments },
            })),
          }),
    })),
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description = '', parameters }) => ({
            type: 'function',
            function: { name, description, parameters },
          })),
        }),
    chat_template_kwargs: { enable_thinking: false },
  };
}

/** How `/completion` is to choose tokens, and when it is to end. */
export function samplingBody(request: GenerateRequest, seed: number): Record<string, unknown> {
  const { sampling } = request;
  return {
    stream: true,
    cache_prompt: true,
    timings_per_token: true,
    n_predict: request.maxTokens ?? -1,
    stop: request.stop,
    temperature: sampling.temperature,
    seed: sampling.seed ?? seed,
    ...(sampling.topK === undefined ? {} : { top_k: sampling.topK }),
    ...(sampling.topP === undefined ? {} : { top_p: sampling.topP }),
    ...(sampling.minP === undefined ? {} : { min_p: sampling.minP }),
    ...(sampling.repeatPenalty === undefined ? {} : { repeat_penalty: sampling.repeatPenalty }),
    ...(sampling.frequencyPenalty === undefined ? {} : { frequency_penalty: sampling.frequencyPenalty }),
    ...(sampling.presencePenalty === undefined ? {} : { presence_penalty: sampling.presencePenalty }),
    ...(sampling.logitBias === undefined ? {} : { logit_bias: [...sampling.logitBias] }),
    ...(request.topLogprobs === null ? {} : { n_probs: Math.max(1, request.topLogprobs) }),
  };
}
