import { createHash } from 'node:crypto';
import { FlowFault } from '../../core/fault.ts';
import type { S3TargetConfig } from '../config.ts';
import { interruptedFault, secretMissingFault } from '../faults.ts';
import { type HttpAnswer, type HttpCall, requestWithRetries } from '../http-client.ts';
import type { TargetDependencies } from '../target.ts';
import { type AwsCredentials, EMPTY_SHA256, encodeRfc3986, signV4 } from './signature-v4.ts';

/** A body to store, with its SHA-256, which the server compares (x-amz-content-sha256). */
export type S3Body = Readonly<{ content: NonNullable<HttpCall['body']>; sha256: string }>;

/** The calls of S3 that a deploy needs. Keys are relative to the target's prefix. */
export interface S3Client {
  put(key: string, body: S3Body, headers: Readonly<Record<string, string>>): Promise<void>;
  /** Stores only when the key is free. False when it is taken. */
  putIfAbsent(key: string, text: string): Promise<boolean>;
  /** Replaces only what still has this ETag. False when it has changed. */
  putIfMatch(key: string, text: string, etag: string): Promise<boolean>;
  copy(from: string, to: string, headers: Readonly<Record<string, string>>): Promise<void>;
  /** null when there is no such object. */
  get(key: string): Promise<Readonly<{ text: string; etag: string }> | null>;
  list(prefix: string): Promise<string[]>;
  remove(key: string): Promise<void>;
}

const TIMEOUT_MS = 300_000;
const RETRIES = 4;

/**
 * A client for S3 and what speaks its protocol (MinIO, R2, Garage, …), signed by ourselves.
 * @throws deploy.secret_missing; each call deploy.s3_refused, deploy.s3_unreachable
 */
export function createS3Client(config: S3TargetConfig, deps: TargetDependencies): S3Client {
  const credentials = readCredentials(config, deps.env);
  const base = baseUrl(config);

  const send = async (input: {
    method: string;
    key: string;
    query?: string;
    headers?: Readonly<Record<string, string>>;
    body?: S3Body;
    accepted?: readonly number[];
  }): Promise<HttpAnswer> => {
    const path = `${config.prefix}${input.key}`.split('/').map(encodeRfc3986).join('/');
    const bucketItself = input.query !== undefined;
    const url = new URL(bucketItself ? `${base}?${input.query}` : `${base}${path}`);
    const headers = signV4(
      {
        method: input.method,
        url,
        headers: input.headers ?? {},
        payloadSha256: input.body?.sha256 ?? EMPTY_SHA256,
        region: config.region,
        service: 's3',
        now: deps.now(),
      },
      credentials,
    );
    const call = {
      method: input.method,
      url: url.href,
      headers,
      body: input.body?.content,
      timeoutMs: TIMEOUT_MS,
    };
    const { body, ...rest } = call;
    const answer = await requestWithRetries(
      { ...rest, ...(body === undefined ? {} : { body }), signal: deps.signal },
      { retries: RETRIES, firstDelayMs: 200, signal: deps.signal },
    ).catch((cause: unknown) => {
      throw deps.signal.aborted ? interruptedFault() : unreachableFault(config, cause);
    });
    if (answer.status < 300 || input.accepted?.includes(answer.status)) return answer;
    throw refusedFault({ config, answer, what: `${input.method} ${input.key || input.query}` });
  };

  const putText = async (key: string, text: string, condition: Record<string, string>): Promise<boolean> => {
    const answer = await send({
      method: 'PUT',
      key,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...condition },
      body: textBody(text),
      // 409 answers a write that lost against another at the same moment.
      accepted: [409, 412],
    });
    return answer.status < 300;
  };

  return {
    put: async (key, body, headers) => {
      await send({ method: 'PUT', key, headers, body });
    },
    putIfAbsent: (key, text) => putText(key, text, { 'if-none-match': '*' }),
    putIfMatch: (key, text, etag) => putText(key, text, { 'if-match': etag }),
    copy: async (from, to, headers) => {
      const source = `/${config.bucket}/${config.prefix}${from}`.split('/').map(encodeRfc3986).join('/');
      const answer = await send({
        method: 'PUT',
        key: to,
        headers: { 'x-amz-copy-source': source, 'x-amz-metadata-directive': 'REPLACE', ...headers },
      });
      // A copy may fail after the status line was sent: then the body holds an error (CopyObject, S3 API reference).
      if (/<Error>/.test(answer.body.toString('utf8')))
        throw refusedFault({ config, answer, what: `COPY ${from}` });
    },
    get: async (key) => {
      const answer = await send({ method: 'GET', key, accepted: [404] });
      if (answer.status === 404) return null;
      return { text: answer.body.toString('utf8'), etag: answer.headers.etag ?? '' };
    },
    list: (prefix) => listKeys(config, prefix, (query) => send({ method: 'GET', key: '', query })),
    remove: async (key) => {
      await send({ method: 'DELETE', key, accepted: [404] });
    },
  };
}

/** A text as a body. */
export function textBody(text: string): S3Body {
  return { content: text, sha256: createHash('sha256').update(text).digest('hex') };
}

async function listKeys(
  config: S3TargetConfig,
  prefix: string,
  send: (query: string) => Promise<HttpAnswer>,
): Promise<string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const query = ['encoding-type=url', 'list-type=2', `prefix=${encodeRfc3986(config.prefix + prefix)}`];
    if (token !== undefined) query.push(`continuation-token=${encodeRfc3986(token)}`);
    const text = (await send(query.join('&'))).body.toString('utf8');
    for (const match of text.matchAll(/<Key>([^<]*)<\/Key>/g)) {
      keys.push(
        decodeURIComponent(decodeEntities(match[1] ?? '').replaceAll('+', ' ')).slice(config.prefix.length),
      );
    }
    const next = /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(text)?.[1];
    token = next === undefined ? undefined : decodeEntities(next);
  } while (token !== undefined);
  return keys;
}

function decodeEntities(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}

function baseUrl(config: S3TargetConfig): string {
  const endpoint = new URL(config.endpoint);
  if (config.addressing === 'host') return `${endpoint.protocol}//${config.bucket}.${endpoint.host}/`;
  return `${endpoint.protocol}//${endpoint.host}/${config.bucket}/`;
}

function readCredentials(config: S3TargetConfig, env: TargetDependencies['env']): AwsCredentials {
  const accessKeyId = env[config.accessKeyVariable];
  const secretAccessKey = env[config.secretKeyVariable];
  if (!accessKeyId) throw secretMissingFault(config.accessKeyVariable);
  if (!secretAccessKey) throw secretMissingFault(config.secretKeyVariable);
  return { accessKeyId, secretAccessKey, sessionToken: env[config.sessionTokenVariable] };
}

function unreachableFault(config: S3TargetConfig, cause: unknown): FlowFault {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FlowFault('deploy.s3_unreachable', {
    text: {
      en: `${config.endpoint} does not answer: ${reason}`,
      de: `${config.endpoint} antwortet nicht: ${reason}`,
    },
    fix: {
      en: 'Check endpoint and network, then deploy again.',
      de: 'Endpunkt und Netz prüfen, dann erneut deployen.',
    },
    cause,
  });
}

function refusedFault(input: { config: S3TargetConfig; answer: HttpAnswer; what: string }): FlowFault {
  const text = input.answer.body.toString('utf8');
  const code = /<Code>([^<]{1,80})<\/Code>/.exec(text)?.[1] ?? '';
  const reason = `${input.answer.status} ${code}`.trim();
  return new FlowFault('deploy.s3_refused', {
    text: {
      en: `${input.config.bucket}: ${input.what} was refused (${reason}).`,
      de: `${input.config.bucket}: ${input.what} wurde abgelehnt (${reason}).`,
    },
    fix: {
      en: 'Check bucket, region and keys; the keys need ListBucket, GetObject, PutObject and DeleteObject.',
      de: 'Bucket, Region und Schlüssel prüfen; nötig sind ListBucket, GetObject, PutObject und DeleteObject.',
    },
  });
}
