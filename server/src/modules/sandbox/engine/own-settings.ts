import { createHash, randomUUID } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** Settings of the system that programs look for; copied, so that one mount shows them all and no secret is among them. */
const systemSettings = [
  'alternatives',
  'ca-certificates.conf',
  'fonts',
  'java-11-openjdk',
  'java-17-openjdk',
  'java-21-openjdk',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'ld-musl-x86_64.path',
  'ld-musl-aarch64.path',
  'localtime',
  'mime.types',
  'pki/ca-trust/extracted/pem',
  'pki/tls/certs',
  'protocols',
  'python3',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
  'terminfo',
];

/** Files of an own /etc, without a name of a person or machine. */
const generatedSettings: Readonly<Record<string, string>> = {
  passwd: 'user:x:1000:1000:user:/tmp/home:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  group: 'user:x:1000:\nnogroup:x:65534:\n',
  hosts: '127.0.0.1 localhost sandbox\n::1 localhost\n',
  hostname: 'sandbox\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
  'resolv.conf': '# Names are resolved by the proxy, when the project may use the network.\n',
  gitconfig: '[init]\n\tdefaultBranch = main\n[user]\n\tname = user\n\temail = user@sandbox.invalid\n',
  shells: '/bin/sh\n/bin/bash\n',
  profile: 'PS1="\\w $ "\n',
  'bash.bashrc': 'PS1="\\[\\e[36m\\]\\w\\[\\e[0m\\] \\$ "\n',
};

const keptVersions = 3;
/** Nobody takes longer to make one; what is older was left by a process that died. */
const draftForMs = 600_000;

/**
 * An own /etc for sandboxes, below `folder`; returns its path. It is made once for each state of the host's settings
 * and kept: several hundred files and links cost a third of a second on a slow disk. Made aside and renamed, so that
 * several processes may do it at once. The last three states stay, for processes that began with an older one.
 */
export function ownSettings(folder: string): string {
  const fingerprint = fingerprintOfSettings();
  const settings = path.join(folder, fingerprint);
  if (!existsSync(settings)) {
    const draft = path.join(folder, `new-${randomUUID()}`);
    mkdirSync(draft, { recursive: true, mode: 0o755 });
    for (const name of systemSettings) copyPublic(`/etc/${name}`, path.join(draft, name));
    for (const [name, content] of Object.entries(generatedSettings)) {
      writeFileSync(path.join(draft, name), content, { mode: 0o644 });
    }
    moveUnlessThere(draft, settings);
  }
  const now = new Date();
  utimesSync(settings, now, now);
  removeOlder(folder);
  return settings;
}

function moveUnlessThere(draft: string, target: string): void {
  try {
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Another process was first.
    if (!existsSync(target)) throw error;
  }
}

function removeOlder(folder: string): void {
  const byAge = readdirSync(folder)
    .map((name) => path.join(folder, name))
    .flatMap((file) => {
      const stats = lstatSync(file, { throwIfNoEntry: false });
      if (stats === undefined) return [];
      const underWay = path.basename(file).startsWith('new-') && stats.mtimeMs > Date.now() - draftForMs;
      return underWay ? [] : [{ file, usedMs: stats.mtimeMs }];
    })
    .toSorted((a, b) => b.usedMs - a.usedMs);
  for (const { file } of byAge.slice(keptVersions)) rmSync(file, { recursive: true, force: true });
}

/** SHA-256 over name, kind, mode, size, time and link target of all that is copied, and over what is generated. */
function fingerprintOfSettings(): string {
  const hash = createHash('sha256').update(JSON.stringify(generatedSettings));
  function visit(file: string): void {
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return;
    const target = stats.isSymbolicLink() ? readlinkSync(file) : '';
    hash.update(`${file}\0${stats.mode}\0${stats.size}\0${stats.mtimeMs}\0${target}\0`);
    if (stats.isDirectory()) for (const name of readdirSync(file)) visit(path.join(file, name));
  }
  for (const name of systemSettings) visit(`/etc/${name}`);
  return hash.digest('hex');
}

/** Copies a file or folder, links as links, but only what everybody on the host may read. */
function copyPublic(source: string, target: string): void {
  const stats = lstatSync(source, { throwIfNoEntry: false });
  // Most systems have only some of them.
  if (stats === undefined) return;
  mkdirSync(path.dirname(target), { recursive: true });
  if (stats.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
  else if (stats.isFile() && (stats.mode & 0o004) !== 0) copyFileSync(source, target);
  else if (stats.isDirectory() && (stats.mode & 0o005) === 0o005) {
    mkdirSync(target, { mode: 0o755 });
    for (const name of readdirSync(source)) copyPublic(path.join(source, name), path.join(target, name));
  }
}
