import { fault } from '#base/fault.ts';

interface TakesInput {
  readonly processId: string;
  /** Resolves once the program's input has taken it; false when that is closed. */
  readonly write: (data: string) => Promise<boolean>;
  readonly endInput: () => void;
  readonly ended: Promise<unknown>;
}

/** Gives input to programs, one piece of each at a time, so that nobody fills the server's memory. */
export function createInputTurns() {
  const waiting = new Set<string>();

  return {
    /** Resolves when the program's input has taken all of it. @throws sandbox.input_full, sandbox.input_closed */
    async give(program: TakesInput, { data, end }: { data: string; end: boolean }): Promise<void> {
      const { processId } = program;
      if (waiting.has(processId)) throw fault('sandbox.input_full');
      waiting.add(processId);
      try {
        const closed = () => false;
        const ended = program.ended.then(closed, closed);
        const writing = data === '' ? Promise.resolve(true) : program.write(data);
        if (!(await Promise.race([writing, ended]))) throw fault('sandbox.input_closed');
      } finally {
        waiting.delete(processId);
      }
      if (end) program.endInput();
    },
  };
}
