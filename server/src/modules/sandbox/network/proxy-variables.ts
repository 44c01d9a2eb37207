/** Where programs find the way out, in every sandbox and machine; guest/agent.py names the port too. */
export const proxyPort = 8118;

const address = `http://127.0.0.1:${proxyPort}`;
const local = 'localhost,127.0.0.1,::1';

/** What tells programs of the proxy: the usual names in both spellings, and Node's. */
export const proxyVariables: Readonly<Record<string, string>> = {
  HTTP_PROXY: address,
  HTTPS_PROXY: address,
  http_proxy: address,
  https_proxy: address,
  NO_PROXY: local,
  no_proxy: local,
  NODE_USE_ENV_PROXY: '1',
};
