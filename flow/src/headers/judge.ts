import type { LocalizedText } from '../core/language.ts';
import type { FileRole, ReleaseFile } from '../core/layout.ts';

/** A header that would show visitors an old or a broken page. */
export type HeaderProblem = Readonly<{ rule: string; message: LocalizedText; fix: LocalizedText }>;

const YEAR_SECONDS = 31_536_000;
const SCRIPT_TYPES = /^(?:text|application)\/(?:x-)?(?:java|ecma)script$/;

/**
 * Judges the headers of a live answer (names in lower case) by the role of the file. Directives are read as RFC 9111 and
 * RFC 8246 define them, so an equal meaning in other words passes (`max-age=0, must-revalidate` for `no-cache`).
 */
export function judgeHeaders(
  file: Pick<ReleaseFile, 'path' | 'role' | 'mime'>,
  headers: Readonly<Record<string, string | undefined>>,
  options: { security: boolean },
): HeaderProblem[] {
  const problems = file.role === 'hashed' ? judgeImmutable(headers) : judgeFresh(file.role, headers);
  problems.push(...judgeType(file.mime, headers['content-type']));
  if (options.security && headers['x-content-type-options']?.trim().toLowerCase() !== 'nosniff') {
    problems.push(
      problem(
        'headers.nosniff',
        'X-Content-Type-Options: nosniff is missing.',
        'X-Content-Type-Options: nosniff fehlt.',
      ),
    );
  }
  return problems;
}

/** The directives of a Cache-Control value, names in lower case; a directive without a value is `true`. */
export function parseCacheControl(value: string | undefined): Map<string, string | true> {
  const directives = new Map<string, string | true>();
  for (const part of (value ?? '').split(',')) {
    const [name = '', ...rest] = part.trim().split('=');
    if (name) directives.set(name.toLowerCase(), rest.length > 0 ? rest.join('=').replaceAll('"', '') : true);
  }
  return directives;
}

function judgeImmutable(headers: Readonly<Record<string, string | undefined>>): HeaderProblem[] {
  const cache = parseCacheControl(headers['cache-control']);
  const lasting = Number(cache.get('max-age') ?? 0) >= YEAR_SECONDS;
  const forbidden = ['no-store', 'no-cache', 'private'].some((name) => cache.has(name));
  if (lasting && cache.has('immutable') && !forbidden) return [];
  const shown = headers['cache-control'] ?? '–';
  return [
    problem(
      'headers.not_immutable',
      `A hashed file should be "public, max-age=31536000, immutable", but is "${shown}".`,
      `Eine Datei mit Hash im Namen sollte "public, max-age=31536000, immutable" sein, ist aber "${shown}".`,
    ),
  ];
}

function judgeFresh(role: FileRole, headers: Readonly<Record<string, string | undefined>>): HeaderProblem[] {
  const cache = parseCacheControl(headers['cache-control']);
  const shown = headers['cache-control'] ?? '–';
  const revalidated = cache.has('no-store') || cache.has('no-cache') || cache.get('max-age') === '0';
  const sharedSeconds = Number(cache.get('s-maxage') ?? 0);
  const problems: HeaderProblem[] = [];
  if (!revalidated || cache.has('immutable') || sharedSeconds > 0) {
    problems.push(
      problem(
        'headers.cached',
        `This ${role} file must be revalidated each time (no-cache), but is "${shown}": visitors keep an old copy.`,
        `Diese Datei (${role}) muss jedes Mal geprüft werden (no-cache), ist aber "${shown}": Besucher behalten eine alte Kopie.`,
      ),
    );
  }
  const validator = headers.etag ?? headers['last-modified'];
  if (validator === undefined && !cache.has('no-store')) {
    problems.push(
      problem(
        'headers.no_validator',
        'Neither ETag nor Last-Modified: every visit downloads the file again.',
        'Weder ETag noch Last-Modified: Jeder Besuch lädt die Datei neu.',
      ),
    );
  }
  return problems;
}

function judgeType(expected: string, found: string | undefined): HeaderProblem[] {
  const [wantedType = '', wantedCharset] = splitType(expected);
  const [foundType = '', foundCharset] = splitType(found ?? '');
  const same = foundType === wantedType || (SCRIPT_TYPES.test(foundType) && SCRIPT_TYPES.test(wantedType));
  // XML vocabularies and +json types may be served under their general name.
  const general =
    ['application/xml', 'text/xml', 'application/json'].includes(foundType) &&
    /[+/](xml|json)$/.test(wantedType);
  const unknown = wantedType === 'application/octet-stream' || wantedType === '';
  if (!same && !general && !unknown) {
    return [
      problem(
        'headers.content_type',
        `Content-Type is "${found ?? '–'}", expected "${expected}".`,
        `Content-Type ist "${found ?? '–'}", erwartet war "${expected}".`,
      ),
    ];
  }
  // JSON is UTF-8 by definition (RFC 8259); JavaScript and CSS inherit the page's character set, HTML guesses.
  const needsCharset = wantedType.startsWith('text/') && wantedCharset === 'utf-8';
  if (!needsCharset || foundCharset === 'utf-8') return [];
  const declaredElsewhere = foundCharset === undefined && wantedType !== 'text/plain';
  if (declaredElsewhere) return [];
  return [
    problem(
      'headers.charset',
      `Content-Type "${found ?? '–'}" does not say charset=utf-8.`,
      `Content-Type "${found ?? '–'}" gibt nicht charset=utf-8 an.`,
    ),
  ];
}

function splitType(value: string): [string, string | undefined] {
  const [type = '', ...parameters] = value.toLowerCase().split(';');
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='));
  return [type.trim(), charset?.slice('charset='.length).replaceAll('"', '')];
}

function problem(rule: string, en: string, de: string): HeaderProblem {
  return {
    rule,
    message: { en, de },
    fix: {
      en: 'Write the rules for your server: cds flow headers nginx|caddy|cloudflare|netlify',
      de: 'Die Regeln für den Server schreiben: cds flow headers nginx|caddy|cloudflare|netlify',
    },
  };
}
