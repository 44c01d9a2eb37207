import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type {
  ChatMessage,
  GenerateChunk,
  GenerateRequest,
  GenerateResult,
  GenerateUsage,
  TokenLogprob,
  ToolCall,
} from '../engine/engine.ts';
import { type NativeEngine, startNativeEngine } from '../engine/native/native-engine.ts';

export interface TestEngineOptions {
  readonly contextSize?: number;
  readonly parallel?: number;
  readonly batchSize?: number;
}

export interface TestEngine extends AsyncDisposable {
  readonly engine: NativeEngine;
  /** What the engine's process wrote to its standard error. */
  readonly lines: readonly string[];
}

/** The real engine with a model that the test writes, on one thread: several stall on a busy machine. */
export async function testEngine(
  writeModel: (file: string) => void,
  options: TestEngineOptions = {},
): Promise<TestEngine> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-engine-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const modelFile = path.join(folder, 'model.gguf');
  writeModel(modelFile);
  const lines: string[] = [];
  const engine = stack.use(
    await startNativeEngine({
      modelId: 'model',
      modelFile,
      contextSize: options.contextSize ?? 512,
      parallel: options.parallel ?? 2,
      batchSize: options.batchSize ?? 64,
      threads: 1,
      signal: new AbortController().signal,
      log: (line) => lines.push(line),
    }),
  );
  const owned = stack.move();
  return { engine, lines, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A chat request that differs from the plainest one in what the test says. */
export function chatRequest(
  content: string | readonly ChatMessage[],
  change: Partial<Omit<GenerateRequest, 'prompt'>> &
    Partial<Extract<GenerateRequest['prompt'], { kind: 'chat' }>> = {},
): GenerateRequest {
  const { tools, toolChoice, parallelToolCalls, kind: _kind, messages: _messages, ...rest } = change;
  return {
    prompt: {
      kind: 'chat',
      messages: typeof content === 'string' ? [{ role: 'user', content }] : content,
      ...(tools === undefined ? {} : { tools }),
      ...(toolChoice === undefined ? {} : { toolChoice }),
      ...(parallelToolCalls === undefined ? {} : { parallelToolCalls }),
    },
    format: { kind: 'text' },
    sampling: { temperature: 0 },
    maxTokens: null,
    stop: [],
    topLogprobs: null,
    ...rest,
  };
}

export function textRequest(text: string, change: Partial<GenerateRequest> = {}): GenerateRequest {
  return { ...chatRequest('', change), prompt: { kind: 'text', text } };
}

export interface Answer {
  readonly text: string;
  readonly pieces: readonly string[];
  readonly calls: readonly ToolCall[];
  readonly logprobs: readonly TokenLogprob[];
  readonly result: GenerateResult;
}

/** Reads a generation to its end. */
export async function collect(
  generation: AsyncGenerator<GenerateChunk, GenerateResult, undefined>,
): Promise<Answer> {
  const pieces: string[] = [];
  const calls: ToolCall[] = [];
  const logprobs: TokenLogprob[] = [];
  for (;;) {
    const next = await generation.next();
    if (next.done === true) return { text: pieces.join(''), pieces, calls, logprobs, result: next.value };
    if (next.value.kind === 'tool-call') calls.push(next.value.call);
    else {
      pieces.push(next.value.text);
      logprobs.push(...(next.value.logprobs ?? []));
    }
  }
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  readonly onUsage?: (usage: GenerateUsage) => void;
}

/** Generates one answer and reads it to its end. */
export function ask(
  { engine }: TestEngine,
  request: GenerateRequest,
  options: AskOptions = {},
): Promise<Answer> {
  return collect(engine.generate(request, { signal: new AbortController().signal, ...options }));
}
