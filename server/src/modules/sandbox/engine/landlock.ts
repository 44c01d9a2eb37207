import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { findProgram } from './probe.ts';

const run = promisify(execFile);

/** Landlock as this machine has it: the version of the kernel's interface, and the program by which it is reached. */
export interface Landlock {
  readonly version: number;
  readonly perl: string;
}

/** Folders that a confined program may read and run things from; what does not exist is left out. */
const readableFolders = ['/usr', '/bin', '/lib', '/lib64', '/etc', '/opt', '/proc', '/dev'];

/**
 * Landlock's system calls (444 to 446 on every architecture; Documentation/userspace-api/landlock.rst of the kernel). Node
 * cannot make them and bubblewrap does not; perl can, is part of every Debian and Ubuntu, and is gone again with `exec`. Every
 * right that this kernel knows is handled: reading and running below the given folders stays, everything else is refused: any
 * write, TCP (version 4), abstract sockets and signals to the outside (version 6).
 */
const script = `
my $version = shift @ARGV; my $count = shift @ARGV; my @folders = splice @ARGV, 0, $count;
my $rights = $version >= 5 ? 0xffff : $version >= 3 ? 0x7fff : $version >= 2 ? 0x3fff : 0x1fff;
my $attributes = pack("QQQ", $rights, $version >= 4 ? 3 : 0, $version >= 6 ? 3 : 0);
my $size = $version >= 6 ? 24 : $version >= 4 ? 16 : 8;
my $rules = syscall(444, $attributes, $size, 0);
die "landlock: $!" if $rules < 0;
for my $folder (@folders) {
  sysopen(my $place, $folder, 02000000) or next;
  my $rule = pack("Ql", -d $folder ? 0xd : 0x5, fileno($place));
  die "landlock: $!" if syscall(445, $rules, 1, $rule, 0) < 0;
}
die "landlock: $!" if syscall(446, $rules, 0) < 0;
exec { $ARGV[0] } @ARGV or die "exec: $!";
`;

/** Finds out by asking the kernel; null where it has no Landlock, or no perl is there to ask. */
export async function probeLandlock(): Promise<Landlock | null> {
  const perl = findProgram('perl');
  if (process.platform !== 'linux' || perl === null || !perl.startsWith('/usr/')) return null;
  try {
    const { stdout } = await run(perl, ['-e', 'print syscall(444, 0, 0, 1)'], { timeout: 5000, env: {} });
    const version = Number(stdout);
    return version >= 1 ? { version, perl } : null;
  } catch {
    return null;
  }
}

/** The command that confines itself and then becomes the given one, whose program must be an absolute path. */
export function confinedByLandlock(landlock: Landlock, command: readonly string[]): string[] {
  const folders = readableFolders.filter((folder) => existsSync(folder));
  return [
    landlock.perl,
    '-e',
    script,
    String(Math.min(landlock.version, 6)),
    String(folders.length),
    ...folders,
    ...command,
  ];
}
