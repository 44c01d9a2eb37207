import type { LocalizedText } from '#base/fault.ts';
import type { Finding } from '../../contract-shapes.ts';
import { masked } from './secrets.ts';

/** Something dangerous in a file that is no program: settings, containers, pipelines. */
interface SettingRule {
  readonly rule: string;
  readonly severity: Finding['severity'];
  readonly files: RegExp;
  readonly pattern: RegExp;
  readonly message: LocalizedText;
}

const container = /(^|\/)(Dockerfile|Containerfile)(\.[\w-]+)?$|\.dockerfile$/i;
const compose = /(^|\/)(docker-)?compose[^/]*\.ya?ml$/;
const yaml = /\.ya?ml$/;
const workflow = /(^|\/)\.(github\/workflows|gitea\/workflows)\/[^/]+\.ya?ml$/;
const webServer = /(^|\/)([^/]*\.conf|nginx[^/]*|Caddyfile|\.htaccess)$/;
const anyText = /\.\w+$|(^|\/)(Dockerfile|Makefile)$/;

const rules: readonly SettingRule[] = [
  {
    rule: 'CWE-250 root',
    severity: 'medium',
    files: container,
    pattern: /^\s*USER\s+(?:root|0)\b/i,
    message: { en: 'The container runs as root.', de: 'Der Container läuft als root.' },
  },
  {
    rule: 'CWE-494 download',
    severity: 'high',
    files: /(^|\/)(Dockerfile[^/]*|Containerfile|Makefile|[^/]*\.(?:sh|bash|ya?ml))$/i,
    pattern: /\b(?:curl|wget)\b[^|;&]{1,300}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b/,
    message: {
      en: 'What is downloaded runs without being checked.',
      de: 'Heruntergeladenes läuft ungeprüft.',
    },
  },
  {
    rule: 'CWE-250 privileged',
    severity: 'high',
    files: yaml,
    pattern: /^\s*-?\s*privileged:\s*["']?true\b/,
    message: {
      en: 'The container has every right on the host.',
      de: 'Der Container darf alles auf dem Host.',
    },
  },
  {
    rule: 'CWE-250 host',
    severity: 'medium',
    files: yaml,
    pattern: /^\s*(?:network_mode|pid|ipc|userns_mode):\s*["']?host\b|^\s*host(?:Network|PID|IPC):\s*true\b/,
    message: {
      en: 'The container shares parts of the host.',
      de: 'Der Container teilt sich Teile des Hosts.',
    },
  },
  {
    rule: 'CWE-250 Docker socket',
    severity: 'high',
    files: compose,
    pattern: /^\s*-\s*["']?\/(?:var\/)?run\/docker\.sock\b/,
    message: {
      en: 'Whoever has the Docker socket is root on the host.',
      de: 'Wer den Docker-Socket hat, ist root auf dem Host.',
    },
  },
  {
    rule: 'CWE-250 capabilities',
    severity: 'medium',
    files: yaml,
    pattern:
      /^\s*-?\s*["']?(?:SYS_ADMIN|ALL|NET_ADMIN|SYS_PTRACE)["']?\s*$|^\s*allowPrivilegeEscalation:\s*true\b|^\s*runAsUser:\s*0\b/,
    message: {
      en: 'The container has rights that few need.',
      de: 'Der Container hat Rechte, die wenige brauchen.',
    },
  },
  {
    rule: 'CWE-829 pull_request_target',
    severity: 'medium',
    files: workflow,
    pattern: /^\s*(?:-\s*)?pull_request_target:?\s*$|^\s*on:.*\bpull_request_target\b/,
    message: {
      en: 'Pull requests of strangers run with the secrets of the repository.',
      de: 'Pull-Requests von Fremden laufen mit den Geheimnissen des Repositorys.',
    },
  },
  {
    rule: 'CWE-78 workflow',
    severity: 'high',
    files: workflow,
    pattern:
      /\$\{\{\s*github\.(?:event\.(?:issue|pull_request|comment|review|head_commit)\b[\w.]*\.(?:title|body|message|ref|label)|head_ref)\b/,
    message: {
      en: 'Text of a stranger becomes part of a command; pass it as a variable.',
      de: 'Text von Fremden wird Teil eines Befehls; übergeben Sie ihn als Variable.',
    },
  },
  {
    rule: 'CWE-732 workflow',
    severity: 'medium',
    files: workflow,
    pattern: /^\s*permissions:\s*write-all\b/,
    message: { en: 'The pipeline may change everything.', de: 'Die Pipeline darf alles ändern.' },
  },
  {
    rule: 'CWE-942 CORS',
    severity: 'medium',
    files: /\.(?:ya?ml|json|toml|conf|properties)$|(^|\/)(nginx[^/]*|Caddyfile|\.htaccess|_headers)$/,
    pattern:
      /Access-Control-Allow-Origin["']?[\s:=]+["']?\*|(?:allowed|cors)[_.-]?origins?["']?\s*[:=]\s*\[?\s*["']?\*["']?/i,
    message: { en: 'Every site may read the answers.', de: 'Jede Website darf die Antworten lesen.' },
  },
  {
    rule: 'CWE-489 debug',
    severity: 'medium',
    files: /\.(?:ya?ml|toml|ini|cfg|conf|properties)$|(^|\/)(Dockerfile[^/]*|php\.ini)$/,
    pattern:
      /^\s*(?:-\s*|ENV\s+)?(?:(?:[A-Z]+_)?DEBUG|FLASK_DEBUG|APP_DEBUG|debug|display_errors)\s*[:=]\s*["']?(?:true|1|on)\b/i,
    message: { en: 'Debugging is on.', de: 'Die Fehlersuche ist eingeschaltet.' },
  },
  {
    rule: 'CWE-326 TLS',
    severity: 'medium',
    files: webServer,
    pattern: /^\s*(?:ssl_protocols|SSLProtocol)\b.*\b(?:SSLv[23]|TLSv1(?:\.[01])?)(?![.\d])/,
    message: {
      en: 'Versions of TLS that are broken are allowed.',
      de: 'Gebrochene TLS-Versionen sind erlaubt.',
    },
  },
  {
    rule: 'CWE-548 listing',
    severity: 'low',
    files: webServer,
    pattern: /^\s*autoindex\s+on\b|^\s*Options\b.*(?<!-)\bIndexes\b/,
    message: { en: 'Folders show what is in them.', de: 'Ordner zeigen, was in ihnen liegt.' },
  },
  {
    rule: 'CWE-295 certificates',
    severity: 'high',
    files:
      /(^|\/)(\.npmrc|\.yarnrc(\.yml)?|pip\.conf|\.curlrc|[^/]*\.(?:ya?ml|sh|env|toml|ini)|Dockerfile[^/]*)$/,
    pattern:
      /\bstrict-ssl\s*[=:]?\s*false|enableStrictSsl:\s*false|NODE_TLS_REJECT_UNAUTHORIZED\s*[=:]\s*["']?0|GIT_SSL_NO_VERIFY\s*[=:]\s*["']?(?:1|true)|\bcurl\b[^\n]*\s(?:-k|--insecure)\b/,
    message: { en: 'Certificates are not checked.', de: 'Zertifikate werden nicht geprüft.' },
  },
  {
    rule: 'CWE-732 mode',
    severity: 'medium',
    files: anyText,
    pattern: /(?:\bchmod(?:Sync)?\b)[^\n]{0,100}\b0?o?777\b/,
    message: { en: 'Everybody may write.', de: 'Alle dürfen schreiben.' },
  },
  {
    rule: 'CWE-89 SQL',
    severity: 'high',
    files: /\.(php|rb)$/,
    pattern:
      /(?:query|execute|exec|where)\s*\(\s*["']\s*(?:select|insert|update|delete)\b[^'"]{0,300}(?:\$\w|#\{|["']\s*\.\s*\$)/i,
    message: { en: 'SQL is put together from values.', de: 'SQL wird aus Werten zusammengesetzt.' },
  },
];

const noUser: LocalizedText = {
  en: 'No USER is set: the container runs as root.',
  de: 'Kein USER ist gesetzt: Der Container läuft als root.',
};

/** What is dangerous in the settings of a file; comments are left out. */
export function settingFindings(path: string, text: string): Finding[] {
  const fitting = rules.filter(({ files }) => files.test(path));
  if (fitting.length === 0) return [];
  const script = /\.([cm]?[jt]sx?|py)$/.test(path);
  const lines = text.split('\n');
  const found = lines.flatMap((line, index) => {
    if (line.length > 2000 || /^\s*(#(?!!)|\/\/|\*|<!--|;)/.test(line)) return [];
    return fitting
      .filter(
        ({ pattern, rule }) =>
          pattern.test(line) && !(script && rule === 'CWE-732 mode' && path.endsWith('.py')),
      )
      .map(
        ({ rule, severity, message }): Finding => ({
          path,
          line: index + 1,
          rule,
          severity,
          message,
          evidence: masked(line),
        }),
      );
  });
  return [...found, ...withoutUser(path, lines)];
}

/** A container without USER in its last stage; the evidence is the line that begins this stage. */
function withoutUser(path: string, lines: readonly string[]): Finding[] {
  if (!container.test(path)) return [];
  const stage = lines.findLastIndex((line) => /^\s*FROM\s/i.test(line));
  const from = lines[stage];
  if (from === undefined || lines.slice(stage).some((line) => /^\s*USER\s/i.test(line))) return [];
  return [
    { path, line: stage + 1, rule: 'CWE-250 root', severity: 'low', message: noUser, evidence: masked(from) },
  ];
}
