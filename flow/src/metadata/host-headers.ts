import type { ReleaseFile } from '../core/layout.ts';
import { contentOf } from '../core/release-content.ts';
import type { FlowContext } from '../core/step.ts';
import { renderCloudflareHeaders, renderNetlifyHeaders, renderSharedHeaders } from '../headers/host-files.ts';

const name = '_headers';

/**
 * The text of `_headers` for the hosts of the settings, with what the site's own file says behind it; null when none is to be
 * written. A file of the site that sets Cache-Control itself stays as it is: hosts join the values of all rules that match.
 */
export function renderHostHeaders(context: FlowContext, files: readonly ReleaseFile[]): string | null {
  const { headers, worker } = context.config;
  const [host] = headers.write;
  if (host === undefined) return null;
  const own = files.some((file) => file.path === name)
    ? contentOf(context).read(name).toString('utf8')
    : null;
  if (own !== null && /^\s+cache-control\s*:/im.test(own)) {
    context.log.warn({
      code: 'metadata.headers_kept',
      file: name,
      text: {
        en: '_headers of the site sets Cache-Control itself and was left as it is.',
        de: '_headers der Website setzt Cache-Control selbst und blieb, wie es ist.',
      },
      fix: {
        en: 'Remove those lines, so that the flow writes them: cds flow headers cloudflare shows them.',
        de: 'Diese Zeilen entfernen, dann schreibt sie der Flow: cds flow headers cloudflare zeigt sie.',
      },
    });
    return null;
  }
  const input = { files, config: headers, apiPaths: worker.apiPaths };
  const both = headers.write.includes('cloudflare') && headers.write.includes('netlify');
  const written = both
    ? renderSharedHeaders(input)
    : host === 'cloudflare'
      ? renderCloudflareHeaders(input)
      : renderNetlifyHeaders(input);
  if (written.uncovered.length > 0) {
    context.log.info({
      en: `${written.uncovered.length} hashed files have no rule of their own in _headers (limit of the host); they are revalidated.`,
      de: `${written.uncovered.length} Dateien mit Hash haben keine eigene Regel in _headers (Grenze des Hosts); sie werden jedes Mal geprüft.`,
    });
  }
  return own === null ? written.text : `${written.text}\n${own}`;
}
