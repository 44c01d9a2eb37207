const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "worker-src 'self' blob:",
  // Monaco and xterm.js set styles from script; no script can come in through a style.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "frame-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of every page and file. `secure`: the installation is reached by TLS. */
export function securityHeaders(secure: boolean): Record<string, string> {
  return {
    ...answerHeaders(secure, contentSecurityPolicy),
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
  };
}

/**
 * Headers of answers to anything but GET: data that no browser shows as a page. What only pages heed is left
 * out; each header costs about half a percent of a small call.
 */
export function dataHeaders(secure: boolean): Record<string, string> {
  return answerHeaders(secure, "default-src 'none'; frame-ancestors 'none'");
}

function answerHeaders(secure: boolean, policy: string): Record<string, string> {
  return {
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
    'cross-origin-resource-policy': 'same-origin',
    ...(secure ? { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } : {}),
  };
}
