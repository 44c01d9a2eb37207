import { createHash } from 'node:crypto';
import type { Tool } from '@modelcontextprotocol/client';
import type { ReviewedTool } from './contract.ts';
import { oneLine } from './program.ts';
import type { Approved } from './store.ts';

const schemaBytes = 64 * 1024;
const schemaDepth = 32;
const descriptionCharacters = 10_000;
const lineCharacters = 160;

/** Hash of everything in a tool's description that a model or person could be led by. */
export function hashOfTool({ name, title, description, inputSchema, annotations }: Tool): string {
  const told = [name, title ?? null, description ?? null, inputSchema, annotations ?? null];
  return createHash('sha256').update(canonical(told)).digest('hex');
}

/** JSON with its keys in order, so that the same description has the same hash whatever order it is sent in. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Why agents are not offered a tool at all; null when they may be. */
function flawOf(tool: Tool): string | null {
  if (!/^[\w.:/-]{1,200}$/.test(tool.name)) return 'its name has characters that models cannot write';
  const schema = JSON.stringify(tool.inputSchema);
  if (Buffer.byteLength(schema) > schemaBytes) return `its schema has more than ${schemaBytes} bytes`;
  if (depthOf(tool.inputSchema) > schemaDepth) return 'its schema is nested too deeply';
  if ((tool.description?.length ?? 0) > descriptionCharacters)
    return `its description has more than ${descriptionCharacters} characters`;
  return null;
}

function depthOf(value: unknown, depth = 0): number {
  if (depth > schemaDepth || typeof value !== 'object' || value === null) return depth;
  let deepest = depth;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner, depth + 1));
  return deepest;
}

/** What a server offers now against what was approved. Of two tools with one name neither can be used. */
export function reviewTools(tools: readonly Tool[], approved: Approved): ReviewedTool[] {
  const counts = new Map<string, number>();
  for (const { name } of tools) counts.set(name, (counts.get(name) ?? 0) + 1);
  return tools.map((tool) => {
    const { name } = tool;
    const hash = hashOfTool(tool);
    const reason = (counts.get(name) ?? 0) > 1 ? 'the server has two tools of this name' : flawOf(tool);
    const known = Object.hasOwn(approved, name) ? approved[name]?.hash : undefined;
    const state = known === undefined ? 'new' : known === hash ? 'approved' : 'changed';
    const description = (tool.description ?? '').slice(0, descriptionCharacters);
    return {
      name: name.slice(0, 200),
      description,
      hash,
      state: reason === null ? state : 'unusable',
      reason,
    };
  });
}

/** One line about a tool, for lists. */
export function lineOf({ title, description }: Tool): string {
  const line = oneLine((description ?? title ?? '').slice(0, 4 * lineCharacters));
  return line.length > lineCharacters ? `${line.slice(0, lineCharacters - 1)}…` : line;
}

/** Tools whose name or description has words of the query, best first; all of them without words. */
export function rankTools<Named extends { readonly tool: string; readonly line: string }>(
  tools: readonly Named[],
  query: string,
): Named[] {
  const words = query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return [...tools];
  return tools
    .map((entry) => {
      const name = entry.tool.toLowerCase();
      const line = entry.line.toLowerCase();
      const score = words.reduce(
        (sum, word) => sum + (name.includes(word) ? 3 : 0) + (line.includes(word) ? 1 : 0),
        0,
      );
      return { entry, score };
    })
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score)
    .map(({ entry }) => entry);
}
