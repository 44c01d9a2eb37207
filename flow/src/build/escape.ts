const SPECIAL = /[&<>"]/g;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for HTML and XML content and double-quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(SPECIAL, (sign) => ENTITIES[sign] ?? sign);
}

/** A path as it stands in an address: each segment percent-encoded, slashes kept. */
export function encodeUrlPath(file: string): string {
  return /^[A-Za-z0-9._~/-]*$/.test(file) ? file : file.split('/').map(encodeURIComponent).join('/');
}
