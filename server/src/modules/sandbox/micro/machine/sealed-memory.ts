import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Memory that is a file without a name. */
export interface MemoryFile {
  readonly fd: number;
  /**
   * From now on it can be neither written nor resized by anybody, also not through descriptors that are open: QEMU wants
   * its memory file writable, and one that was taken over must not be able to change what all later machines start from.
   */
  readonly seal: () => Promise<void>;
  readonly close: () => void;
}

/**
 * memfd_create(2) is system call 319 on x86-64; flags 3: close on exec, allow sealing. fcntl(2): command 1033 is F_ADD_SEALS,
 * 15 all of F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE. Node offers neither; Perl, which every Debian
 * system has and which builds the images, does.
 */
const helper = `
use strict; use warnings; $| = 1; $^F = 2;
my $name = "guest"; my $fd = syscall(319, $name, 3);
die "memfd_create: $!" if $fd < 0;
print "$fd\\n";
my $word = <STDIN>;
if (defined $word && $word eq "seal\\n") {
  open(my $file, "+<&=", $fd) or die "open: $!";
  # While a machine that wrote to it is being cleaned away by the kernel, it is busy.
  my $tries = 0;
  until (fcntl($file, 1033, 15)) {
    die "seal: $!" if ++$tries > 200;
    select(undef, undef, undef, 0.05);
  }
  print "sealed\\n";
}
`;

/** @throws Error when the helper can't run */
export async function createMemoryFile(): Promise<MemoryFile> {
  const child = spawn('/usr/bin/perl', ['-e', helper], { stdio: ['pipe', 'pipe', 'pipe'], env: {} });
  let complaint = '';
  child.stderr.on('data', (data: Buffer) => {
    if (complaint.length < 500) complaint += data.toString();
  });
  child.stdin.on('error', () => undefined);
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code !== 0) reject(new Error(`memory could not be made: ${complaint.trim()}`));
    });
  });
  failed.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => (await Promise.race([lines.next(), failed])).value as string | undefined;
  const number = Number(await nextLine());
  if (!Number.isInteger(number)) throw new Error(`memory could not be made: ${complaint.trim()}`);
  const fd = openSync(`/proc/${child.pid}/fd/${number}`, 'r+');
  let open = true;
  return {
    fd,
    async seal() {
      child.stdin.end('seal\n');
      if ((await nextLine()) !== 'sealed') throw new Error(`memory could not be sealed: ${complaint.trim()}`);
    },
    close() {
      if (!open) return;
      open = false;
      child.stdin.end();
      closeSync(fd);
    },
  };
}
