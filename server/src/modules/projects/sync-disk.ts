import { runProcess } from './git/process.ts';

/**
 * Makes everything below a folder durable at once (syncfs(2), which Node does not offer): one flush instead of one
 * per file where a project comes with hundreds of them.
 */
export async function syncDisk(folderPath: string): Promise<void> {
  const result = await runProcess({
    command: 'sync',
    args: ['--file-system', folderPath],
    environment: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    timeoutMs: 120_000,
    outputBytes: 4096,
  });
  if (result.exitCode !== 0)
    throw new Error(`sync failed: ${result.stderr.slice(0, 300) || 'it is missing'}`);
}
