import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseFlowConfig } from '../core/config.ts';
import { renderCaddy, renderNginx } from '../headers/server-files.ts';
import { cdsFlow } from '../testing/command.ts';
import { temporaryFolder } from '../testing/release.ts';
import { hasProgram, startCaddy, startNginx } from '../testing/servers.ts';

const docs = fileURLToPath(new URL('../../../docs', import.meta.url));

const servers = {
  nginx: async (t: TestContext, folder: string, root: string) =>
    startNginx(t, folder, (listen) => renderNginx(rules(), { root, listen })),
  caddy: async (t: TestContext, folder: string, root: string) =>
    startCaddy(t, folder, (listen) => renderCaddy(rules(), { root, listen })),
};

function rules() {
  const config = parseFlowConfig({});
  return { files: [], config: config.headers, apiPaths: config.worker.apiPaths };
}

/** Loads pages with all they need, again and again, as visitors do; what is not of one and the same release is a failure. */
function startLoad(url: string, pages: readonly string[]) {
  const failures: string[] = [];
  const labels = new Set<string>();
  let requests = 0;
  let isRunning = true;
  const visit = async (name: string) => {
    const response = await fetch(url + name);
    const html = await response.text();
    requests += 1;
    const label = /flow-release">([^<]+)</.exec(html)?.[1];
    if (response.status !== 200 || label === undefined) {
      failures.push(`${response.status} ${name}`);
      return;
    }
    labels.add(label);
    for (const [, address = ''] of html.matchAll(/(?:href|src)="([^"]*\.h-[0-9a-f]{12}\.[a-z]+)"/g)) {
      const asset = await fetch(new URL(address, url + name));
      requests += 1;
      const digest = createHash('sha256')
        .update(Buffer.from(await asset.arrayBuffer()))
        .digest('hex');
      if (asset.status !== 200 || !address.includes(digest.slice(0, 12)))
        failures.push(`${asset.status} ${address}`);
    }
  };
  const visitor = async () => {
    while (isRunning) {
      for (const name of pages) await visit(name).catch((error: unknown) => failures.push(String(error)));
      await setImmediate();
    }
  };
  const visitors = [visitor(), visitor()];
  return {
    async stop() {
      isRunning = false;
      await Promise.all(visitors);
      return { failures, labels, requests };
    },
  };
}

for (const [name, start] of Object.entries(servers)) {
  test(`the project's own pages: built, checked, live behind ${name}, updated and rolled back under load without a failed or mixed request`, {
    skip: !hasProgram(name) && `missing: ${name} (apt-get install ${name})`,
  }, async (t) => {
    const root = await temporaryFolder(t);
    const serverFolder = await temporaryFolder(t);
    await cp(docs, path.join(root, 'docs'), { recursive: true });
    await writeFile(path.join(root, 'docs/index.md'), '# Start\n\n![Figure](figure.svg)\n');
    const figure = (fill: string) =>
      writeFile(
        path.join(root, 'docs/figure.svg'),
        `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="${fill}"/></svg>`,
      );
    await figure('red');
    const www = path.join(root, 'www');
    await mkdir(www);
    const url = `${await start(t, serverFolder, path.join(www, 'current'))}/`;
    await writeFile(
      path.join(root, 'flow.config.ts'),
      `export default { site: { url: '${url}' }, build: { source: 'docs' }, deploy: { targets: [{ kind: 'local', path: 'www' }] }, verify: { waitSeconds: 1 } };`,
    );
    const run = async (...argv: string[]) => {
      const result = await cdsFlow(root, argv);
      assert.equal(result.code, 0, `${argv.join(' ')}\n${result.errors}`);
      return result;
    };
    await run();
    assert.equal(
      (await cdsFlow(root, ['check', 'encoding', 'html', 'secrets', '--dir', '.flow/release'])).code,
      0,
    );
    await run('verify-release');
    const first = (await (await fetch(`${url}build.json`)).json()) as { id: string; label: string };

    const load = startLoad(url, ['', 'guides/accounts.html', 'benchmarks.html']);
    await figure('blue');
    await appendFile(path.join(root, 'docs/guides/accounts.md'), '\nOne more line.\n');
    await run();
    const second = (await (await fetch(`${url}build.json`)).json()) as { id: string; label: string };
    await run('verify');
    await run('rollback');
    const { failures, labels, requests } = await load.stop();

    assert.deepEqual(failures, []);
    assert.ok(requests > 20, `${requests} requests`);
    assert.deepEqual([...labels].sort(), [first.label, second.label].sort());
    assert.notEqual(first.id, second.id);
    assert.equal(((await (await fetch(`${url}build.json`)).json()) as { id: string }).id, first.id);
    assert.match((await run('releases')).output, new RegExp(`\\* ${first.id}`));
    assert.match((await run('diff', first.id, second.id)).output, /~ guides\/accounts\.html/);
    const refused = await cdsFlow(root, ['verify']);
    assert.equal(refused.code, 1, 'the release here is not the one that is live, and verify says so');
    assert.match(await readFile(path.join(root, '.flow/deploys.jsonl'), 'utf8'), /rollback/);
  });
}
