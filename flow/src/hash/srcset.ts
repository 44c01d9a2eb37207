/**
 * The URLs of a srcset attribute as offsets: candidates are separated by commas, but a comma inside a URL belongs to it
 * unless it is its last character (HTML Living Standard, 4.8.4.2.2).
 */
export function srcsetUrls(text: string): { start: number; end: number }[] {
  const urls: { start: number; end: number }[] = [];
  let at = 0;
  while (at < text.length) {
    while (at < text.length && /[\s,]/.test(text.charAt(at))) at += 1;
    const start = at;
    while (at < text.length && !/\s/.test(text.charAt(at))) at += 1;
    let end = at;
    while (end > start && text.charAt(end - 1) === ',') end -= 1;
    if (end > start) urls.push({ start, end });
    if (end < at) continue;
    // The descriptors, up to a comma outside brackets.
    for (let depth = 0; at < text.length; at += 1) {
      const sign = text.charAt(at);
      if (sign === '(') depth += 1;
      else if (sign === ')') depth -= 1;
      else if (sign === ',' && depth <= 0) break;
    }
  }
  return urls;
}
