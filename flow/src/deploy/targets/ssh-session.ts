import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { FlowFault } from '../../core/fault.ts';
import type { SshTargetConfig } from '../config.ts';
import { interruptedFault, targetFullFault, targetWriteFault } from '../faults.ts';
import { lastLine, shellQuote } from '../program.ts';

/** A shell on the server over one connection. Scripts run one after another. */
export interface SshSession extends AsyncDisposable {
  /** Runs a script under `set -e`, answers its output. @throws deploy.target_full, deploy.target_unwritable, deploy.ssh_lost */
  run(script: string): Promise<string>;
}

const LOCKED = 'cds-locked';
const READY = 'cds-ready';

/** The options every connection has: never a question, a time limit, a dead line noticed within a minute. */
export function sshOptions(config: SshTargetConfig): string[] {
  return [
    ...['-o', 'BatchMode=yes'],
    ...['-o', `ConnectTimeout=${config.connectTimeoutSeconds}`],
    ...['-o', 'ServerAliveInterval=15', '-o', 'ServerAliveCountMax=4'],
    ...(config.port === undefined ? [] : ['-p', String(config.port)]),
    ...(config.user === undefined ? [] : ['-l', config.user]),
    ...(config.identityFile === undefined
      ? []
      : ['-i', escapeTokens(config.identityFile), '-o', 'IdentitiesOnly=yes']),
    ...(config.knownHostsFile === undefined
      ? []
      : ['-o', `UserKnownHostsFile="${escapeTokens(config.knownHostsFile)}"`]),
  ];
}

/** ssh expands `%h` and the like in file names. */
function escapeTokens(file: string): string {
  return file.replaceAll('%', '%%');
}

/**
 * Opens a shell on the server. With `lock` it runs under flock(1) on `<path>/.deploy.lock`: the lock ends with the
 * connection, so neither a killed deploy nor a broken line leaves one behind.
 * @throws deploy.ssh_unreachable, deploy.ssh_denied, deploy.ssh_host_key, deploy.locked
 */
export async function openSshSession(
  config: SshTargetConfig,
  options: { lock: boolean; signal: AbortSignal },
): Promise<SshSession> {
  const root = shellQuote(config.path);
  const shell = options.lock ? `mkdir -p ${root} && exec flock -n -E 75 ${root}/.deploy.lock sh` : 'exec sh';
  const child = spawn('ssh', ['-T', ...sshOptions(config), '--', config.host, shell], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  const lines = createReader(child.stdout);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-16_384);
  });
  child.stdin.on('error', () => undefined);
  const exited = new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(127));
    child.on('close', (code) => {
      lines.end();
      resolve(code);
    });
  });
  const abort = () => child.kill('SIGTERM');
  options.signal.addEventListener('abort', abort, { once: true });

  const run = async (script: string): Promise<string> => {
    if (options.signal.aborted) throw interruptedFault();
    const marker = `cds-${randomBytes(12).toString('hex')}`;
    const errorsBefore = stderr.length;
    child.stdin.write(`(set -e\n${script}\n) </dev/null\nprintf '\\n%s %s\\n' ${marker} "$?"\n`);
    const { text, status } = await lines.until(marker);
    if (status === null) throw sessionFault(config, { code: await exited, stderr, signal: options.signal });
    if (status === 0) return text;
    const reason = stderr.slice(errorsBefore) || text;
    if (/No space left|quota exceeded/i.test(reason)) throw targetFullFault(`${config.host}:${config.path}`);
    throw targetWriteFault(`${config.host}:${config.path}`, new Error(lastLine(reason)));
  };
  const session: SshSession = {
    run,
    [Symbol.asyncDispose]: async () => {
      options.signal.removeEventListener('abort', abort);
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
        await once(child, 'close');
    },
  };
  try {
    await run(`echo ${options.lock ? LOCKED : READY}`);
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

type Answer = { text: string; status: number | null };

/** Collects output up to a line `<marker> <status>`; an end before that answers a null status. */
function createReader(stream: NodeJS.ReadableStream) {
  let buffer = '';
  let ended = false;
  let wake: () => void = () => undefined;
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    buffer += chunk;
    wake();
  });
  const take = (marker: string): Answer | null => {
    const match = new RegExp(`\\n${marker} (\\d+)\\n`).exec(buffer);
    if (!match) return ended ? { text: buffer, status: null } : null;
    const text = buffer.slice(0, match.index);
    buffer = buffer.slice(match.index + match[0].length);
    return { text, status: Number(match[1]) };
  };
  return {
    end: () => {
      ended = true;
      wake();
    },
    until: async (marker: string): Promise<Answer> => {
      for (;;) {
        const answer = take(marker);
        if (answer) return answer;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** Why a connection never came about or broke, as far as ssh says it. */
export function sessionFault(
  config: SshTargetConfig,
  end: { code: number | null; stderr: string; signal: AbortSignal },
): FlowFault {
  if (end.signal.aborted) return interruptedFault();
  const where = `${config.user ? `${config.user}@` : ''}${config.host}${config.port ? `:${config.port}` : ''}`;
  const reason = lastLine(end.stderr);
  if (end.code === 75) return lockedFault(where);
  if (end.code === 127) return programFault(where, reason);
  if (/Host key verification failed|REMOTE HOST IDENTIFICATION/i.test(end.stderr)) {
    return new FlowFault('deploy.ssh_host_key', {
      text: {
        en: `The host key of ${where} is unknown or has changed; nothing was sent.`,
        de: `Der Host-Schlüssel von ${where} ist unbekannt oder hat sich geändert; nichts wurde gesendet.`,
      },
      fix: {
        en: `Compare the key with the one the server shows, then: ssh-keyscan ${config.port ? `-p ${config.port} ` : ''}${config.host} >> ~/.ssh/known_hosts`,
        de: `Den Schlüssel mit dem des Servers vergleichen, dann: ssh-keyscan ${config.port ? `-p ${config.port} ` : ''}${config.host} >> ~/.ssh/known_hosts`,
      },
    });
  }
  if (/Permission denied/i.test(end.stderr)) {
    return new FlowFault('deploy.ssh_denied', {
      text: {
        en: `${where} refuses this key: ${reason}`,
        de: `${where} lehnt diesen Schlüssel ab: ${reason}`,
      },
      fix: {
        en: `Install the public key: ssh-copy-id ${where}`,
        de: `Den öffentlichen Schlüssel hinterlegen: ssh-copy-id ${where}`,
      },
    });
  }
  return new FlowFault('deploy.ssh_unreachable', {
    text: {
      en: `No connection to ${where}: ${reason || 'it broke'}. The live release is unchanged.`,
      de: `Keine Verbindung zu ${where}: ${reason || 'abgebrochen'}. Das laufende Release ist unverändert.`,
    },
    fix: { en: `Try: ssh ${where} true`, de: `Probieren: ssh ${where} true` },
  });
}

function lockedFault(where: string): FlowFault {
  return new FlowFault('deploy.locked', {
    text: { en: `Another deploy to ${where} is running.`, de: `Ein anderer Deploy nach ${where} läuft.` },
    fix: {
      en: 'Wait for it to end; its lock ends with its connection.',
      de: 'Auf sein Ende warten; seine Sperre endet mit seiner Verbindung.',
    },
  });
}

function programFault(where: string, reason: string): FlowFault {
  return new FlowFault('deploy.program_missing', {
    text: {
      en: `A program is missing here or on ${where} (ssh, flock, rsync): ${reason}`,
      de: `Ein Programm fehlt hier oder auf ${where} (ssh, flock, rsync): ${reason}`,
    },
    fix: {
      en: 'Install it: apt-get install openssh-client rsync util-linux',
      de: 'Installieren: apt-get install openssh-client rsync util-linux',
    },
  });
}
