import { fault } from '#base/fault.ts';
import type { AnswerTools } from './answer.ts';
import type { GenerateRequest, Prompt, ToolDefinition } from './engine.ts';
import { jsonObjectGrammar, schemaGrammar } from './grammar/json-schema.ts';
import { createTextValidator, createValidator } from './grammar/validate.ts';
import type { ToolSyntax } from './tools/syntax.ts';
import { toolGrammar } from './tools/tool-grammar.ts';
import { createToolParser } from './tools/tool-parser.ts';

type ChatPrompt = Extract<Prompt, { kind: 'chat' }>;

/** What a request demands of its answer's form. */
export interface Constraints {
  /** Null when the answer is free. */
  readonly grammar: string | null;
  readonly tools: AnswerTools | null;
  readonly validate: ((text: string) => string | null) | null;
}

/** @throws llm.schema_unsupported, llm.request_invalid */
export function constraintsOf(request: GenerateRequest, syntax: ToolSyntax): Constraints {
  const enforced = request.prompt.kind === 'chat' ? enforcedTools(request.prompt) : null;
  const offered = request.prompt.kind === 'chat' ? offeredTools(request.prompt) : [];
  const parallel = request.prompt.kind !== 'chat' || request.prompt.parallelToolCalls !== false;
  const tools: AnswerTools | null =
    offered.length === 0
      ? null
      : {
          parser: createToolParser(
            syntax,
            offered.map((tool) => tool.name),
          ),
          parallel,
          shortIds: syntax === 'mistral',
          validate: enforced === null ? null : callValidator(enforced),
        };
  if (enforced !== null) {
    return { grammar: toolGrammar({ syntax, tools: enforced, parallel }), tools, validate: null };
  }
  switch (request.format.kind) {
    case 'text':
      return { grammar: null, tools, validate: null };
    case 'json':
      return { grammar: jsonObjectGrammar(), tools: null, validate: createTextValidator(null) };
    case 'schema':
      return {
        grammar: schemaGrammar(request.format.schema),
        // The grammar leaves no room for calls.
        tools: null,
        validate: createTextValidator(request.format.schema),
      };
  }
}

/** The tools that the model is told of. */
export function offeredTools(prompt: ChatPrompt): readonly ToolDefinition[] {
  return prompt.toolChoice?.kind === 'none' ? [] : (prompt.tools ?? []);
}

function enforcedTools(prompt: ChatPrompt): readonly ToolDefinition[] | null {
  const { toolChoice, tools = [] } = prompt;
  if (toolChoice?.kind === 'required') return tools;
  if (toolChoice?.kind !== 'named') return null;
  const named = tools.filter((tool) => tool.name === toolChoice.name);
  if (named.length > 0) return named;
  const reason = `tool_choice names ${toolChoice.name}, which is none of the tools`;
  throw fault('llm.request_invalid', { reason, field: 'tool_choice' });
}

function callValidator(tools: readonly ToolDefinition[]): AnswerTools['validate'] {
  const validators = new Map(tools.map((tool) => [tool.name, createValidator(tool.parameters)]));
  return (call) => validators.get(call.name)?.(JSON.parse(call.arguments)) ?? null;
}
