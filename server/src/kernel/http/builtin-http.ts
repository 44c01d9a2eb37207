/**
 * node:http without an import: an ECMAScript import evaluates every export at once, among them the WebSocket client,
 * which loads a whole second HTTP client (60 ms of a start, Node 24).
 */
export function builtinHttp(): typeof import('node:http') {
  return process.getBuiltinModule('node:http');
}
