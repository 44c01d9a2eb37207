import { isIP } from 'node:net';

export interface OriginPolicy {
  /** Host header of a request: refuses names that are not ours, which is how DNS rebinding arrives. */
  hostAllowed(host: string | undefined): boolean;
  /** Whether a browser page of this origin may act with the user's cookies here. */
  originAllowed(origin: string, host: string | undefined): boolean;
  /** Whether CORS headers are due: a foreign origin that the installation lists. */
  corsAllowed(origin: string): boolean;
}

function nameOf(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  return (end <= 0 ? host : host.slice(0, end)).toLowerCase();
}

/**
 * Addresses and localhost are always ours (rebinding needs a name); other names only when configured.
 * @param options.publicUrl the address that users type, if a proxy stands in front
 */
export function createOriginPolicy(options: {
  publicUrl: string | undefined;
  allowedHosts: readonly string[];
  allowedOrigins: readonly string[];
}): OriginPolicy {
  const hosts = new Set(options.allowedHosts.map((host) => host.toLowerCase()));
  const origins = new Set(options.allowedOrigins);
  if (options.publicUrl !== undefined) {
    const url = new URL(options.publicUrl);
    hosts.add(url.hostname);
    origins.add(url.origin);
  }
  // Nearly every request names the same host as the one before.
  let lastAllowed: string | undefined;
  return {
    hostAllowed(host) {
      if (host === undefined) return false;
      if (host === lastAllowed) return true;
      const name = nameOf(host);
      const allowed = name === 'localhost' || isIP(name.replace(/^\[|\]$/g, '')) !== 0 || hosts.has(name);
      if (allowed) lastAllowed = host;
      return allowed;
    },
    originAllowed(origin, host) {
      if (origins.has(origin)) return true;
      if (host === undefined || !URL.canParse(origin)) return false;
      const url = new URL(origin);
      return (url.protocol === 'http:' || url.protocol === 'https:') && url.host === host.toLowerCase();
    },
    corsAllowed: (origin) => options.allowedOrigins.includes(origin),
  };
}
