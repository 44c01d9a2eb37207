import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { FlowConfigInput } from '../core/config.ts';
import { isFlowFault } from '../core/fault.ts';
import type { ReleaseManifest } from '../core/layout.ts';
import { listReleaseFiles } from '../core/release-files.ts';
import type { FlowContext } from '../core/step.ts';
import { hashStep } from '../hash/hash.ts';
import { flowContext } from '../testing/context.ts';
import { writeFiles } from '../testing/reference-site.ts';
import { temporaryFolder } from '../testing/release.ts';
import { hasProgram } from '../testing/servers.ts';
import { workerStep } from '../worker/worker.ts';
import { createMetadataStep } from './metadata.ts';
import { verifyRelease } from './verify-release.ts';

const page = (body: string) =>
  `<!doctype html><html lang="en"><head><title>t</title></head><body>${body}</body></html>`;
const site = {
  'index.html': page('<img src="ä.png" alt=""> © Käse'),
  'ä.png': 'x',
  'part.html': '<p>fragment</p>',
};

async function release(
  t: TestContext,
  about: {
    config?: FlowConfigInput;
    env?: FlowContext['env'];
    root?: string;
    files?: Record<string, string>;
  } = {},
) {
  const root = about.root ?? (await temporaryFolder(t));
  const context = flowContext(root, about.config ?? {}, { env: about.env ?? {} });
  await rm(context.releaseDir, { recursive: true, force: true });
  await writeFiles(context.releaseDir, about.files ?? site);
  await hashStep.run(context);
  await workerStep.run(context);
  await createMetadataStep().run(context);
  const read = (name: string) => readFile(path.join(context.releaseDir, name), 'utf8');
  return {
    context,
    read,
    dir: context.releaseDir,
    manifest: JSON.parse(await read('release.json')) as ReleaseManifest,
  };
}

const git = (cwd: string, ...args: string[]) =>
  execFileSync(
    'git',
    ['-c', 'user.name=T', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false', ...args],
    {
      cwd,
      env: {
        ...process.env,
        GIT_COMMITTER_DATE: '2026-03-04T05:06:07+0200',
        GIT_AUTHOR_DATE: '2026-03-04T05:06:07+0200',
      },
      encoding: 'utf8',
    },
  ).trim();

const verify = (dir: string, publicKeyFile?: string) =>
  verifyRelease({
    dir,
    signal: new AbortController().signal,
    ...(publicKeyFile === undefined ? {} : { publicKeyFile }),
  });

test('a release outside git is named by its content, carries its label, and verifies', async (t) => {
  const { manifest, read, dir } = await release(t);
  assert.match(manifest.id, /^content-[0-9a-f]{10}$/);
  assert.equal(manifest.commit, null);
  const html = await read('index.html');
  assert.ok(
    html.includes(`<small class="flow-release">#${manifest.contentHash.slice(0, 8)}</small></p>\n</body>`),
  );
  assert.ok(html.includes('© Käse'), 'the rest of the page keeps its characters');
  assert.equal(await read('part.html'), '<p>fragment</p>');
  const info = JSON.parse(await read('build.json')) as { id: string };
  assert.equal(info.id, manifest.id);
  assert.match(await read('_headers'), /immutable/);
  assert.equal((await verify(dir)).signature, 'none');
  execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: dir });
});

test('in git the label tells version, commit and its time; a changed tree says so', async (t) => {
  const root = await temporaryFolder(t);
  await writeFiles(root, {
    'package.json': '{"name":"my-site","version":"1.4.0","repository":"https://me:secret@git.example/x"}',
  });
  git(root, 'init', '-q');
  git(root, 'add', '.');
  git(root, 'commit', '-q', '-m', 'one');
  await writeFile(path.join(root, '.gitignore'), 'out*\n');
  git(root, 'add', '.');
  git(root, 'commit', '-q', '-m', 'two');
  const clean = await release(t, { root });
  const commit = git(root, 'rev-parse', 'HEAD');
  assert.equal(clean.manifest.commit, commit);
  assert.equal(clean.manifest.dirty, false);
  assert.equal(clean.manifest.committedAt, '2026-03-04T03:06:07.000Z');
  assert.equal(
    clean.manifest.label,
    `1.4.0 · ${commit.slice(0, 8)} · 2026-03-04 03:06 UTC · #${clean.manifest.contentHash.slice(0, 8)}`,
  );
  const provenance = await clean.read('provenance.json');
  assert.ok(
    provenance.includes(commit) &&
      provenance.includes('https://git.example/x') &&
      !provenance.includes('secret'),
  );
  await writeFile(path.join(root, 'new.md'), 'x');
  const dirty = await release(t, { root });
  assert.equal(dirty.manifest.dirty, true);
  assert.match(dirty.manifest.id, /-dirty-/);
});

test('the same content gives the same bytes in another folder', async (t) => {
  const bytesOf = async (dir: string) => {
    const files = listReleaseFiles(dir);
    return Promise.all(
      files.map(async (file) => [file, (await readFile(path.join(dir, file))).toString('base64')]),
    );
  };
  const files = {
    ...site,
    'index.html': page('<link rel=manifest href=m.webmanifest>'),
    'm.webmanifest': '{}',
  };
  const [one, two] = [await release(t, { files }), await release(t, { files })];
  assert.deepEqual(await bytesOf(one.dir), await bytesOf(two.dir));
  assert.equal(one.manifest.worker?.kind, 'worker');
});

test('one flipped byte in any file, one added and one removed file are each found', async (t) => {
  const { dir } = await release(t);
  const files = listReleaseFiles(dir);
  assert.ok(files.length >= 8);
  for (const file of files) {
    const full = path.join(dir, file);
    const bytes = await readFile(full);
    const flipped = Buffer.from(bytes);
    const at = flipped.length >> 1;
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    await writeFile(full, flipped);
    await assert.rejects(verify(dir), (error) => isFlowFault(error), `${file}: a flipped byte`);
    await rm(full);
    await assert.rejects(verify(dir), (error) => isFlowFault(error), `${file}: removed`);
    await writeFile(full, bytes);
  }
  await verify(dir);
  for (const added of ['evil.js', '.hidden', 'SHA256SUMS.minisig']) {
    await writeFile(path.join(dir, added), 'x');
    await assert.rejects(verify(dir), (error) => isFlowFault(error), added);
    await rm(path.join(dir, added));
  }
});

test('a manifest and sums that were forged together are found by the signature', {
  skip: !hasProgram('ssh-keygen') && 'missing: ssh-keygen',
}, async (t) => {
  const keys = await temporaryFolder(t);
  for (const name of ['mine', 'other'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(keys, name)]);
  const { dir } = await release(t, {
    config: { metadata: { signature: { kind: 'ssh', keyFile: 'env:SIGN_KEY' } } },
    env: { SIGN_KEY: path.join(keys, 'mine') },
  });
  assert.equal((await verify(dir, path.join(keys, 'mine.pub'))).signature, 'ssh');
  await assert.rejects(verify(dir), (error) => isFlowFault(error, 'release.key_needed'));
  await assert.rejects(verify(dir, path.join(keys, 'other.pub')), (error) =>
    isFlowFault(error, 'release.signature_wrong'),
  );
  const changed = await release(t, { files: { ...site, 'part.html': '<p>forged</p>' } });
  for (const name of listReleaseFiles(changed.dir))
    await writeFiles(dir, { [name]: await readFile(path.join(changed.dir, name)) });
  await assert.rejects(verify(dir, path.join(keys, 'mine.pub')), (error) =>
    isFlowFault(error, 'release.signature_wrong'),
  );
});

test('minisign itself accepts our signature, and we accept its keys with and without a password', {
  skip: !hasProgram('minisign') && 'missing: minisign (apt-get install minisign)',
}, async (t) => {
  const keys = await temporaryFolder(t);
  const file = (name: string) => path.join(keys, name);
  execFileSync('minisign', ['-G', '-W', '-p', file('plain.pub'), '-s', file('plain.key')], {
    stdio: 'ignore',
  });
  execFileSync('minisign', ['-G', '-p', file('locked.pub'), '-s', file('locked.key')], {
    input: 'secret\nsecret\n',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  for (const name of ['plain', 'locked']) {
    const { dir } = await release(t, {
      config: { metadata: { signature: { kind: 'minisign', keyFile: file(`${name}.key`) } } },
      env: { MINISIGN_PASSWORD: 'secret' },
    });
    execFileSync('minisign', ['-V', '-p', file(`${name}.pub`), '-m', path.join(dir, 'SHA256SUMS')], {
      stdio: 'ignore',
    });
    assert.equal((await verify(dir, file(`${name}.pub`))).signature, 'minisign');
    const other = name === 'plain' ? 'locked' : 'plain';
    await assert.rejects(verify(dir, file(`${other}.pub`)), (error) =>
      isFlowFault(error, 'release.signature_wrong'),
    );
  }
  const wrong = release(t, {
    config: { metadata: { signature: { kind: 'minisign', keyFile: file('locked.key') } } },
    env: { MINISIGN_PASSWORD: 'guess' },
  });
  await assert.rejects(wrong, (error) => isFlowFault(error, 'metadata.sign_failed'));
});

test('a key that is not there stops the release, and says which', async (t) => {
  const config: FlowConfigInput = { metadata: { signature: { kind: 'ssh', keyFile: 'env:NO_SUCH' } } };
  await assert.rejects(
    release(t, { config }),
    (error) => isFlowFault(error, 'metadata.key_missing') && error.text.en.includes('NO_SUCH'),
  );
});

test('a file of the site under a name of ours is refused, its own cache rules are kept', async (t) => {
  await assert.rejects(release(t, { files: { 'index.html': page(''), 'build.json': '{}' } }), (error) =>
    isFlowFault(error, 'metadata.name_taken'),
  );
  const own = '/*\n  Cache-Control: no-cache\n';
  const { read, context } = await release(t, { files: { 'index.html': page(''), _headers: own } });
  assert.equal(await read('_headers'), own);
  assert.deepEqual(
    context.warnings.map((one) => one.code),
    ['metadata.headers_kept'],
  );
  const joined = await release(t, { files: { 'index.html': page(''), _headers: '/x\n  X-Mine: 1\n' } });
  assert.match(await joined.read('_headers'), /nosniff[\s\S]*X-Mine: 1/);
});

test('one _headers for both hosts has no line that only one of them knows', async (t) => {
  const { read } = await release(t, {
    files: { 'index.html': page('') },
    config: { headers: { write: ['cloudflare', 'netlify'] } },
  });
  const text = await read('_headers');
  assert.match(text, /nosniff/);
  assert.doesNotMatch(text, /!/);
});

test('the bill of materials names shipped packages only, the same bytes each time', async (t) => {
  const root = await temporaryFolder(t);
  const entry = (more: object) => ({
    version: '1.0.0',
    integrity: `sha512-${Buffer.alloc(64).toString('base64')}`,
    license: 'MIT',
    ...more,
  });
  await writeFile(
    path.join(root, 'package-lock.json'),
    JSON.stringify({
      lockfileVersion: 3,
      packages: {
        '': {},
        'node_modules/@a/b': entry({}),
        'node_modules/tool': entry({ dev: true }),
        'node_modules/x/node_modules/c': entry({ license: '(MIT OR Apache-2.0)' }),
      },
    }),
  );
  const { read } = await release(t, { root });
  const bom = JSON.parse(await read('sbom.cdx.json')) as {
    specVersion: string;
    components: { purl: string }[];
    serialNumber: string;
  };
  assert.deepEqual(
    bom.components.map((one) => one.purl),
    ['pkg:npm/%40a/b@1.0.0', 'pkg:npm/c@1.0.0'],
  );
  assert.match(bom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
});
