import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fault } from '#base/fault.ts';
import { holdFile } from './held-file.ts';

/**
 * Takes the data folder for this process. What a killed process left is taken over; of two that start at once, one.
 * @throws database.folder_in_use with the pid of the process that has it
 */
export function lockDataFolder(dataDir: string): Disposable {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const held = holdFile(path.join(dataDir, 'server.lock'));
  if ('heldBy' in held) throw fault('database.folder_in_use', { pid: held.heldBy });
  return held;
}
