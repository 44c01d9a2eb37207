// Runs named steps one after the other and tells how each ended.
import { spawn } from 'node:child_process';
import { root } from './toolchain.mjs';

/** Runs one command with its output shown; resolves with its exit code and the seconds it took. */
export function runStep(command, { env, cwd = root, timeoutMs }) {
  return new Promise((resolve) => {
    const startedMs = Date.now();
    const child = spawn(command[0], command.slice(1), { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
    const timer = timeoutMs ? setTimeout(() => child.kill('SIGKILL'), timeoutMs) : undefined;
    const forward = (signal) => child.kill(signal);
    process.on('SIGINT', forward);
    process.on('SIGTERM', forward);
    const end = (code) => {
      clearTimeout(timer);
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      resolve({ code, seconds: (Date.now() - startedMs) / 1000 });
    };
    child.on('error', () => end(127));
    child.on('exit', (code) => end(code ?? 1));
  });
}

/** Runs all steps, also after a failure, and returns the names of those that failed. */
export async function runSteps(steps, options) {
  const failed = [];
  for (const { name, command, cwd, env } of steps) {
    process.stdout.write(`\n── ${name}\n`);
    const { code, seconds } = await runStep(command, {
      ...options,
      ...(cwd ? { cwd } : {}),
      env: { ...options.env, ...env },
    });
    process.stdout.write(`${code === 0 ? 'ok' : 'FAILED'}  ${name}  ${seconds.toFixed(1)} s\n`);
    if (code !== 0) failed.push(name);
  }
  return failed;
}
