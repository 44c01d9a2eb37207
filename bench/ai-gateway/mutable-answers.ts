// Loaded into Portkey's process. Its 1.15.2 answers every stream with 500 ("TypeError: immutable") beside the
// @hono/node-server that npm installs with it, because it writes to the headers of fetch's answer: it gets a copy.
const original = globalThis.fetch;
globalThis.fetch = async (...request: Parameters<typeof fetch>) => {
  const { body, status, statusText, headers } = await original(...request);
  return new Response(body, { status, statusText, headers: new Headers(headers) });
};
