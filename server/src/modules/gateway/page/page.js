// Lists JSON-RPC methods (rpc.discover) and REST paths (/openapi.json), and lets a person try them.
const texts = {
  en: {
    title: 'API reference',
    home: 'Studio',
    filter: 'Filter',
    token: 'API key or access token (empty: your sign-in in this browser)',
    params: 'Params (JSON)',
    send: 'Send',
    answer: 'Answer',
    schema: 'Description',
    access: 'Access',
    stream: 'Answers in pieces over the WebSocket /ws.',
    badJson: 'The params are not valid JSON:',
    failed: 'The request did not reach the server:',
  },
  de: {
    title: 'API-Referenz',
    home: 'Studio',
    filter: 'Filtern',
    token: 'API-Schlüssel oder Zugangstoken (leer: Ihre Anmeldung in diesem Browser)',
    params: 'Parameter (JSON)',
    send: 'Senden',
    answer: 'Antwort',
    schema: 'Beschreibung',
    access: 'Zugriff',
    stream: 'Antwortet in Teilen über den WebSocket /ws.',
    badJson: 'Die Parameter sind kein gültiges JSON:',
    failed: 'Die Anfrage hat den Server nicht erreicht:',
  },
};
const language = navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en';
const text = texts[language];
const byId = (id) => document.getElementById(id);

document.documentElement.lang = language;
for (const element of document.querySelectorAll('[data-text]')) {
  element.textContent = text[element.dataset.text];
}

let chosen;

/** Headers of a request: a token that was typed in, or the browser's session with its CSRF value. */
function headers() {
  const token = byId('token').value.trim();
  const csrf = /(?:^|;\s*)cds_csrf=([^;]+)/.exec(document.cookie)?.[1];
  return {
    'content-type': 'application/json',
    'accept-language': language,
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    ...(csrf === undefined ? {} : { 'x-cds-csrf': csrf }),
  };
}

async function callRpc(method, params) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, ...(params === undefined ? {} : { params }) });
  return fetch('/rpc', { method: 'POST', headers: headers(), body });
}

function callRest({ verb, path }, params = {}) {
  const rest = { ...params };
  const url = path.replace(/\{(\w+)\}/g, (_whole, key) => {
    const value = rest[key];
    delete rest[key];
    return encodeURIComponent(value ?? '');
  });
  if (verb === 'GET') {
    const query = new URLSearchParams(rest).toString();
    return fetch(query === '' ? url : `${url}?${query}`, { headers: headers() });
  }
  return fetch(url, { method: verb, headers: headers(), body: JSON.stringify(rest) });
}

/** An example value of a schema, deep enough to be edited. */
function example(schema, depth = 0) {
  if (schema === undefined || depth > 4) return null;
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const variant = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (variant) return example(variant, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object') {
    const required = schema.required ?? [];
    const entries = Object.entries(schema.properties ?? {}).filter(([key]) => required.includes(key));
    return Object.fromEntries(entries.map(([key, value]) => [key, example(value, depth + 1)]));
  }
  if (type === 'array') return [];
  if (type === 'integer' || type === 'number') return schema.minimum ?? 0;
  if (type === 'boolean') return false;
  return type === 'string' ? '' : null;
}

function show(operation, button) {
  chosen = operation;
  for (const other of document.querySelectorAll('nav button')) other.removeAttribute('aria-current');
  button.setAttribute('aria-current', 'true');
  byId('name').textContent = operation.name;
  byId('summary').textContent = operation.summary;
  const stream = operation.streaming ? ` · ${text.stream}` : '';
  byId('access').textContent =
    operation.access === undefined ? '' : `${text.access}: ${operation.access}${stream}`;
  byId('params').value = JSON.stringify(operation.example(), null, 2);
  byId('form').hidden = false;
  byId('answer').hidden = true;
  byId('answer-title').hidden = true;
  byId('schema').textContent = JSON.stringify(operation.described, null, 2);
  byId('schema').hidden = false;
  byId('schema-title').hidden = false;
}

function answer(content) {
  byId('answer').textContent = content;
  byId('answer').hidden = false;
  byId('answer-title').hidden = false;
}

byId('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  let params;
  try {
    const typed = byId('params').value.trim();
    params = typed === '' ? undefined : JSON.parse(typed);
  } catch (error) {
    answer(`${text.badJson} ${error.message}`);
    return;
  }
  try {
    const response = await chosen.send(params);
    const body = await response.text();
    let readable = body;
    try {
      readable = JSON.stringify(JSON.parse(body), null, 2);
    } catch {
      // Not JSON: shown as it came.
    }
    answer(`${response.status} ${response.statusText}\n${readable}`);
  } catch (error) {
    answer(`${text.failed} ${error.message}`);
  }
});

byId('filter').addEventListener('input', () => {
  const wanted = byId('filter').value.toLowerCase();
  for (const item of document.querySelectorAll('nav li')) {
    item.hidden = !item.textContent.toLowerCase().includes(wanted);
  }
});

function methodOperation(method) {
  return {
    name: method.name,
    summary: method.summary,
    access: method['x-access'],
    streaming: method['x-stream'] !== undefined,
    described: { params: method.params, result: method.result, stream: method['x-stream'] },
    example: () =>
      Object.fromEntries(
        method.params.filter((param) => param.required).map((param) => [param.name, example(param.schema)]),
      ),
    send: (params) => callRpc(method.name, params),
  };
}

function pathOperation(path, verb, operation) {
  const body = operation.requestBody?.content['application/json'].schema;
  return {
    name: `${verb} ${path}`,
    summary: operation.summary,
    access: undefined,
    streaming: false,
    described: operation,
    example: () => ({
      ...Object.fromEntries(
        operation.parameters.filter((one) => one.required).map((one) => [one.name, example(one.schema)]),
      ),
      ...example(body ?? { type: 'object' }),
    }),
    send: (params) => callRest({ verb, path }, params),
  };
}

const [discovered, openApi] = await Promise.all([
  callRpc('rpc.discover').then((response) => response.json()),
  fetch('/openapi.json').then((response) => response.json()),
]);
const operations = [
  ...discovered.result.methods.map(methodOperation),
  ...Object.entries(openApi.paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => pathOperation(path, verb.toUpperCase(), operation)),
  ),
];
for (const operation of operations) {
  const item = document.createElement('li');
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = operation.name;
  button.addEventListener('click', () => show(operation, button));
  item.append(button);
  byId('operations').append(item);
}
