import assert from 'node:assert/strict';
import test from 'node:test';
import { z } from 'zod';
import { isFault } from '#base/fault.ts';
import { environmentName, loadConfig, unknownVariables } from './load.ts';

const sections = {
  http: z.object({
    port: z.int().min(0).max(65535).default(6711),
    allowedHosts: z.array(z.string()).default([]),
    trustProxy: z.boolean().default(false),
  }),
  auth: z.object({
    registration: z.enum(['open', 'closed']).default('closed').meta({ env: 'CDS_REGISTRATION' }),
  }),
};

test('the environment stands over the file, and the file over the defaults', () => {
  const config = loadConfig(sections, { CDS_HTTP_PORT: '8080' }, { http: { port: 1, trustProxy: true } });
  assert.equal(config.http.port, 8080);
  assert.equal(config.http.trustProxy, true);
  assert.deepEqual(config.http.allowedHosts, []);
});

test('reads numbers, booleans and lists by the schema', () => {
  const config = loadConfig(sections, {
    CDS_HTTP_ALLOWED_HOSTS: 'a.example, b.example',
    CDS_HTTP_TRUST_PROXY: '1',
  });
  assert.deepEqual(config.http.allowedHosts, ['a.example', 'b.example']);
  assert.equal(config.http.trustProxy, true);
});

test('a fixed name replaces the one made from section and key', () => {
  assert.equal(environmentName('http', 'allowedHosts', z.string()), 'CDS_HTTP_ALLOWED_HOSTS');
  assert.equal(loadConfig(sections, { CDS_REGISTRATION: 'open' }).auth.registration, 'open');
});

for (const [name, environment] of Object.entries({
  'a port that is no number': { CDS_HTTP_PORT: 'eighty' },
  'a port out of range': { CDS_HTTP_PORT: '70000' },
  'a boolean that is none': { CDS_HTTP_TRUST_PROXY: 'maybe' },
})) {
  test(`refuses ${name} and names the variable`, () => {
    assert.throws(
      () => loadConfig(sections, environment),
      (error) => isFault(error, 'config.invalid') && error.data.name === Object.keys(environment)[0],
    );
  });
}

test('refuses an unknown key of the file and names it', () => {
  assert.throws(
    () => loadConfig(sections, {}, { http: { prot: 1 } }),
    (error) => isFault(error, 'config.invalid'),
  );
});

test('finds misspelt variables', () => {
  assert.deepEqual(unknownVariables(sections, { CDS_HTPP_PORT: '1', CDS_HTTP_PORT: '1', HOME: '/' }), [
    'CDS_HTPP_PORT',
  ]);
});
