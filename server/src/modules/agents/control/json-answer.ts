/** JSON in a text, with or without a fence around it. */
export function parseJson(text: string): unknown {
  const inner = /```(?:json)?\s*\n([\s\S]*?)```/.exec(text)?.[1] ?? text;
  try {
    return JSON.parse(inner.slice(Math.max(0, inner.indexOf('{')), inner.lastIndexOf('}') + 1));
  } catch {
    return null;
  }
}
