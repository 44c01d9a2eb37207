import type { ToolDefinition } from '../engine.ts';
import { schemaRule } from '../grammar/json-schema.ts';
import { literal, Rules, schemaUnsupported } from '../grammar/rules.ts';
import type { ToolSyntax } from './syntax.ts';

export interface ToolGrammarOptions {
  readonly syntax: ToolSyntax;
  readonly tools: readonly ToolDefinition[];
  /** Whether more than one call may be made. */
  readonly parallel: boolean;
}

/** How each syntax writes one call, and several. */
interface CallForm {
  readonly before: string;
  readonly afterName: string;
  readonly after: string;
  /** Between two calls; null where there can be only one. */
  readonly between: string | null;
  readonly begin: string;
  readonly end: string;
}

const forms: Readonly<Record<ToolSyntax, CallForm>> = {
  hermes: {
    before: '<tool_call>\n{"name": ',
    afterName: ', "arguments": ',
    after: '}\n</tool_call>',
    between: '\n',
    begin: '',
    end: '',
  },
  mistral: {
    before: '{"name": ',
    afterName: ', "arguments": ',
    after: '}',
    between: ', ',
    begin: '[TOOL_CALLS][',
    end: ']',
  },
  llama3: {
    before: '{"name": ',
    afterName: ', "parameters": ',
    after: '}',
    between: '; ',
    begin: '',
    end: '',
  },
  generic: {
    before: '{"name": ',
    afterName: ', "arguments": ',
    after: '}',
    between: '\n',
    begin: '',
    end: '',
  },
};

/**
 * The grammar of an answer that is nothing but calls of these tools, with arguments that their schemas allow.
 * @throws llm.schema_unsupported
 */
export function toolGrammar({ syntax, tools, parallel }: ToolGrammarOptions): string {
  if (tools.length === 0) throw schemaUnsupported('no tool is on offer', '#/tools');
  const rules = new Rules();
  rules.reserve('root');
  const form = forms[syntax];
  const calls = tools.map((tool) => {
    const args = schemaRule(rules, argumentsSchema(tool));
    const body = [
      literal(form.before),
      literal(JSON.stringify(tool.name)),
      literal(form.afterName),
      args,
      literal(form.after),
    ];
    return rules.add(`call-${tool.name}`, body.join(' '));
  });
  const call = rules.add('call', calls.join(' | '));
  const more = parallel && form.between !== null ? ` (${literal(form.between)} ${call})*` : '';
  rules.set(
    'root',
    [literal(form.begin), `${call}${more}`, literal(form.end)].filter((part) => part !== '""').join(' '),
  );
  return rules.text();
}

/** Arguments are an object, also where a schema does not say so. */
function argumentsSchema(tool: ToolDefinition): Readonly<Record<string, unknown>> {
  const { type = 'object', ...rest } = tool.parameters;
  return { ...rest, type };
}
