import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ContentBlock } from '@agentclientprotocol/sdk';

/** What an editor's prompt becomes as a task. */
export interface TaskText {
  readonly task: string;
  /** Files of the project that it is about, relative. */
  readonly files: string[];
  /** Of a first line such as `$ npm test`: checks the result. */
  readonly command: { command: string; args: string[] } | undefined;
}

const mostFiles = 50;

/** Reads a prompt: text, files that were mentioned, and parts of files that were put in. */
export function readPrompt(blocks: readonly ContentBlock[], folder: string): TaskText {
  const parts: string[] = [];
  const files = new Set<string>();
  for (const block of blocks) {
    switch (block.type) {
      case 'text':
        parts.push(block.text);
        break;
      case 'resource_link': {
        const file = within(block.uri, folder);
        if (file !== null) files.add(file);
        parts.push(file ?? block.uri);
        break;
      }
      case 'resource': {
        const file = within(block.resource.uri, folder);
        if (file !== null) files.add(file);
        const name = file ?? block.resource.uri;
        if ('text' in block.resource) parts.push(`\n${name}:\n\`\`\`\n${block.resource.text}\n\`\`\`\n`);
        break;
      }
      default:
        break;
    }
  }
  const text = parts.join(' ').trim();
  const line = /^\$ (.+)(?:\n|$)/.exec(text);
  const words = line?.[1]?.split(' ').filter((word) => word !== '') ?? [];
  const [command, ...args] = words;
  return {
    task: line === null ? text : text.slice(line[0].length).trim() || `Mend what ${line[1]} tells.`,
    files: [...files].slice(0, mostFiles),
    command: command === undefined ? undefined : { command, args },
  };
}

/** The path of a file: address relative to the folder; null when it lies elsewhere. */
function within(uri: string, folder: string): string | null {
  if (!URL.canParse(uri) || new URL(uri).protocol !== 'file:') return null;
  const relative = path.relative(folder, fileURLToPath(new URL(uri)));
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? null : relative;
}
