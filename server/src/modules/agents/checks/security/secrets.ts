import type { Finding } from '../../contract-shapes.ts';

const known: readonly { readonly rule: string; readonly pattern: RegExp }[] = [
  { rule: 'CWE-798 private key', pattern: /-----BEGIN (?:[A-Z]{2,9} )?PRIVATE KEY(?: BLOCK)?-----/ },
  { rule: 'CWE-798 AWS key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  { rule: 'CWE-798 GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{50,255})\b/ },
  { rule: 'CWE-798 GitLab token', pattern: /\bglpat-[\w-]{20,100}/ },
  { rule: 'CWE-798 API key', pattern: /\bsk-[A-Za-z0-9_-]{32,200}/ },
  { rule: 'CWE-798 Stripe key', pattern: /\b[rs]k_live_[A-Za-z0-9]{20,200}\b/ },
  { rule: 'CWE-798 Slack token', pattern: /\bxox[abprs]-[A-Za-z0-9-]{20,200}/ },
  { rule: 'CWE-798 Google key', pattern: /\bAIza[\w-]{35}(?![\w-])/ },
  { rule: 'CWE-798 npm token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/ },
  { rule: 'CWE-798 PyPI token', pattern: /\bpypi-[\w-]{50,400}/ },
  { rule: 'CWE-798 Hugging Face token', pattern: /\bhf_[A-Za-z0-9]{34,60}\b/ },
  { rule: 'CWE-798 SendGrid key', pattern: /\bSG\.[\w-]{20,30}\.[\w-]{40,50}/ },
  { rule: 'CWE-798 JSON web token', pattern: /\beyJ[\w-]{15,500}\.eyJ[\w-]{15,2000}\.[\w-]{20,600}/ },
  {
    rule: 'CWE-798 password in address',
    pattern: /\b[a-z][a-z0-9+]{1,20}:\/\/[\w.-]{1,80}:([^\s:@/'"${}<>*]{6,100})@[\w.-]/i,
  },
];
const assigned =
  /(?:secret|token|passwd|password|api[_-]?key|private[_-]?key|authToken)\w{0,40}['"]?\s{0,8}(?::|=>?|:=)\s{0,8}['"]([^'"\s]{12,200})['"]/i;
/** `NAME=value` of shells, containers and .npmrc: there values have no quotes. */
const unquoted =
  /^\s*(?:export\s+|ENV\s+|ARG\s+|-\s+)?[\w/:.-]{0,200}(?:SECRET|TOKEN|PASSW(?:OR)?D|API_?KEY|_authToken|_auth)\w{0,40}\s{0,8}[=:]\s{0,8}([^\s'"$<{#]{12,200})\s*$/i;
const leastEntropy = 3.5;
const noSecret =
  /\$\{|process\.env|os\.environ|^<|example|placeholder|change-?me|dummy|redacted|your[-_]|x{5}|\*{4}|^[\w.]+\(|^(?:[a-z]+[._/-])+[a-z]+$/i;

/** Values without quotes are believed in such files only: elsewhere they are code. */
const plainValues =
  /(^|\/)(Dockerfile[^/]*|[^/]*\.(?:ya?ml|toml|ini|cfg|conf|properties|sh|env[^/]*)|\.npmrc|\.pypirc)$/;

const message = {
  en: 'A secret stands in the code; take it out and make it void.',
  de: 'Im Code steht ein Geheimnis; nehmen Sie es heraus und machen Sie es ungültig.',
};

/** The secret in a line, by the forms of well-known services or by name and randomness; null when there is none. */
export function secretIn(path: string, line: number, text: string): Finding | null {
  const service = known.find(({ pattern }) => pattern.test(text));
  const value = assigned.exec(text)?.[1] ?? (plainValues.test(path) ? unquoted.exec(text)?.[1] : undefined);
  const guessed = value !== undefined && entropy(value) >= leastEntropy && !noSecret.test(value);
  const rule = service?.rule ?? (guessed ? 'CWE-798 secret' : null);
  return rule === null ? null : { path, line, rule, severity: 'high', message, evidence: masked(text) };
}

/** Shannon's entropy in bits a character: words have about 3, random keys 4 and more. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return [...counts.values()].reduce(
    (sum, count) => sum - (count / text.length) * Math.log2(count / text.length),
    0,
  );
}

/** The line with what looks like a secret cut down: evidence must not spread it. */
export function masked(line: string): string {
  const cut = line.trim().slice(0, 300);
  const mask = (secret: string) => `${secret.slice(0, 4)}…`;
  const maskGroup = (whole: string, secret: string | undefined) =>
    secret === undefined ? mask(whole) : whole.replace(secret, mask(secret));
  const services = known.reduce(
    (text, { pattern }) =>
      text.replace(new RegExp(pattern, `${pattern.flags}g`), (whole, secret: string | number) =>
        maskGroup(whole, typeof secret === 'string' ? secret : undefined),
      ),
    cut,
  );
  return services
    .replace(new RegExp(assigned, 'gi'), maskGroup)
    .replace(unquoted, maskGroup)
    .replace(
      /((?:passw(?:or)?d|secret|api_?key|token)\w*['"]?\s*[:=]\s*)(['"])([^'"\s]{6,})\2/gi,
      (_, before: string, quote: string, secret: string) => `${before}${quote}${mask(secret)}${quote}`,
    );
}
