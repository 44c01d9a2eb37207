import { isUtf8 } from 'node:buffer';
import path from 'node:path';
import type { Finding } from '../finding.ts';
import { createPositions } from '../position.ts';
import type { CheckedSource } from '../source.ts';
import { isTextFile } from '../text-files.ts';

type Pattern = Readonly<{ name: string; pattern: RegExp }>;

/** Forms that only a real key has; the publishers' own prefixes. Group 1, where there is one, is the secret itself. */
const KNOWN: readonly Pattern[] = [
  {
    name: 'private key',
    pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s+[A-Za-z0-9+/=:\s]{40}/g,
  },
  { name: 'AWS access key', pattern: /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/g },
  { name: 'GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b/g },
  { name: 'GitLab token', pattern: /\bgl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_-]{20,}/g },
  { name: 'Slack token', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{20,}|\bxapp-\d-[A-Za-z0-9-]{20,}/g },
  { name: 'Stripe key', pattern: /\b[rs]k_live_[A-Za-z0-9]{20,}/g },
  { name: 'Google API key', pattern: /\bAIza[A-Za-z0-9_-]{35}\b/g },
  { name: 'model provider key', pattern: /\bsk-(?:ant-|proj-|or-v1-)?[A-Za-z0-9_-]{32,}/g },
  { name: 'npm token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { name: 'SendGrid key', pattern: /\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b/g },
  { name: 'Telegram bot token', pattern: /\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b/g },
  { name: 'Hugging Face token', pattern: /\bhf_[A-Za-z0-9]{34}\b/g },
  {
    name: 'password in an address',
    pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@'"<>]{1,64}:([^\s/@'"<>{}$]{6,})@[^\s]/gi,
  },
];

/** A name that says secret, and a value that is no word. */
const ASSIGNED =
  /\b[\w.-]{0,40}(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)[\w-]{0,20}["']?\s*(?:=>|:=|[:=])\s*(["'`]?)([^\s"'`<>{}(),;]{16,200})\1/gi;

const EXAMPLES =
  /example|sample|dummy|placeholder|changeme|change-me|your[_-]|xxxx|\.\.\.|…|test|redacted|\*{3}|^(?:user|pass(?:word|wd)?|secret|token|geheim|passwort)\d*$|^(.)\1+$/i;
const LEAST_ENTROPY_BITS = 3.5;
const MOST_BYTES = 5 * 1024 * 1024;

/**
 * Looks for keys and passwords in text files. What is found is never printed, only its kind, place and first four
 * characters: reports end up in logs.
 */
export async function checkSecrets(source: CheckedSource): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const file of source.files) {
    if (/(?:^|\/)(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml|Cargo\.lock|poetry\.lock)$/.test(file))
      continue;
    const bytes = await source.read(file);
    if (bytes.length > MOST_BYTES || !isTextFile(file, bytes) || !isUtf8(bytes)) continue;
    findings.push(...lintSecrets(file, bytes.toString('utf8')));
  }
  return findings;
}

/** Lints one text. */
export function lintSecrets(file: string, text: string): Finding[] {
  const positions = createPositions(text);
  const found = new Map<number, { name: string; secret: string }>();
  for (const { name, pattern } of KNOWN) {
    for (const match of text.matchAll(pattern)) {
      const secret = match[1] ?? match[0];
      if (!isExample(secret)) found.set(match.index, { name, secret });
    }
  }
  for (const match of text.matchAll(ASSIGNED)) {
    const value = match[2] ?? '';
    const offset = match.index + match[0].lastIndexOf(value);
    const covered = [...found].some(
      ([start, one]) => start <= offset && offset < start + one.secret.length + 8,
    );
    const isOpen = match[1] === '' && !isSettingsFile(file);
    if (!covered && !isOpen && isRandom(value)) found.set(offset, { name: 'secret', secret: value });
  }
  return [...found].map(([offset, { name, secret }]) => ({
    rule: 'secrets.found',
    level: 'error',
    file,
    ...positions(offset),
    message: {
      en: `Looks like a ${name} (${secret.slice(0, 4)}…, ${secret.length} characters).`,
      de: `Sieht nach einem Geheimnis aus (${name}: ${secret.slice(0, 4)}…, ${secret.length} Zeichen).`,
    },
    fix: {
      en: 'Revoke it, take it from the environment instead, and remove it from the history. A harmless one: cds-ignore secrets',
      de: 'Widerrufen, stattdessen aus der Umgebung lesen und aus der Historie entfernen. Ein harmloses: cds-ignore secrets',
    },
  }));
}

/** Without quotes only files that hold settings and nothing else are read so: in code it would be a variable. */
function isSettingsFile(file: string): boolean {
  return (
    /(?:^|\/)\.env(?:\.|$)|\.(?:env|ini|cfg|conf|properties|ya?ml|toml)$/.test(path.posix.basename(file)) ||
    /(?:^|\/)\.env/.test(file)
  );
}

function isExample(text: string): boolean {
  return EXAMPLES.test(text);
}

function isRandom(value: string): boolean {
  const looksLikeCode =
    /\\n|^(?:[a-z]+:x:|https?:|\/|\.|\$|process\.|import|@|sha\d+-|[a-z]+(?:[A-Z][a-z]+)*\.)/.test(value);
  if (isExample(value) || looksLikeCode) return false;
  const hasMixture = /\d/.test(value) && /[A-Za-z]/.test(value);
  const isIdentifier = /^[A-Za-z]+(?:[_.-][A-Za-z0-9]+)+$/.test(value) && !/\d{3}/.test(value);
  return hasMixture && !isIdentifier && entropyBits(value) >= LEAST_ENTROPY_BITS;
}

/** Shannon entropy in bits per character. */
function entropyBits(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
