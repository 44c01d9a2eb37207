import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Whether a program is installed; a test that needs it skips with its Debian package named. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], {
      stdio: 'ignore',
      env: { PATH: `${process.env.PATH}:/usr/sbin` },
    });
    return true;
  } catch {
    return false;
  }
}

/** A real nginx with one site on a free port; ends with the test. `serverBlock` gets the address to listen on. */
export async function startNginx(
  t: TestContext,
  folder: string,
  serverBlock: (listen: string) => string,
): Promise<string> {
  const port = await freePort();
  const config = path.join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/nginx-${kind};`,
  );
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  await writeFile(
    config,
    `daemon off; ${user} worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/nginx-error.log;
events { worker_connections 256; }
http { access_log off; ${temporary.join(' ')}
${serverBlock(`127.0.0.1:${port}`)} }`,
  );
  const child = spawn('nginx', ['-e', `${folder}/nginx-error.log`, '-c', config], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  stopAfter(t, child, 'SIGTERM');
  return awaitServer(`http://127.0.0.1:${port}`, child);
}

/** A real Caddy with one site on a free port; ends with the test. */
export async function startCaddy(
  t: TestContext,
  folder: string,
  siteBlock: (listen: string) => string,
): Promise<string> {
  const port = await freePort();
  const config = path.join(folder, 'Caddyfile');
  await writeFile(config, `{\n\tadmin off\n\tauto_https off\n}\n${siteBlock(`http://127.0.0.1:${port}`)}`);
  const child = spawn('caddy', ['run', '--config', config, '--adapter', 'caddyfile'], {
    stdio: 'ignore',
    env: { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  stopAfter(t, child, 'SIGTERM');
  return awaitServer(`http://127.0.0.1:${port}`, child);
}

/** Ends a process when the test does, and waits until it is gone. */
export function stopAfter(t: TestContext, child: ChildProcess, signal: NodeJS.Signals): void {
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  });
}

async function awaitServer(url: string, child: ChildProcess): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const answered = await fetch(url).then(
      (response) => response.arrayBuffer().then(() => true),
      () => false,
    );
    if (answered) return url;
    await delay(50);
  }
  throw new Error(`${url} does not answer`);
}
