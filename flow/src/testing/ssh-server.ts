import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, hasProgram, stopAfter } from './servers.ts';

export type SshServer = Readonly<{
  host: string;
  port: number;
  user: string;
  identityFile: string;
  knownHostsFile: string;
}>;

/** Why no test against sshd can run here, or false. */
export function sshSkipReason(): string | false {
  const missing = ['sshd', 'ssh', 'rsync', 'flock'].filter((name) => !hasProgram(name));
  return (
    missing.length > 0 && `missing: ${missing.join(', ')} (apt-get install openssh-server rsync util-linux)`
  );
}

/** A real sshd on loopback with keys of its own in `folder`; ends with the test. */
export async function startSshServer(t: TestContext, folder: string): Promise<SshServer> {
  const port = await freePort();
  const user = os.userInfo().username;
  const file = (name: string) => path.join(folder, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of ['host key', 'user key']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
  }
  await writeFile(file('authorized'), await readFile(file('user key.pub')));
  await chmod(file('authorized'), 0o600);
  await writeFile(file('known'), `[127.0.0.1]:${port} ${await readFile(file('host key.pub'), 'utf8')}`);
  await writeFile(
    file('sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey "${file('host key')}"`,
      `AuthorizedKeysFile "${file('authorized')}"`,
      'PidFile none',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin yes',
      'StrictModes no',
      'UsePAM no',
    ].join('\n'),
  );
  // sshd of Debian insists on this folder, which its service otherwise makes at start.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', file('sshd_config')], { stdio: 'ignore' });
  stopAfter(t, child, 'SIGTERM');
  await awaitPort(port);
  return { host: '127.0.0.1', port, user, identityFile: file('user key'), knownHostsFile: file('known') };
}

async function awaitPort(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      }).on('error', () => resolve(false));
    });
    if (open) return;
    await delay(50);
  }
  throw new Error(`sshd does not listen on ${port}`);
}
