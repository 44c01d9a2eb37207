import type { CallToolResult } from '@modelcontextprotocol/client';

/** What a tool answered, as text: pictures and sounds by their kind and size, structured content where there is no text. */
export function textOf({ content, structuredContent }: CallToolResult): string {
  const parts = content.map((part) => {
    switch (part.type) {
      case 'text':
        return part.text;
      case 'image':
      case 'audio':
        return `[${part.type}, ${part.mimeType}, ${Math.ceil((part.data.length * 3) / 4)} bytes: not shown]`;
      case 'resource':
        return 'text' in part.resource
          ? part.resource.text
          : `[${part.resource.uri}, ${Math.ceil((part.resource.blob.length * 3) / 4)} bytes: not shown]`;
      case 'resource_link':
        return `[${part.uri}]`;
      default:
        return '';
    }
  });
  const text = parts.filter((part) => part !== '').join('\n');
  return text === '' && structuredContent !== undefined ? JSON.stringify(structuredContent) : text;
}
