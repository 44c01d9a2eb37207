// Runs inside of a sandbox that was granted the network: offers the proxy, which is a Unix socket, on a port of the
// sandbox's own loopback, because programs know proxies by host and port only. Then runs the program and ends as it ends.
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { constants } from 'node:os';

const [, , socketPath, port, command, ...args] = process.argv;

const server = createServer({ allowHalfOpen: true }, (client) => {
  const proxy = connect({ path: socketPath, allowHalfOpen: true });
  client.on('error', () => proxy.destroy());
  proxy.on('error', () => client.destroy());
  client.pipe(proxy);
  proxy.pipe(client);
});

server.on('error', (error) => {
  process.stderr.write(`The way to the network could not be opened: ${error.code}\n`);
  process.exit(125);
});

server.listen(Number(port), '127.0.0.1', () => {
  // Signals are for the program; this process ends when the program does.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGTSTP'])
    process.on(signal, () => {});
  const child = spawn(command, args, { stdio: 'inherit' });
  child.on('error', (error) => {
    process.stderr.write(`${command}: ${error.code === 'ENOENT' ? 'not found' : error.code}\n`);
    process.exit(error.code === 'ENOENT' ? 127 : 126);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
});
