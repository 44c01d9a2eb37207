import { hashedNamePattern } from '../core/layout.ts';
import { mediaTypes } from '../core/media-types.ts';
import {
  commonHeaders,
  FRESH,
  type HeaderInput,
  hashedLookalikes,
  IMMUTABLE,
  NEVER_STORED,
} from './policy.ts';

/** The variable that stands for a dollar sign in nginx's text. */
const DOLLAR = `\${dollar}`;

/** Where a web server finds the site. `root` is a local or SSH target's `current`. */
export type ServerSite = Readonly<{
  root: string;
  /** nginx: `80`, `[::]:80`, `127.0.0.1:8080`; Caddy: `example.org`, `http://127.0.0.1:8080`. */
  listen: string;
  serverName?: string;
  /** Where the API of `worker.apiPaths` runs, such as `http://127.0.0.1:6813`; without it these paths are 404. */
  apiUpstream?: string;
}>;

/**
 * An nginx server block for a release folder. Each location repeats all headers, because one `add_header` in a location
 * switches off those of the server. The ETag of nginx is time and size; deploys set times by content, so it is right.
 */
export function renderNginx(input: HeaderInput, site: ServerSite): string {
  const lines = (cacheControl: string) =>
    [...commonHeaders(input.config), ['Cache-Control', cacheControl] as const].map(
      ([name, value]) => `    add_header ${name} ${nginxValue(value)} always;`,
    );
  const lookalikes = hashedLookalikes(input.files).flatMap((file) => [
    `  location = ${nginxQuote(`/${file}`)} {`,
    ...lines(FRESH),
    '  }',
  ]);
  const server = `${[
    'server {',
    `  listen ${site.listen};`,
    `  server_name ${site.serverName ?? '_'};`,
    `  root ${nginxValue(site.root)};`,
    '  charset utf-8;',
    '  charset_types text/css text/plain text/xml text/javascript application/javascript application/json application/xml image/svg+xml application/manifest+json;',
    '  types {',
    ...mediaTypes.map(([type, extensions]) => `    ${type} ${extensions.join(' ')};`),
    '  }',
    '  default_type application/octet-stream;',
    '  index index.html;',
    '  error_page 404 /404.html;',
    '  absolute_redirect off;',
    '',
    '  location / {',
    '    try_files $uri $uri/ $uri.html =404;',
    ...lines(FRESH),
    '  }',
    `  location ~ ${nginxQuote(hashedNamePattern.source.replaceAll('(?:', '('))} {`,
    '    try_files $uri =404;',
    ...successOnly(lines),
    '  }',
    ...lookalikes,
    '  location ~ "^/(?:_headers|_redirects)$" { return 404; }',
    ...input.apiPaths.flatMap((prefix) => [
      `  location ^~ ${nginxQuote(prefix)} {`,
      ...(site.apiUpstream
        ? [
            `    proxy_pass ${site.apiUpstream};`,
            '    proxy_set_header Host $host;',
            '    proxy_hide_header Cache-Control;',
          ]
        : ['    try_files /dev/null =404;']),
      // The page for 404 would bring the headers of its own location along; naming another code ends that here.
      '    error_page 599 /404.html;',
      ...lines(NEVER_STORED),
      '  }',
    ]),
    '}',
  ].join('\n')}\n`;
  return server.includes(DOLLAR) ? `geo $dollar {\n  default "$";\n}\n${server}` : server;
}

/** A 404 must not be immutable: `add_header` without `always` holds for successful answers only. */
function successOnly(lines: (cacheControl: string) => string[]): string[] {
  return lines(IMMUTABLE).map((line) =>
    line.includes('Cache-Control') ? line.replace(' always;', ';') : line,
  );
}

/**
 * A Caddyfile site block. Caddy compares If-Modified-Since by "not newer", which times made from content may break, so
 * fresh files carry no Last-Modified and are revalidated by their ETag alone.
 */
export function renderCaddy(input: HeaderInput, site: ServerSite): string {
  const lookalikes = hashedLookalikes(input.files);
  const api = input.apiPaths.map((prefix) => caddyQuote(`${prefix}*`)).join(' ');
  return `${[
    `${site.listen} {`,
    `\troot * ${caddyQuote(site.root)}`,
    '\tencode zstd gzip',
    ...commonHeaders(input.config).map(([name, value]) => `\theader ${name} ${caddyQuote(value)}`),
    '\t@hashed {',
    `\t\tpath_regexp ${hashedNamePattern.source}`,
    ...(lookalikes.length > 0
      ? [`\t\tnot path ${lookalikes.map((file) => caddyQuote(`/${file}`)).join(' ')}`]
      : []),
    '\t\tfile {path}',
    '\t}',
    ...(api ? [`\t@api path ${api}`] : []),
    '\t@private path /_headers /_redirects',
    '\troute {',
    ...(api
      ? [
          '\t\thandle @api {',
          // Deferred, so that it also replaces what the API itself says.
          '\t\t\theader {',
          `\t\t\t\tCache-Control ${caddyQuote(NEVER_STORED)}`,
          '\t\t\t\tdefer',
          '\t\t\t}',
          site.apiUpstream ? `\t\t\treverse_proxy ${site.apiUpstream}` : '\t\t\trespond 404',
          '\t\t}',
        ]
      : []),
    '\t\thandle @private {',
    '\t\t\trespond 404',
    '\t\t}',
    '\t\thandle @hashed {',
    `\t\t\theader Cache-Control ${caddyQuote(IMMUTABLE)}`,
    '\t\t\tfile_server',
    '\t\t}',
    '\t\thandle {',
    `\t\t\theader Cache-Control ${caddyQuote(FRESH)}`,
    '\t\t\theader -Last-Modified',
    '\t\t\ttry_files {path} {path}/index.html {path}.html',
    '\t\t\tfile_server',
    '\t\t}',
    '\t}',
    '\thandle_errors {',
    `\t\theader Cache-Control ${caddyQuote(FRESH)}`,
    '\t\t@notFound expression `{err.status_code} == 404`',
    '\t\trewrite @notFound /404.html',
    '\t\tfile_server',
    '\t}',
    '}',
  ].join('\n')}\n`;
}

/** For directives that take text as it is, such as `location`. */
function nginxQuote(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

/** For directives that expand variables; nginx has no escape for a dollar sign but a variable that holds one. */
function nginxValue(value: string): string {
  return nginxQuote(value).replaceAll('$', DOLLAR);
}

/** A token of a Caddyfile: raw within backticks; braces would be read as placeholders. */
function caddyQuote(value: string): string {
  const escaped = value.replace(/[{}]/g, '\\$&');
  return escaped.includes('`') ? `"${escaped.replaceAll('"', '\\"')}"` : `\`${escaped}\``;
}
