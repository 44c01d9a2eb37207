import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FlowFault } from '../core/fault.ts';
import { checksumsName, minisignSignatureName, sshSignatureName } from '../core/layout.ts';
import type { FlowContext } from '../core/step.ts';
import { lastLine, runProgram } from '../deploy/program.ts';

/** What an SSH signature is for, so that one made for git can't be passed off as one of a release. */
export const signatureNamespace = 'cds-flow';

/**
 * Signs SHA256SUMS, which holds the sum of every other file. Returns the name of the signature file, or null without a key in the
 * settings. A key with a password: ssh-agent for SSH keys, MINISIGN_PASSWORD for minisign.
 * @throws metadata.key_missing, metadata.sign_failed
 */
export async function signRelease(context: FlowContext, releaseIdText: string): Promise<string | null> {
  const settings = context.config.metadata.signature;
  if (settings === undefined) return null;
  const keyFile = keyPath(context, settings.keyFile);
  const key = await readFile(keyFile, 'utf8').catch((cause: unknown) => {
    throw keyFault(settings.keyFile, cause);
  });
  return settings.kind === 'ssh'
    ? signWithSsh(context, keyFile)
    : signWithMinisign(context, key, releaseIdText);
}

/** The path that the settings mean; relative ones start at the site's folder. @throws metadata.key_missing */
export function keyPath(context: Pick<FlowContext, 'env' | 'rootDir'>, setting: string): string {
  const name = /^env:(.+)$/.exec(setting)?.[1];
  const file = name === undefined ? setting : context.env[name];
  if (file === undefined || file === '') throw keyFault(setting, undefined);
  return path.resolve(context.rootDir, file);
}

async function signWithSsh(context: FlowContext, keyFile: string): Promise<string> {
  const target = path.join(context.releaseDir, checksumsName);
  await rm(path.join(context.releaseDir, sshSignatureName), { force: true });
  const result = await runProgram({
    command: 'ssh-keygen',
    args: ['-Y', 'sign', '-n', signatureNamespace, '-f', keyFile, target],
    // Without a terminal it must not wait for a password.
    env: { ...process.env, ...context.env, SSH_ASKPASS_REQUIRE: 'never' },
    signal: context.signal,
    timeoutMs: 60_000,
  });
  if (result.code !== 0)
    throw signFault(result.missing ? 'ssh-keygen: not installed' : lastLine(result.stderr));
  return sshSignatureName;
}

async function signWithMinisign(
  context: FlowContext,
  keyText: string,
  releaseIdText: string,
): Promise<string> {
  const { readMinisignKey, signMinisign } = await import('./minisign.ts');
  const key = readMinisignKey(keyText, context.env.MINISIGN_PASSWORD ?? '');
  if (key === null) throw signFault('no minisign secret key, or MINISIGN_PASSWORD does not fit');
  const content = await readFile(path.join(context.releaseDir, checksumsName));
  await writeFile(
    path.join(context.releaseDir, minisignSignatureName),
    signMinisign(content, key, `release ${releaseIdText}`),
  );
  return minisignSignatureName;
}

function keyFault(setting: string, cause: unknown): FlowFault {
  return new FlowFault('metadata.key_missing', {
    file: 'flow.config.ts',
    text: {
      en: `The signing key (${setting}) can't be read.`,
      de: `Der Signaturschlüssel (${setting}) lässt sich nicht lesen.`,
    },
    fix: {
      en: 'Correct metadata.signature.keyFile, or set the variable it names.',
      de: 'metadata.signature.keyFile berichtigen oder die genannte Variable setzen.',
    },
    cause,
  });
}

function signFault(reason: string): FlowFault {
  return new FlowFault('metadata.sign_failed', {
    text: {
      en: `The release could not be signed: ${reason}`,
      de: `Das Release ließ sich nicht signieren: ${reason}`,
    },
    fix: {
      en: 'For a key with a password: ssh-add (SSH), or MINISIGN_PASSWORD (minisign).',
      de: 'Für einen Schlüssel mit Passwort: ssh-add (SSH) oder MINISIGN_PASSWORD (minisign).',
    },
  });
}
