import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ReleaseFile, releaseManifestName } from '../core/layout.ts';
import type { FlowContext } from '../core/step.ts';
import { parseManifest } from '../deploy/manifest.ts';
import { renderCloudflareHeaders, renderNetlifyHeaders } from '../headers/host-files.ts';
import { renderCaddy, renderNginx } from '../headers/server-files.ts';
import { usageFault } from './arguments.ts';
import { type CommandInput, commandContext } from './context.ts';

/**
 * `cds flow headers nginx|caddy|cloudflare|netlify [--site DIR] [--listen ADDRESS] [--server-name NAME] [--api URL]`: prints the
 * cache rules for a server. The last release is looked at, when there is one; without it the rules go by names alone.
 */
export async function headers(input: CommandInput): Promise<number> {
  const { args, terminal } = input;
  const context = await commandContext(input);
  const rules = {
    files: await releaseFiles(context),
    config: context.config.headers,
    apiPaths: context.config.worker.apiPaths,
  };
  const [server = '', ...rest] = args.words;
  const serverName = args.text('server-name');
  const apiUpstream = args.text('api');
  const site = {
    root: args.text('site') ?? siteRoot(context),
    ...(serverName === undefined ? {} : { serverName }),
    ...(apiUpstream === undefined ? {} : { apiUpstream }),
  };
  if (rest.length > 0) throw serverFault(rest.join(' '));
  switch (server) {
    case 'nginx':
      terminal.print(renderNginx(rules, { ...site, listen: args.text('listen') ?? '80' }).trimEnd());
      return 0;
    case 'caddy':
      terminal.print(
        renderCaddy(rules, { ...site, listen: args.text('listen') ?? serverName ?? ':80' }).trimEnd(),
      );
      return 0;
    case 'cloudflare':
      terminal.print(renderCloudflareHeaders(rules).text.trimEnd());
      return 0;
    case 'netlify':
      terminal.print(renderNetlifyHeaders(rules).text.trimEnd());
      return 0;
    default:
      throw serverFault(server);
  }
}

async function releaseFiles(context: FlowContext): Promise<readonly ReleaseFile[]> {
  const text = await readFile(path.join(context.releaseDir, releaseManifestName), 'utf8').catch(() => null);
  return text === null ? [] : parseManifest(text, releaseManifestName).files;
}

/** Where the first local or SSH target keeps what visitors get. */
function siteRoot(context: FlowContext): string {
  for (const target of context.config.deploy.targets) {
    if (target.kind === 'local') return path.resolve(context.rootDir, target.path, 'current');
    if (target.kind === 'ssh') return `${target.path}/current`;
  }
  return '/srv/www/site/current';
}

function serverFault(name: string) {
  const known = 'nginx, caddy, cloudflare, netlify';
  return usageFault({
    en: `headers for "${name}"? There are: ${known}.`,
    de: `Header für "${name}"? Es gibt: ${known}.`,
  });
}
