import type { LocalizedText } from '#base/fault.ts';
import type { Finding } from '../contract-shapes.ts';
import type { Workbench } from '../tools/workbench.ts';

interface Rule {
  readonly rule: string;
  readonly severity: Finding['severity'];
  readonly pattern: RegExp;
  readonly files: RegExp;
  readonly message: LocalizedText;
}

const script = /\.([cm]?[jt]sx?)$/;
const anyText = /\.[\w]+$|(^|\/)Dockerfile$/;

const rules: readonly Rule[] = [
  {
    rule: 'CWE-95 eval',
    severity: 'high',
    files: script,
    pattern: /(?<![.\w])(?:eval|new Function)\s*\(\s*(?!['"`][^'"`$]*['"`]\s*\))/,
    message: { en: 'Code is made from a text at run time.', de: 'Zur Laufzeit wird aus einem Text Code.' },
  },
  {
    rule: 'CWE-95 eval',
    severity: 'high',
    files: /\.py$/,
    pattern: /(?<![.\w])(?:eval|exec)\s*\(\s*(?!['"][^'"]*['"]\s*\))/,
    message: { en: 'Code is made from a text at run time.', de: 'Zur Laufzeit wird aus einem Text Code.' },
  },
  {
    rule: 'CWE-78 shell',
    severity: 'high',
    files: script,
    pattern: /\bexec(?:Sync)?\s*\(\s*(?:`[^`]*\$\{|['"][^'"]*['"]\s*\+|\w+\s*\+)/,
    message: {
      en: 'A shell line is put together from values.',
      de: 'Eine Shell-Zeile wird aus Werten zusammengesetzt.',
    },
  },
  {
    rule: 'CWE-78 shell',
    severity: 'high',
    files: /\.py$/,
    pattern: /shell\s*=\s*True|\bos\.(?:system|popen)\s*\(\s*(?:f['"]|\w+\s*[+%])/,
    message: { en: 'A shell reads what is run.', de: 'Eine Shell liest, was ausgeführt wird.' },
  },
  {
    rule: 'CWE-89 SQL',
    severity: 'high',
    files: /\.([cm]?[jt]sx?|py|php|rb)$/,
    pattern: /(?:query|execute|raw)\s*\(\s*(?:f['"]|`)\s*(?:select|insert|update|delete)\b[^`'"]*(?:\$?\{)/i,
    message: { en: 'SQL is put together from values.', de: 'SQL wird aus Werten zusammengesetzt.' },
  },
  {
    rule: 'CWE-79 HTML',
    severity: 'medium',
    files: script,
    pattern: /\.innerHTML\s*=\s*(?!['"`][^'"`$]*['"`])|dangerouslySetInnerHTML/,
    message: { en: 'HTML is set without being escaped.', de: 'HTML wird ungefiltert gesetzt.' },
  },
  {
    rule: 'CWE-295 certificates',
    severity: 'high',
    files: anyText,
    pattern: /rejectUnauthorized\s*:\s*false|NODE_TLS_REJECT_UNAUTHORIZED\s*=\s*['"]?0|verify\s*=\s*False/,
    message: { en: 'Certificates are not checked.', de: 'Zertifikate werden nicht geprüft.' },
  },
  {
    rule: 'CWE-502 pickle',
    severity: 'high',
    files: /\.py$/,
    pattern: /\bpickle\.loads?\s*\(|\byaml\.load\s*\((?![^)]*SafeLoader)/,
    message: {
      en: 'Data is read in a form that can run code.',
      de: 'Daten werden in einer Form gelesen, die Code ausführen kann.',
    },
  },
  {
    rule: 'CWE-327 hash',
    severity: 'medium',
    files: /\.([cm]?[jt]sx?|py)$/,
    pattern: /createHash\(\s*['"](?:md5|sha1)['"]|hashlib\.(?:md5|sha1)\s*\(/,
    message: { en: 'MD5 and SHA-1 are broken.', de: 'MD5 und SHA-1 gelten als gebrochen.' },
  },
  {
    rule: 'CWE-732 mode',
    severity: 'medium',
    files: anyText,
    pattern: /chmod(?:Sync)?\s*\(?[^\n]*\b0?o?777\b/,
    message: { en: 'Everybody may write.', de: 'Alle dürfen schreiben.' },
  },
  {
    rule: 'CWE-250 root',
    severity: 'low',
    files: /(^|\/)Dockerfile$/,
    pattern: /^\s*USER\s+root\b/i,
    message: { en: 'The container runs as root.', de: 'Der Container läuft als root.' },
  },
];

const secrets: readonly { readonly rule: string; readonly pattern: RegExp }[] = [
  { rule: 'CWE-798 private key', pattern: /-----BEGIN (?:RSA |EC |OPENSSH |DSA )?PRIVATE KEY-----/ },
  { rule: 'CWE-798 AWS key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  { rule: 'CWE-798 GitHub token', pattern: /\bgh[pousr]_[A-Za-z0-9]{36,}\b/ },
  { rule: 'CWE-798 API key', pattern: /\bsk-[A-Za-z0-9_-]{32,}\b/ },
  { rule: 'CWE-798 Slack token', pattern: /\bxox[abprs]-[A-Za-z0-9-]{20,}\b/ },
];
const assigned =
  /(?:secret|token|passwd|password|api[_-]?key|private[_-]?key)\w*['"]?\s*[:=]\s*['"]([^'"\s]{12,200})['"]/i;
const leastEntropy = 3.5;
const mostFindings = 500;
const secretMessage = { en: 'A secret stands in the code.', de: 'Im Code steht ein Geheimnis.' };

/** Looks for secrets and dangerous patterns, line by line; each finding carries its evidence. */
export async function scanSecurity(bench: Workbench, only: readonly string[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of await bench.list()) {
    if (only.length > 0 && !only.includes(path)) continue;
    const text = /(^|\/)(package-lock\.json|[^/]*\.lock)$|\.min\.js$/.test(path)
      ? null
      : await readable(bench, path);
    if (text === null) continue;
    for (const [index, line] of text.split('\n').entries()) {
      if (line.length > 2000) continue;
      findings.push(...findingsIn(path, index + 1, line));
      if (findings.length >= mostFindings) return findings;
    }
  }
  return findings;
}

/** Secret files are not in the copy; one that is, is read only when the user named it. */
async function readable(bench: Workbench, path: string): Promise<string | null> {
  try {
    return await bench.read(path);
  } catch {
    return null;
  }
}

function findingsIn(path: string, line: number, text: string): Finding[] {
  const comment = /^\s*(\/\/|#(?!!)|\*|<!--)/.test(text);
  const patterns = rules
    .filter(({ files, pattern }) => !comment && files.test(path) && pattern.test(text))
    .map(({ rule, severity, message }) => ({ path, line, rule, severity, message, evidence: masked(text) }));
  const known = secrets.find(({ pattern }) => pattern.test(text));
  const value = assigned.exec(text)?.[1];
  const guessed =
    value !== undefined &&
    entropy(value) >= leastEntropy &&
    !/\$\{|process\.env|^<|example|placeholder|changeme/i.test(value);
  const rule = known?.rule ?? (guessed ? 'CWE-798 secret' : null);
  if (rule === null) return patterns;
  return [
    ...patterns,
    { path, line, rule, severity: 'high', message: secretMessage, evidence: masked(text) },
  ];
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
  const known = secrets.reduce((text, { pattern }) => text.replace(new RegExp(pattern, 'g'), mask), cut);
  return known.replace(new RegExp(assigned, 'gi'), (whole, secret: string) =>
    whole.replace(secret, mask(secret)),
  );
}
