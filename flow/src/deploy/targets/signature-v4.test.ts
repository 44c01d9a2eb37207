import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { EMPTY_SHA256, signV4 } from './signature-v4.ts';

/** The examples of “Signature Calculations for the Authorization Header” in the Amazon S3 API reference. */
const S3 = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const S3_TIME = new Date('2013-05-24T00:00:00Z');
const BUCKET = 'https://examplebucket.s3.amazonaws.com';

const signatureOf = (headers: Record<string, string>) =>
  /Signature=([0-9a-f]+)$/.exec(headers.authorization ?? '')?.[1];

function signS3(method: string, url: string, more: { headers?: Record<string, string>; body?: string } = {}) {
  const payloadSha256 = more.body ? createHash('sha256').update(more.body).digest('hex') : EMPTY_SHA256;
  const request = { method, url: new URL(url), headers: more.headers ?? {}, payloadSha256 };
  return signV4({ ...request, region: 'us-east-1', service: 's3', now: S3_TIME }, S3);
}

test('signs GET of an object as the S3 reference does', () => {
  const headers = signS3('GET', `${BUCKET}/test.txt`, { headers: { Range: 'bytes=0-9' } });
  assert.equal(signatureOf(headers), 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
});

test('signs PUT of an object with a dollar sign in its name as the S3 reference does', () => {
  const headers = signS3('PUT', `${BUCKET}/test$file.text`, {
    headers: { Date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    body: 'Welcome to Amazon S3.',
  });
  assert.equal(signatureOf(headers), '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd');
});

test('signs a query without and with values as the S3 reference does', () => {
  assert.equal(
    signatureOf(signS3('GET', `${BUCKET}/?lifecycle`)),
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  );
  assert.equal(
    signatureOf(signS3('GET', `${BUCKET}/?max-keys=2&prefix=J`)),
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  );
});

test('signs the vector get-vanilla of the signature test suite', () => {
  const headers = signV4(
    {
      method: 'GET',
      url: new URL('https://example.amazonaws.com/'),
      headers: {},
      payloadSha256: EMPTY_SHA256,
      region: 'us-east-1',
      service: 'service',
      now: new Date('2015-08-30T12:36:00Z'),
    },
    { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
  );
  assert.equal(signatureOf(headers), '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31');
});

test('a session token is signed, and names of every kind keep their signature stable', () => {
  const url = new URL(`${BUCKET}/gr%C3%B6%C3%9Fe%20%26%20ma%C3%9F%20%F0%9F%98%80/a%2Bb%2A.html`);
  const request = {
    method: 'GET',
    url,
    headers: {},
    payloadSha256: EMPTY_SHA256,
    region: 'eu-central-1',
    service: 's3',
  };
  const headers = signV4({ ...request, now: S3_TIME }, { ...S3, sessionToken: 'token' });
  assert.match(
    headers.authorization ?? '',
    /SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,/,
  );
  assert.equal(headers['x-amz-security-token'], 'token');
});
