import type { Readable } from 'node:stream';
import { fault } from '#base/fault.ts';
import type { DownloadRequest } from '../model-downloads.ts';
import { partsOf } from './split-files.ts';

/** Where a file comes from, and under which name it is kept. */
export interface FileSource {
  readonly url: string;
  /** The name in the models folder. */
  readonly file: string;
  readonly sha256: string | null;
}

/** Where a model comes from: the first of its files gives it its name. */
export interface DownloadSource {
  readonly url: string;
  readonly file: string;
  readonly modelId: string;
  /** All its files, the first one at the beginning; one where it is not split. */
  readonly parts: readonly FileSource[];
}

/** An answer that has begun: the bytes from `from` on. */
export interface OpenedSource {
  readonly body: Readable;
  /** Where the bytes belong; 0 when the server began anew. */
  readonly from: number;
  readonly totalBytes: number | null;
  /** Names this state of the file: a later range must be of the same. */
  readonly validator: string | null;
  /** What the server says the file hashes to, as Hugging Face does. */
  readonly sha256: string | null;
}

const redirectsAtMost = 5;
const listBytesAtMost = 4 << 20;
const timeouts = { headersTimeout: 30_000, bodyTimeout: 60_000 } as const;
const fileName = /^[A-Za-z0-9][\w.+ -]{0,200}\.gguf$/;

/** Makes an address and a name out of what an administrator asked for. @throws llm.download_invalid, llm.download_failed */
export async function resolveSource(
  request: DownloadRequest,
  options: { readonly hubUrl: string; readonly signal: AbortSignal },
): Promise<DownloadSource> {
  const { url, hf, file, sha256 } = request;
  if ((url === undefined) === (hf === undefined)) throw invalid('give either an address or a repository');
  const address = url ?? (await hubAddress(hf ?? '', file, options));
  const parsed = URL.parse(address);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) throw invalid('the address is not one of HTTP');
  const name = decodeURIComponent(parsed.pathname.split('/').at(-1) ?? '');
  if (!fileName.test(name)) throw invalid('the address does not end with the name of a GGUF file');
  // Whichever file of a split model was named: it is of use only with the others, which lie beside it.
  const parts = partsOf(name).map((part) => ({
    url: part === name ? parsed.href : addressBeside(parsed, part),
    file: part,
    sha256: part === name ? (sha256?.toLowerCase() ?? null) : null,
  }));
  const [first = { url: parsed.href, file: name }] = parts;
  return { url: first.url, file: first.file, modelId: first.file.slice(0, -'.gguf'.length), parts };
}

function addressBeside(address: URL, file: string): string {
  const beside = new URL(address);
  beside.pathname = [...address.pathname.split('/').slice(0, -1), encodeURIComponent(file)].join('/');
  return beside.href;
}

async function hubAddress(
  repository: string,
  file: string | undefined,
  { hubUrl, signal }: { readonly hubUrl: string; readonly signal: AbortSignal },
): Promise<string> {
  const name = file ?? (await chooseFile(`${hubUrl}/api/models/${repository}`, signal));
  const path = name.split('/').map(encodeURIComponent).join('/');
  return `${hubUrl}/${repository}/resolve/main/${path}`;
}

/** The only GGUF file of a repository, or its 4-bit one. */
async function chooseFile(url: string, signal: AbortSignal): Promise<string> {
  const { body } = await get(url, { signal, headers: {} });
  let text = '';
  for await (const part of body.setEncoding('utf8')) {
    text += String(part);
    if (text.length > listBytesAtMost) throw failed('the list of files is too long');
  }
  const { siblings = [] } = JSON.parse(text) as { siblings?: readonly { rfilename?: string }[] };
  const names = siblings
    .map(({ rfilename = '' }) => rfilename)
    .filter((name) => name.endsWith('.gguf') && partsOf(name)[0] === name);
  const chosen =
    names.length === 1 ? names[0] : names.find((name) => /q4_k_m(-\d+-of-\d+)?\.gguf$/i.test(name));
  if (chosen !== undefined) return chosen;
  if (names.length === 0) throw invalid('the repository holds no GGUF file');
  throw invalid(`the repository holds several files; choose one of ${names.slice(0, 20).join(', ')}`);
}

/**
 * Asks for the bytes from `from` on. Redirects are followed here, because the first answer of Hugging Face holds the
 * hash. @throws llm.download_failed
 */
export async function openSource(
  source: FileSource,
  options: { readonly from: number; readonly validator: string | null; readonly signal: AbortSignal },
): Promise<OpenedSource> {
  const { from, validator, signal } = options;
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (from > 0 && validator !== null) {
    headers.range = `bytes=${from}-`;
    headers['if-range'] = validator;
  }
  const answer = await get(source.url, { signal, headers });
  const length = Number(answer.headers.get('content-length') ?? Number.NaN);
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers.get('content-range') ?? '');
  const found = {
    body: answer.body,
    validator: strongValidator(answer.headers),
    sha256: answer.linkedHash,
  };
  if (answer.status === 206 && range !== null && Number(range[1]) === from) {
    return { ...found, from, totalBytes: Number(range[2]) };
  }
  if (answer.status === 200)
    return { ...found, from: 0, totalBytes: Number.isFinite(length) ? length : null };
  answer.body.destroy();
  throw failed(`the server answered a range with status ${answer.status}`);
}

/** The size of a file, without its bytes; null where the server does not tell. @throws llm.download_failed */
export async function sizeOf({ url, file }: FileSource, signal: AbortSignal): Promise<number | null> {
  const answer = await get(url, { method: 'HEAD', signal, headers: { 'accept-encoding': 'identity' } });
  answer.body.on('error', () => {}).destroy();
  if (answer.status === 404 || answer.status === 410) {
    throw failed(`the server has no ${file} (status ${answer.status})`);
  }
  // Not every server answers such a question; the file itself will tell.
  if (answer.status >= 400) return null;
  const length = Number(answer.headers.get('content-length') ?? Number.NaN);
  return Number.isSafeInteger(length) ? length : null;
}

/** A weak tag may name different bytes. */
function strongValidator(headers: Headers): string | null {
  const etag = headers.get('etag');
  if (etag?.startsWith('"') === true) return etag;
  return headers.get('last-modified');
}

interface Asking {
  readonly method?: 'GET' | 'HEAD';
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readable;
  readonly linkedHash: string | null;
}

async function get(url: string, options: Asking): Promise<Answer> {
  let address = url;
  let linkedHash: string | null = null;
  for (let redirects = 0; redirects <= redirectsAtMost; redirects += 1) {
    const answer = await ask(address, options);
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
    linkedHash ??= /^"([0-9a-f]{64})"$/.exec(headers.get('x-linked-etag') ?? '')?.[1] ?? null;
    const location = headers.get('location');
    if (answer.statusCode >= 300 && answer.statusCode < 400 && location !== null) {
      await answer.body.dump();
      address = nextAddress(location, address);
      continue;
    }
    if (answer.statusCode >= 400 && options.method !== 'HEAD') {
      await answer.body.dump();
      throw failed(`the server answered with status ${answer.statusCode}`);
    }
    return { status: answer.statusCode, headers, body: answer.body, linkedHash };
  }
  throw failed('the server redirects in circles');
}

function nextAddress(location: string, from: string): string {
  const next = URL.parse(location, from);
  if (next === null || !/^https?:$/.test(next.protocol))
    throw failed('the server redirects to no address of HTTP');
  if (from.startsWith('https:') && next.protocol === 'http:')
    throw failed('the server redirects to plain HTTP');
  return next.href;
}

async function ask(address: string, { method = 'GET', signal, headers }: Asking) {
  const { username, password } = new URL(address);
  const bare = new URL(address);
  bare.username = '';
  bare.password = '';
  const authorization =
    username === ''
      ? {}
      : {
          authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
        };
  try {
    const { request: httpRequest } = await import('undici');
    return await httpRequest(bare, {
      ...timeouts,
      method,
      signal,
      headers: { ...headers, ...authorization },
    });
  } catch (error) {
    signal.throwIfAborted();
    throw failed(
      error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : 'no answer',
      error,
    );
  }
}

export function invalid(reason: string): Error {
  return fault('llm.download_invalid', { reason });
}

export function failed(reason: string, cause?: unknown): Error {
  return fault('llm.download_failed', { reason }, { cause });
}

/** The address for eyes: without credentials and query. */
export function shownSource(url: string): string {
  const parsed = new URL(url);
  return `${parsed.origin}${parsed.pathname}`;
}
