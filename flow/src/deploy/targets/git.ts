import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { FlowFault } from '../../core/fault.ts';
import { type ReleaseFile, type ReleaseManifest, releaseManifestName } from '../../core/layout.ts';
import type { GitTargetConfig } from '../config.ts';
import { deployedAt, describeDeployment, newDeploymentId } from '../deployment-id.ts';
import { releaseUnknownFault, targetCorruptFault } from '../faults.ts';
import { withFileLock } from '../lock.ts';
import { parseManifest } from '../manifest.ts';
import type { LocalRelease } from '../release.ts';
import { retainedAssets } from '../retention.ts';
import type { DeployOutcome, DeployTarget, TargetDependencies } from '../target.ts';
import { fetchBranch, type GitRepository, gitFault, openGitRepository } from './git-repository.ts';

/** Fetched beyond the kept releases, since rollbacks are commits too. */
const SPARE_COMMITS = 20;
const TRAILER = 'Cds-Deployment';

type Kept = Readonly<{ commit: string; deploymentId: string; manifest: ReleaseManifest }>;
type State = Readonly<{
  repository: GitRepository;
  tip: string | null;
  kept: readonly Kept[];
  deps: TargetDependencies;
}>;
/** Path → blob. */
type Tree = Map<string, string>;

/**
 * A branch that a host serves, such as GitHub Pages. A deploy is one commit and one push: the switch is atomic, and of two
 * pushes at once the server takes one. Nothing is ever forced, so no release is lost from the branch's history.
 */
export function createGitTarget(config: GitTargetConfig, deps: TargetDependencies): DeployTarget {
  const open = async (): Promise<State> => {
    const repository = await openGitRepository(config, deps);
    const tip = await fetchBranch(repository, deps.keepReleases + SPARE_COMMITS, deps.signal);
    return { repository, tip, kept: tip === null ? [] : await readKept(repository, tip), deps };
  };
  const locked = <T>(work: (state: State) => Promise<T>): Promise<T> =>
    withFileLock(
      path.join(deps.workDir, 'deploy-git', `${config.branch.replaceAll('/', '_')}.lock`),
      deps.now,
      async () => work(await open()),
    );
  return {
    name: config.name ?? config.branch,
    kind: 'git',
    list: async () => {
      const { kept } = await open();
      return distinct(kept)
        .slice(0, deps.keepReleases)
        .map((one) => describeDeployment(one.deploymentId, one.manifest, one === kept[0]));
    },
    manifest: async (releaseId) => find((await open()).kept, releaseId).manifest,
    deploy: (release) => locked((state) => deploy(release, state)),
    rollback: (releaseId) => locked((state) => rollback(releaseId, state)),
  };
}

async function deploy(release: LocalRelease, state: State): Promise<DeployOutcome> {
  const { repository, kept, deps } = state;
  const tree = await writeBlobs(repository, release);
  const live = kept[0] ? await readTree(repository, kept[0].commit) : new Map<string, string>();
  const known = new Set(live.values());
  const sent = release.files.filter((file) => !known.has(tree.get(file.path) ?? ''));
  // Without this file GitHub Pages drops what begins with an underscore.
  tree.set('.nojekyll', await writeBlob(repository, ''));
  // GitHub keeps a site's own domain in this file; a release without one must not take it away.
  const domain = live.get('CNAME');
  if (domain !== undefined && !tree.has('CNAME')) tree.set('CNAME', domain);
  const retained = await addRetained({ tree, manifest: release.manifest, from: distinct(kept), state });
  await commitAndPush({ tree, manifest: release.manifest, state, subject: `Release ${release.manifest.id}` });
  deps.log.advance(1, 1);
  return {
    releaseId: release.manifest.id,
    previousId: kept[0]?.manifest.id ?? null,
    uploadedFiles: sent.length,
    uploadedBytes: sent.reduce((sum, file) => sum + file.sizeBytes, 0),
    retainedFiles: retained,
    removedReleases: [],
  };
}

async function rollback(releaseId: string, state: State): Promise<DeployOutcome> {
  const { repository, kept } = state;
  const target = find(kept, releaseId);
  const source = await readTree(repository, target.commit);
  const own = new Set(target.manifest.files.map((file) => file.path));
  for (const file of own) {
    if (!source.has(file)) throw targetCorruptFault(file, repository.branch);
  }
  const retained = await addRetained({
    tree: source,
    manifest: target.manifest,
    from: kept.slice(0, 1),
    state,
  });
  await commitAndPush({
    tree: source,
    manifest: target.manifest,
    state,
    subject: `Roll back to ${target.manifest.id}`,
  });
  return {
    releaseId: target.manifest.id,
    previousId: kept[0]?.manifest.id ?? null,
    uploadedFiles: 0,
    uploadedBytes: 0,
    retainedFiles: retained,
    removedReleases: [],
  };
}

/** Files become blobs as they are: no line-end conversion and no other filter. */
async function writeBlobs(repository: GitRepository, release: LocalRelease): Promise<Tree> {
  const input = release.files.map((file) => `${path.join(release.dir, file.path)}\n`).join('');
  const output = await repository.run(['hash-object', '-w', '--no-filters', '--stdin-paths'], { input });
  const blobs = output.toString('utf8').split('\n');
  return new Map(release.files.map((file, index) => [file.path, blobs[index] ?? '']));
}

async function writeBlob(repository: GitRepository, text: string): Promise<string> {
  return (await repository.run(['hash-object', '-w', '--stdin'], { input: text })).toString('utf8').trim();
}

async function readTree(repository: GitRepository, commit: string): Promise<Tree> {
  const output = await repository.run(['ls-tree', '-r', '-z', commit]);
  const entries = output.toString('utf8').split('\0').filter(Boolean);
  return new Map(
    entries.map((entry): [string, string] => {
      const tab = entry.indexOf('\t');
      return [entry.slice(tab + 1), entry.slice(0, tab).split(' ')[2] ?? ''];
    }),
  );
}

async function addRetained(input: {
  tree: Tree;
  manifest: ReleaseManifest;
  from: readonly Kept[];
  state: State;
}): Promise<number> {
  const { tree, manifest, from, state } = input;
  const assets = retainedAssets(manifest, from, state.deps.keepReleases);
  const bySource = Map.groupBy(assets, (asset) => asset.from);
  let added = 0;
  for (const [source, group] of bySource) {
    const blobs = await readTree(state.repository, source.commit);
    added += group.filter(({ file }) => addBlob(tree, file, blobs.get(file.path))).length;
  }
  return added;
}

function addBlob(tree: Tree, file: ReleaseFile, blob: string | undefined): boolean {
  if (blob === undefined || tree.has(file.path)) return false;
  tree.set(file.path, blob);
  return true;
}

async function commitAndPush(input: {
  tree: Tree;
  manifest: ReleaseManifest;
  state: State;
  subject: string;
}): Promise<void> {
  const { repository, tip, kept, deps } = input.state;
  const index = path.join(repository.dir, `index-${randomBytes(6).toString('hex')}`);
  const env = { GIT_INDEX_FILE: index };
  try {
    const lines = [...input.tree].map(([file, blob]) => `100644 ${blob} 0\t${file}\0`).join('');
    await repository.run(['update-index', '-z', '--index-info'], { input: lines, env });
    const tree = (await repository.run(['write-tree'], { env })).toString('utf8').trim();
    const deploymentId = newDeploymentId({
      releaseId: input.manifest.id,
      now: deps.now(),
      newest: kept[0]?.deploymentId,
    });
    const parents = tip === null ? [] : ['-p', tip];
    const message = `${input.subject}\n\n${TRAILER}: ${deploymentId}\n`;
    const commit = (
      await repository.run(['commit-tree', tree, ...parents, '-F', '-'], {
        input: message,
        env: identity(deps),
      })
    )
      .toString('utf8')
      .trim();
    await push(input.state, commit);
  } finally {
    await rm(index, { force: true });
  }
}

async function push({ repository, deps }: State, commit: string): Promise<void> {
  const { url, branch } = repository;
  const result = await repository.attempt(['push', '--quiet', '--', url, `${commit}:refs/heads/${branch}`]);
  if (result.code === 0) return;
  if (
    /non-fast-forward|fetch first|stale info|cannot lock ref|reference already exists/i.test(result.stderr)
  ) {
    throw new FlowFault('deploy.locked', {
      text: {
        en: `Another deploy reached the branch ${branch} first; yours was not published.`,
        de: `Ein anderer Deploy war auf dem Zweig ${branch} schneller; dieser wurde nicht veröffentlicht.`,
      },
      fix: { en: 'Deploy again.', de: 'Erneut deployen.' },
    });
  }
  throw gitFault({ url, branch, result, signal: deps.signal });
}

function identity(deps: TargetDependencies): Record<string, string> {
  const date = `${Math.floor(deps.now().getTime() / 1000)} +0000`;
  const author = {
    name: deps.env.GIT_AUTHOR_NAME ?? 'cds flow',
    email: deps.env.GIT_AUTHOR_EMAIL ?? 'flow@localhost',
  };
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
    GIT_COMMITTER_DATE: date,
  };
}

/** The deployments of the branch, newest first; commits of others are passed over. */
async function readKept(repository: GitRepository, tip: string): Promise<Kept[]> {
  const format = `--format=%H %(trailers:key=${TRAILER},valueonly,separator=%x2C)`;
  const log = await repository.run(['log', '--first-parent', format, tip]);
  const kept: Kept[] = [];
  for (const line of log.toString('utf8').split('\n')) {
    const [commit = '', deploymentId = ''] = line.split(' ');
    if (deployedAt(deploymentId) === null) continue;
    const manifest = await repository.attempt(['show', `${commit}:${releaseManifestName}`]);
    if (manifest.code !== 0) continue;
    kept.push({
      commit,
      deploymentId,
      manifest: parseManifest(manifest.stdout.toString('utf8'), `${repository.branch}:${commit}`),
    });
  }
  return kept;
}

/** Each release once, by its newest deployment. */
function distinct(kept: readonly Kept[]): Kept[] {
  const seen = new Set<string>();
  return kept.filter((one) => {
    if (seen.has(one.manifest.id)) return false;
    seen.add(one.manifest.id);
    return true;
  });
}

function find(kept: readonly Kept[], releaseId: string): Kept {
  const found = kept.find((one) => one.manifest.id === releaseId || one.deploymentId === releaseId);
  if (found) return found;
  throw releaseUnknownFault(
    releaseId,
    distinct(kept).map((one) => one.manifest.id),
  );
}
