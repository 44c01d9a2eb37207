/** What keys of the known providers look like, for texts that may quote some other key than the one we sent. */
const keyPattern = /\b(?:sk|gsk|pk|rk|tgp|hf|cds)[-_][A-Za-z0-9_-]{8,}/g;

/** A provider's text with keys removed, short enough for a message. Providers quote keys in their errors. */
export function withoutKeys(text: string, key: string | undefined): string {
  let clean = text;
  if (key !== undefined && key.length >= 4) clean = clean.replaceAll(key, '***');
  return clean
    .replace(keyPattern, '***')
    .replace(/\bBearer\s+\S+/gi, 'Bearer ***')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 500);
}
