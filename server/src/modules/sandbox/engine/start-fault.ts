import { type Fault, fault } from '#base/fault.ts';

/**
 * Why the program never ran, from what bubblewrap or the shell inside said last. What a caller can correct gets a fault of
 * its own; the rest is about the server, and its text, which may name folders of the host, stays in the server's log.
 */
export function startFault(
  lastWords: string,
  run: { readonly command: readonly string[]; readonly shape: { readonly cwd: string } },
): Fault {
  const command = run.command[0] ?? '';
  const line =
    lastWords.split('\n').find((text) => text.startsWith('bwrap: ')) ?? lastWords.split('\n')[0] ?? '';
  const cause = new Error(line.slice(0, 500));
  if (line.startsWith('bwrap: execvp ')) {
    const code = line.endsWith('No such file or directory')
      ? 'sandbox.command_not_found'
      : 'sandbox.command_not_executable';
    return fault(code, { command: command.slice(0, 200) }, { cause });
  }
  if (line.startsWith("bwrap: Can't chdir to ")) {
    return fault('sandbox.folder_invalid', { path: run.shape.cwd }, { cause });
  }
  return fault('sandbox.start_failed', { reason: reasonOf(line) }, { cause });
}

function reasonOf(line: string): string {
  if (/namespace|uid map|Operation not permitted/i.test(line)) return 'the kernel refuses user namespaces';
  if (/No space left/i.test(line)) return 'no space left';
  if (/Too many open files/i.test(line)) return 'too many open files';
  if (/Resource temporarily unavailable|Cannot fork/i.test(line)) return 'no process can be started';
  return 'bubblewrap stopped early';
}
