import { hkdfSync, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { fault } from '#base/fault.ts';

/** Derives the installation's keys: 32 bytes per purpose, the same in every process that shares the master key. */
export type SecretSource = (purpose: string) => Buffer;

function readOrCreateMasterKey(folder: string): Buffer {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, 'master.key');
  const draft = path.join(folder, `.master.key.${process.pid}.${randomBytes(4).toString('hex')}`);
  try {
    return parseMasterKey(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const descriptor = openSync(draft, 'wx', 0o600);
  writeSync(descriptor, `${randomBytes(32).toString('hex')}\n`);
  fsyncSync(descriptor);
  closeSync(descriptor);
  try {
    // link, not rename: of several processes that start at once, the first one's key wins.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return parseMasterKey(readFileSync(file, 'utf8'), file);
}

function parseMasterKey(text: string, file: string): Buffer {
  const hex = text.trim();
  if (!/^[0-9a-f]{64}$/i.test(hex)) {
    throw fault('config.invalid', { name: path.basename(file), reason: 'it must hold 64 hex digits' });
  }
  return Buffer.from(hex, 'hex');
}

/** From `CDS_SECRET_KEY`, or from `<dataDir>/secrets/master.key`, made on first start and readable by its owner alone. */
export function createSecrets(options: { secretKey: string | undefined; dataDir: string }): SecretSource {
  const master =
    options.secretKey === undefined
      ? readOrCreateMasterKey(path.join(options.dataDir, 'secrets'))
      : Buffer.from(options.secretKey, 'hex');
  const derived = new Map<string, Buffer>();
  return (purpose) => {
    const known = derived.get(purpose);
    if (known !== undefined) return known;
    const key = Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `cyberdevstudio/${purpose}`, 32));
    derived.set(purpose, key);
    return key;
  };
}
