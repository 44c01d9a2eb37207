/**
 * How a model writes that it calls a tool. `hermes`: JSON between <tool_call> tags (Qwen, Hermes, many others);
 * `mistral`: [TOOL_CALLS] and a list; `llama3`: one JSON object with `parameters`; `generic`: a JSON object with
 * `name` and `arguments`, for templates that know no tools.
 */
export type ToolSyntax = 'hermes' | 'mistral' | 'llama3' | 'generic';

/** Reads the syntax off the model's chat template. */
export function toolSyntaxOf(template: string): ToolSyntax {
  if (template.includes('[TOOL_CALLS]')) return 'mistral';
  if (template.includes('<tool_call>')) return 'hermes';
  if (template.includes('<|python_tag|>') || /"parameters":/.test(template)) return 'llama3';
  return 'generic';
}

/** Whether the template itself tells the model about its tools. */
export function knowsTools(template: string): boolean {
  return /\btools\b/.test(template);
}
