import { randomBytes } from 'node:crypto';
import { isFlowFault } from '../../core/fault.ts';
import { type ReleaseFile, type ReleaseManifest, releaseManifestName } from '../../core/layout.ts';
import type { SshTargetConfig } from '../config.ts';
import { deployedAt, describeDeployment, newDeploymentId, surplusDeployments } from '../deployment-id.ts';
import {
  interruptedFault,
  releaseUnknownFault,
  targetCorruptFault,
  targetFullFault,
  targetWriteFault,
} from '../faults.ts';
import { parseManifest } from '../manifest.ts';
import { lastLine, runProgram, shellQuote } from '../program.ts';
import { applyContentTimes, type LocalRelease } from '../release.ts';
import { retainedAssets } from '../retention.ts';
import type { DeployOutcome, DeployTarget, TargetDependencies } from '../target.ts';
import { INCOMING, LIVE_LINK } from './local-folder.ts';
import { openSshSession, type SshSession, sessionFault, sshOptions } from './ssh-session.ts';

/** rsync accepts at most 20 folders to link from. */
const MOST_LINK_FOLDERS = 20;

type Kept = Readonly<{ deploymentId: string; manifest: ReleaseManifest }>;
type Server = Readonly<{ config: SshTargetConfig; deps: TargetDependencies; session: SshSession }>;
type ServerState = Readonly<{ kept: readonly Kept[]; live: string | null }>;

/**
 * A folder on a server, laid out as a local target's. One connection holds the lock and runs the steps, rsync brings the
 * bytes: compared by checksum (times alone skipped 527 changed files), linked to earlier releases where equal, and
 * compared again by SHA-256 on the server before the switch.
 */
export function createSshTarget(config: SshTargetConfig, deps: TargetDependencies): DeployTarget {
  const within = async <T>(lock: boolean, work: (server: Server) => Promise<T>): Promise<T> => {
    await using session = await openSshSession(config, { lock, signal: deps.signal });
    return await work({ config, deps, session });
  };
  return {
    name: config.name ?? config.host,
    kind: 'ssh',
    list: () =>
      within(false, async (server) => {
        const { kept, live } = await readState(server);
        return kept.map((one) =>
          describeDeployment(one.deploymentId, one.manifest, one.deploymentId === live),
        );
      }),
    manifest: (releaseId) =>
      within(false, async (server) => find(await readState(server), releaseId).manifest),
    deploy: (release) => within(true, (server) => deploy(release, server)),
    rollback: (releaseId) => within(true, (server) => rollback(releaseId, server)),
  };
}

async function deploy(release: LocalRelease, server: Server): Promise<DeployOutcome> {
  const { config, deps, session } = server;
  const root = shellQuote(config.path);
  await session.run(
    `umask 022; mkdir -p ${root}/releases; cd ${root}; rm -rf releases/${INCOMING}* .${LIVE_LINK}-*`,
  );
  const state = await readState(server);
  const incoming = `releases/${INCOMING}${randomBytes(6).toString('hex')}`;
  try {
    await applyContentTimes(release.dir, release.files);
    const sent = await sendFiles({ release, incoming, state, server });
    const retained = retainedAssets(release.manifest, state.kept, deps.keepReleases);
    await linkRetained(session, { root, incoming, retained });
    await compareSums(server, incoming, release.files);
    const deploymentId = newDeploymentId({
      releaseId: release.manifest.id,
      now: deps.now(),
      newest: state.kept[0]?.deploymentId,
    });
    await session.run(
      `cd ${root}; sync -f ${incoming} 2>/dev/null || true; mv -T ${incoming} ${shellQuote(`releases/${deploymentId}`)}`,
    );
    await switchTo(server, deploymentId);
    const ids = [deploymentId, ...state.kept.map((one) => one.deploymentId)];
    const removedReleases = surplusDeployments(ids, deploymentId, deps.keepReleases);
    await removeReleases(server, removedReleases);
    return {
      ...outcome(release.manifest.id, state),
      ...sent,
      retainedFiles: retained.length,
      removedReleases,
    };
  } catch (error) {
    // Best effort: the line may be gone; the next deploy cleans up as well.
    await session.run(`rm -rf ${root}/${incoming}`).catch(() => undefined);
    throw error;
  }
}

async function rollback(releaseId: string, server: Server): Promise<DeployOutcome> {
  const state = await readState(server);
  const target = find(state, releaseId);
  const folder = `releases/${target.deploymentId}`;
  await compareSums(server, folder, target.manifest.files);
  const previous = state.kept.filter((one) => one.deploymentId === state.live && one !== target);
  const retained = retainedAssets(target.manifest, previous, server.deps.keepReleases);
  await linkRetained(server.session, { root: shellQuote(server.config.path), incoming: folder, retained });
  await switchTo(server, target.deploymentId);
  return {
    ...outcome(target.manifest.id, state),
    uploadedFiles: 0,
    uploadedBytes: 0,
    retainedFiles: retained.length,
    removedReleases: [],
  };
}

function outcome(releaseId: string, state: ServerState): Pick<DeployOutcome, 'releaseId' | 'previousId'> {
  const previous = state.kept.find((one) => one.deploymentId === state.live);
  return { releaseId, previousId: previous?.manifest.id ?? null };
}

async function readState({ config, session }: Server): Promise<ServerState> {
  const root = shellQuote(config.path);
  const listing = await session.run(
    `cd ${root} 2>/dev/null || exit 0; readlink ${LIVE_LINK} || echo; for folder in releases/*/; do [ -f "$folder"${releaseManifestName} ] && printf '%s\\n' "$folder"; done; true`,
  );
  const [link = '', ...folders] = listing.split('\n');
  const ids = folders
    .map((folder) => folder.split('/')[1] ?? '')
    .filter((id) => deployedAt(id) !== null && /^[A-Za-z0-9._-]+$/.test(id))
    .sort()
    .reverse();
  const kept: Kept[] = [];
  for (const deploymentId of ids) {
    const text = await session.run(`cat ${root}/releases/${deploymentId}/${releaseManifestName}`);
    kept.push({ deploymentId, manifest: parseManifest(text, `${config.host}:${deploymentId}`) });
  }
  return { kept, live: link.split('/')[1] ?? null };
}

function find(state: ServerState, releaseId: string): Kept {
  const found = state.kept.find((one) => one.manifest.id === releaseId || one.deploymentId === releaseId);
  if (found) return found;
  throw releaseUnknownFault(
    releaseId,
    state.kept.map((one) => one.manifest.id),
  );
}

async function sendFiles(input: {
  release: LocalRelease;
  incoming: string;
  state: ServerState;
  server: Server;
}): Promise<Pick<DeployOutcome, 'uploadedFiles' | 'uploadedBytes'>> {
  const { config, deps } = input.server;
  const where = `${config.host}:${config.path}`;
  const remoteShell = ['ssh', '-T', ...sshOptions(config)].map(rsyncQuote).join(' ');
  const links = input.state.kept
    .slice(0, MOST_LINK_FOLDERS)
    .map((one) => `--link-dest=${config.path}/releases/${one.deploymentId}`);
  const result = await runProgram({
    command: 'rsync',
    args: [
      ...[
        '--recursive',
        '--times',
        '--perms',
        '--chmod=D755,F644',
        '--checksum',
        '--protect-args',
        '--stats',
      ],
      ...[`--rsh=${remoteShell}`, ...links, '--'],
      `${input.release.dir.replace(/\/*$/, '')}/`,
      `${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.path}/${input.incoming}/`,
    ],
    env: { ...process.env, LC_ALL: 'C' },
    signal: deps.signal,
  });
  if (result.code === 0) return readStatistics(result.stdout.toString('utf8'));
  if (deps.signal.aborted) throw interruptedFault();
  if (/No space left|quota exceeded/i.test(result.stderr)) throw targetFullFault(where);
  // A full disk at times ends rsync before its message has come through: then the server is asked.
  if (result.stderr.trim() === '' && (await lacksRoom(input))) throw targetFullFault(where);
  if (result.missing || /rsync: (?:command )?not found/.test(result.stderr)) {
    throw sessionFault(config, { code: 127, stderr: 'rsync', signal: deps.signal });
  }
  if (result.code === 255 || result.code === 12 || result.code === 30) {
    throw sessionFault(config, { code: result.code, stderr: result.stderr, signal: deps.signal });
  }
  throw targetWriteFault(where, new Error(lastLine(result.stderr)));
}

/** Whether the server's disk has less room than the release needs at most. */
async function lacksRoom({ server, release }: { server: Server; release: LocalRelease }): Promise<boolean> {
  const answer = await server.session
    .run(`df -Pk ${shellQuote(server.config.path)} | tail -n 1`)
    .catch(() => '');
  const availableKb = Number(answer.trim().split(/\s+/)[3] ?? Number.NaN);
  const neededBytes = release.manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return Number.isFinite(availableKb) && availableKb * 1024 < neededBytes;
}

/** rsync splits `--rsh` at blanks and knows quotes, doubled inside themselves, but no backslashes (rsync(1)). */
function rsyncQuote(word: string): string {
  return /[\s'"]/.test(word) ? `'${word.replaceAll("'", "''")}'` : word;
}

function readStatistics(text: string): Pick<DeployOutcome, 'uploadedFiles' | 'uploadedBytes'> {
  const number = (label: RegExp) => Number((label.exec(text)?.[1] ?? '0').replaceAll(',', ''));
  return {
    uploadedFiles: number(/regular files transferred: ([\d,]+)/),
    uploadedBytes: number(/transferred file size: ([\d,]+)/),
  };
}

/** Links the assets on the server; `./` keeps rsync from reading a name that begins with # or ; as a comment. */
async function linkRetained(
  session: SshSession,
  place: { root: string; incoming: string; retained: ReadonlyArray<{ file: ReleaseFile; from: Kept }> },
): Promise<void> {
  const bySource = Map.groupBy(place.retained, (asset) => asset.from.deploymentId);
  for (const [deploymentId, assets] of bySource) {
    const list = assets.map((asset) => `./${asset.file.path}`).join('\n');
    const source = `"$PWD"/releases/${deploymentId}`;
    await session.run(
      withInput(
        `cd ${place.root}; rsync --times --perms --ignore-existing --files-from=- --link-dest=${source} ${source}/ ${place.incoming}/`,
        list,
      ),
    );
  }
}

async function compareSums(server: Server, folder: string, files: readonly ReleaseFile[]): Promise<void> {
  const { config, session } = server;
  const sums = files.map((file) => `${file.sha256}  ./${file.path}`).join('\n');
  const report = await session.run(
    withInput(`cd ${shellQuote(config.path)}/${folder}; sha256sum --check --quiet - 2>&1 || true`, sums),
  );
  const failed = /^\.\/(.+): FAILED/m.exec(report)?.[1];
  if (failed) throw targetCorruptFault(failed, `${config.host}:${config.path}/${folder}`);
  if (report.trim() !== '') throw targetWriteFault(config.host, new Error(lastLine(report)));
}

/** A command list that gets a text as its input, as a here-document with an end nobody can guess. */
function withInput(commands: string, text: string): string {
  const end = `cds-${randomBytes(9).toString('hex')}`;
  return `{ ${commands}; } <<'${end}'\n${text}\n${end}`;
}

async function switchTo({ config, session }: Server, deploymentId: string): Promise<void> {
  const temporary = `.${LIVE_LINK}-${randomBytes(6).toString('hex')}`;
  await session.run(
    `cd ${shellQuote(config.path)}; ln -s releases/${deploymentId} ${temporary}; mv -T ${temporary} ${LIVE_LINK} || { rm -f ${temporary}; exit 1; }; sync -f . 2>/dev/null || true`,
  );
}

async function removeReleases({ config, session, deps }: Server, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const doomed = `releases/${INCOMING}${id}`;
    try {
      await session.run(`cd ${shellQuote(config.path)}; mv -T releases/${id} ${doomed}; rm -rf ${doomed}`);
    } catch (error) {
      // The new release is live by now; what could not be removed goes with the next deploy.
      if (!isFlowFault(error)) throw error;
      deps.log.warn({ code: 'deploy.old_release_left', text: error.text, fix: error.fix });
    }
  }
}
