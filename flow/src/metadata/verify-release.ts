import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { FlowFault, throwAll } from '../core/fault.ts';
import { hashFile } from '../core/hash-file.ts';
import {
  buildInfoName,
  checksumsName,
  minisignSignatureName,
  provenanceName,
  releaseManifestName,
  sshSignatureName,
} from '../core/layout.ts';
import { runProgram } from '../deploy/program.ts';
import { type LocalRelease, readLocalRelease } from '../deploy/release.ts';
import { parseChecksums } from './checksums.ts';
import { verifyMinisign } from './minisign.ts';
import { signatureNamespace } from './sign.ts';

export interface VerifyReleaseRequest {
  readonly dir: string;
  /** The public key (an SSH or a minisign .pub file) that must have signed it; a signed release needs one. */
  readonly publicKeyFile?: string;
  readonly signal: AbortSignal;
}

export interface VerifiedRelease {
  readonly id: string;
  readonly label: string;
  readonly files: number;
  readonly signature: 'ssh' | 'minisign' | 'none';
}

/**
 * Proves that a release folder is exactly what step 5 wrote: every byte of every file, none missing, none added, the sums, the
 * provenance, and the signature by the given key. Anything that can't be checked is a fault, never a success.
 * @throws deploy.release_missing, deploy.release_invalid, deploy.release_tampered, release.sums_wrong, release.provenance_wrong,
 * release.signature_missing, release.signature_wrong, release.key_needed
 */
export async function verifyRelease(request: VerifyReleaseRequest): Promise<VerifiedRelease> {
  const release = await readLocalRelease(request.dir);
  throwAll(await sumFaults(release));
  throwAll([...(await provenanceFaults(release)), ...(await labelFaults(release))]);
  const signature = await verifySignature(release, request);
  return { id: release.manifest.id, label: release.manifest.label, files: release.files.length, signature };
}

const signatureNames = [sshSignatureName, minisignSignatureName];

/** SHA256SUMS must name every file but itself and its signature, each with its sum, and nothing else. */
async function sumFaults({ dir, files }: LocalRelease): Promise<FlowFault[]> {
  const sums = parseChecksums(await readText(dir, checksumsName));
  if (sums === null) return [sumsFault(checksumsName)];
  const expected = new Map(files.map((file) => [file.path, file.sha256]));
  for (const name of [checksumsName, ...signatureNames]) expected.delete(name);
  const names = new Set([...sums.keys(), ...expected.keys()]);
  return [...names].filter((name) => sums.get(name) !== expected.get(name)).map(sumsFault);
}

async function provenanceFaults({ dir }: LocalRelease): Promise<FlowFault[]> {
  const { sha256 } = await hashFile(path.join(dir, releaseManifestName));
  const subject = parseJson(await readText(dir, provenanceName)) as {
    subject?: { name?: unknown; digest?: { sha256?: unknown } }[];
  } | null;
  const [first] = Array.isArray(subject?.subject) ? subject.subject : [];
  const fits = first?.name === releaseManifestName && first.digest?.sha256 === sha256;
  return fits ? [] : [provenanceFault(provenanceName)];
}

async function labelFaults({ dir, manifest }: LocalRelease): Promise<FlowFault[]> {
  const info = parseJson(await readText(dir, buildInfoName)) as {
    id?: unknown;
    contentHash?: unknown;
  } | null;
  return info?.id === manifest.id && info.contentHash === manifest.contentHash
    ? []
    : [provenanceFault(buildInfoName)];
}

async function verifySignature(
  release: LocalRelease,
  request: VerifyReleaseRequest,
): Promise<VerifiedRelease['signature']> {
  const present = signatureNames.filter((name) => release.files.some((file) => file.path === name));
  const { publicKeyFile } = request;
  if (publicKeyFile === undefined) {
    if (present.length > 0) throw keyNeededFault(present.join(', '));
    return 'none';
  }
  const key = await readFile(publicKeyFile, 'utf8').catch((cause: unknown) => {
    throw keyNeededFault(publicKeyFile, cause);
  });
  const isSsh = /^(?:ssh-|ecdsa-|sk-)/.test(key);
  const name = isSsh ? sshSignatureName : minisignSignatureName;
  if (!present.includes(name)) throw signatureMissingFault(name);
  const content = await readFile(path.join(release.dir, checksumsName));
  const fits = isSsh
    ? await verifySsh({ dir: release.dir, content, key, signal: request.signal })
    : verifyMinisign(content, await readText(release.dir, name), key);
  if (!fits) throw signatureWrongFault(name);
  return isSsh ? 'ssh' : 'minisign';
}

async function verifySsh(input: {
  dir: string;
  content: Buffer;
  key: string;
  signal: AbortSignal;
}): Promise<boolean> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cds-flow-key-'));
  try {
    const signers = path.join(folder, 'signers');
    const [type, body] = input.key.trim().split(/\s+/);
    await writeFile(signers, `release namespaces="${signatureNamespace}" ${type} ${body}\n`);
    const args = [
      '-Y',
      'verify',
      '-f',
      signers,
      '-I',
      'release',
      '-n',
      signatureNamespace,
      '-s',
      path.join(input.dir, sshSignatureName),
    ];
    const result = await runProgram({
      command: 'ssh-keygen',
      args,
      input: input.content,
      signal: input.signal,
      timeoutMs: 60_000,
    });
    if (result.missing) throw keyNeededFault('ssh-keygen');
    return result.code === 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readText(dir: string, name: string): Promise<string> {
  return readFile(path.join(dir, name), 'utf8').catch(() => '');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const rebuild = {
  en: 'Do not use it. Build it anew: cds flow build',
  de: 'Nicht verwenden. Neu bauen: cds flow build',
};

function sumsFault(file: string): FlowFault {
  return new FlowFault('release.sums_wrong', {
    file,
    text: {
      en: `${file} and ${checksumsName} do not fit each other.`,
      de: `${file} und ${checksumsName} passen nicht zueinander.`,
    },
    fix: rebuild,
  });
}

function provenanceFault(file: string): FlowFault {
  return new FlowFault('release.provenance_wrong', {
    file,
    text: { en: `${file} speaks of another release.`, de: `${file} spricht von einem anderen Release.` },
    fix: rebuild,
  });
}

function signatureMissingFault(file: string): FlowFault {
  return new FlowFault('release.signature_missing', {
    file,
    text: {
      en: `There is no ${file}: the release is not signed by a key of that kind.`,
      de: `${file} fehlt: Das Release ist nicht mit einem solchen Schlüssel signiert.`,
    },
    fix: {
      en: 'Do not use it, if it should be signed.',
      de: 'Nicht verwenden, wenn es signiert sein sollte.',
    },
  });
}

function signatureWrongFault(file: string): FlowFault {
  return new FlowFault('release.signature_wrong', {
    file,
    text: {
      en: `${file} is not a signature of these sums by that key.`,
      de: `${file} ist keine Signatur dieser Summen mit jenem Schlüssel.`,
    },
    fix: {
      en: 'Do not use it. Check that the key is the right one.',
      de: 'Nicht verwenden. Prüfen, ob es der richtige Schlüssel ist.',
    },
  });
}

function keyNeededFault(what: string, cause?: unknown): FlowFault {
  return new FlowFault('release.key_needed', {
    text: {
      en: `The signature could not be checked (${what}): the public key or the program for it is missing.`,
      de: `Die Signatur ließ sich nicht prüfen (${what}): Der öffentliche Schlüssel oder das Programm dafür fehlt.`,
    },
    fix: {
      en: 'Name the key: cds flow verify-release DIR --key FILE.pub',
      de: 'Den Schlüssel nennen: cds flow verify-release ORDNER --key DATEI.pub',
    },
    cause,
  });
}
