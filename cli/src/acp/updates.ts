import path from 'node:path';
import type { SessionUpdate, ToolCallContent, ToolKind } from '@agentclientprotocol/sdk';
import type { Language } from '@cyberdevstudio/server/base/fault.ts';
import type { ChangedFile } from '@cyberdevstudio/server/modules/agents/contract-changes.ts';
import type { Step } from '@cyberdevstudio/server/modules/agents/contract-shapes.ts';
import { reasonText } from '../agent/reasons.ts';

interface Place {
  readonly taskId: string;
  readonly folder: string;
  readonly language: Language;
}

const shownCharacters = 4_000;

const kinds: Readonly<Record<string, ToolKind>> = {
  list_files: 'search',
  find: 'search',
  read_file: 'read',
  write_file: 'edit',
  edit_file: 'edit',
  delete_file: 'delete',
  run: 'execute',
  find_tool: 'search',
  call_tool: 'fetch',
};

/** A step of a task as an editor shows it; null for those that tell it nothing. */
export function updateOf(step: Step, place: Place): SessionUpdate | null {
  const { kind, data, sequence } = step;
  const toolCallId = `${place.taskId}/${sequence}`;
  switch (kind) {
    case 'tool': {
      const name = String(data.name ?? '');
      const input = parsed(data.arguments);
      const file = typeof input.path === 'string' ? input.path : null;
      const detail =
        file ?? [input.command, ...(Array.isArray(input.args) ? input.args : [])].join(' ').trim();
      return {
        sessionUpdate: 'tool_call',
        toolCallId,
        title: `${name.replaceAll('_', ' ')} ${detail}`.trim().slice(0, 200),
        kind: kinds[name] ?? 'other',
        status: data.refused === undefined ? 'completed' : 'failed',
        rawInput: input,
        ...(typeof data.result === 'string' ? { content: [shown(data.result)] } : {}),
        ...(file === null ? {} : { locations: [{ path: path.join(place.folder, file) }] }),
      };
    }
    case 'check': {
      const passed = data.passed === true || data.exitCode === 0;
      const title = {
        en: `Check ${data.when}`,
        de: data.when === 'before' ? 'Prüfung vorher' : 'Prüfung nachher',
      };
      const output = data.output ?? reasonText(data.reason, place.language);
      return {
        sessionUpdate: 'tool_call',
        toolCallId,
        title: title[place.language],
        kind: 'execute',
        status: passed ? 'completed' : 'failed',
        ...(typeof output === 'string' && output !== '' ? { content: [shown(output)] } : {}),
      };
    }
    case 'retry':
      return {
        sessionUpdate: 'agent_thought_chunk',
        content: { type: 'text', text: `${reasonText(data.reason, place.language)}\n` },
      };
    case 'completed':
      return typeof data.summary === 'string' && data.summary !== '' ? messageOf(`${data.summary}\n`) : null;
    default:
      return null;
  }
}

/** A message of the agent. */
export function messageOf(text: string): SessionUpdate {
  return { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } };
}

/** A proposed change: each place of each file, as before and after. */
export function diffsOf(changes: readonly ChangedFile[], folder: string): ToolCallContent[] {
  return changes.flatMap(({ path: file, change, diff, binary }): ToolCallContent[] => {
    const where = path.join(folder, file);
    if (binary || diff === '') return [shown(`${file}: ${change}`)];
    return hunksOf(diff).map(({ before, after }) => ({
      type: 'diff',
      path: where,
      oldText: change === 'created' ? null : before,
      newText: after,
    }));
  });
}

/** The places of a unified diff with the lines around them. */
function hunksOf(diff: string): { before: string; after: string }[] {
  const hunks: { before: string[]; after: string[] }[] = [];
  for (const line of diff.split('\n')) {
    if (line.startsWith('@@')) hunks.push({ before: [], after: [] });
    const hunk = hunks.at(-1);
    if (hunk === undefined || line.startsWith('@@')) continue;
    const text = line.slice(1);
    if (line.startsWith(' ') || line.startsWith('-')) hunk.before.push(text);
    if (line.startsWith(' ') || line.startsWith('+')) hunk.after.push(text);
  }
  return hunks.map(({ before, after }) => ({ before: joined(before), after: joined(after) }));
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function shown(text: string): ToolCallContent {
  const left = text.length - shownCharacters;
  const part = left > 0 ? `${text.slice(0, shownCharacters)}\n[${left} more characters]` : text;
  return { type: 'content', content: { type: 'text', text: part } };
}

function parsed(given: unknown): Record<string, unknown> {
  if (typeof given !== 'string') return {};
  try {
    const value: unknown = JSON.parse(given);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return { text: given };
  }
}
