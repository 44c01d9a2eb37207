import assert from 'node:assert/strict';
import test from 'node:test';
import * as openRpcSchemas from '@open-rpc/meta-schema';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv } from 'ajv';
import { z } from 'zod';
import { type Contract, defineContract } from '#base/contract.ts';
import { bindMethod } from '#kernel/rpc/method.ts';
import { authContract } from '#modules/auth/contract.ts';
import { eventsContract } from '#modules/events/contract.ts';
import { ledgerContract } from '#modules/ledger/contract.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { sandboxContract } from '#modules/sandbox/contract.ts';
import { gatewayContract } from './contract.ts';
import { openApiDocument } from './openapi.ts';
import { openRpcDocument } from './openrpc.ts';
import { probeContract, testGateway } from './testing.ts';

const contracts: readonly Contract[] = [
  authContract,
  eventsContract,
  gatewayContract,
  ledgerContract,
  projectsContract,
  sandboxContract,
  probeContract,
];

function methodsOf(all: readonly Contract[]) {
  return all.flatMap((contract) =>
    Object.keys(contract.methods).map((name) => bindMethod(contract, name, () => null)),
  );
}

interface RpcMethod {
  readonly name: string;
  readonly paramStructure: string;
  readonly params: readonly { name: string; required: boolean; schema: Record<string, unknown> }[];
  readonly 'x-stream'?: { chunk: unknown; result: unknown };
}

const methodsIn = (document: Record<string, unknown>) => document.methods as RpcMethod[];

test('the OpenRPC document of the whole platform fits the meta-schema', () => {
  const document = openRpcDocument(methodsOf(contracts), '1.2.3');
  assert.equal(document.openrpc, '1.3.2');
  const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });
  // The parts of the document that are JSON Schema are held to be objects or booleans here.
  const JSONSchemaObject = { properties: { $ref: { type: 'string' } } };
  const jsonSchema = { type: ['object', 'boolean'], definitions: { JSONSchemaObject } };
  for (const slash of ['', '/']) ajv.addSchema(jsonSchema, `https://meta.json-schema.tools${slash}`);
  const { $schema: _, ...metaSchema } = (
    openRpcSchemas as unknown as { openrpcDocument: { $schema: string } }
  ).openrpcDocument;
  const fits = ajv.compile(metaSchema);
  assert.ok(fits(JSON.parse(JSON.stringify(document))), JSON.stringify(fits.errors?.slice(0, 3), null, 1));
});

test('it lists what clients can call, with params, positions and streams', () => {
  const methods = new Map(
    methodsIn(openRpcDocument(methodsOf(contracts), '1')).map((method) => [method.name, method]),
  );
  for (const name of ['probe.secret', 'probe.rest', 'auth.introspect', 'auth.login', 'audit.record']) {
    assert.equal(methods.has(name), false, name);
  }
  const subtract = methods.get('probe.subtract');
  assert.equal(subtract?.paramStructure, 'either');
  assert.deepEqual(subtract?.params, [
    { name: 'minuend', required: true, schema: { type: 'number' } },
    { name: 'subtrahend', required: true, schema: { type: 'number' } },
  ]);
  assert.equal(methods.get('probe.admin')?.paramStructure, 'by-name');
  assert.ok(methods.get('probe.count')?.['x-stream']?.chunk);
  for (const name of ['project.create', 'updates.subscribe', 'stream.resume', 'rpc.discover']) {
    assert.ok(methods.has(name), name);
  }
});

test('the OpenAPI document of the whole platform is valid OpenAPI 3.1', async () => {
  const document = openApiDocument(methodsOf(contracts), '1.2.3');
  const report = await new Validator().validate(JSON.parse(JSON.stringify(document)));
  assert.equal(report.valid, true, JSON.stringify(report.errors)?.slice(0, 2_000));
});

test('path parameters, queries and bodies stand where REST has them', () => {
  const paths = openApiDocument(methodsOf(contracts), '1').paths as Record<
    string,
    Record<string, { parameters: unknown[]; requestBody?: unknown; security: unknown[] }>
  >;
  assert.deepEqual(paths['/probe/{id}']?.get?.parameters, [
    { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
    {
      name: 'size',
      in: 'query',
      required: false,
      schema: { type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 },
    },
  ]);
  assert.ok(paths['/auth/login']?.post?.requestBody);
  assert.deepEqual(paths['/auth/login']?.post?.security, []);
});

test('recursive schemas refer to the document’s components', () => {
  interface Tree {
    readonly name: string;
    readonly children: readonly Tree[];
  }
  const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(Tree) }));
  const contract = defineContract('trees', {
    events: {},
    faults: {},
    methods: {
      'tree.copy': {
        summary: 'Copies.',
        access: 'public',
        params: z.strictObject({ tree: Tree }),
        result: Tree,
      },
    },
  });
  const document = openRpcDocument(methodsOf([contract]), '1');
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
  assert.ok(references.length >= 2);
  const { schemas } = document.components as { schemas: Record<string, unknown> };
  for (const [, name = ''] of references) assert.ok(schemas[name], name);
});

test('the documents and the page to try them are served, without a foreign script', async () => {
  await using gateway = await testGateway();
  const { url } = gateway.world;
  const openApi = (await (await fetch(`${url}/openapi.json`)).json()) as { openapi: string };
  assert.equal(openApi.openapi, '3.1.0');
  const discovered = await gateway.rpc('rpc.discover', {}, { token: null });
  assert.equal((discovered.result as { openrpc: string }).openrpc, '1.3.2');
  const page = await fetch(`${url}/api-reference`);
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  const html = await page.text();
  assert.doesNotMatch(html, /https?:|<script>|style=|\son\w+=/);
  for (const [, path = ''] of html.matchAll(/(?:src|href)="(\/api-reference\/[^"]+)"/g)) {
    assert.equal((await fetch(url + path)).status, 200, path);
  }
});
