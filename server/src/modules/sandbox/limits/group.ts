import { createHash } from 'node:crypto';
import type { LimitDriver as LimitDriverName, Limits } from '../run/contract-shapes.ts';

/** What a group of processes uses and used, as the driver can tell it. */
export interface GroupUsage {
  readonly memoryBytes: number;
  readonly peakMemoryBytes: number;
  readonly cpuMs: number;
  /** Without bubblewrap's own two processes. */
  readonly processes: number;
  readonly peakProcesses: number;
  /** Processes that the kernel ended because the memory limit was reached. */
  readonly outOfMemoryKills: number;
  /** Times that a new process or thread was refused. */
  readonly refusedForks: number;
}

/** One run's processes, and the limits that hold for all of them together. */
export interface LimitGroup {
  /** Lines of shell that put the shell itself, and what it becomes, into the group. */
  readonly joinScript: string;
  /** Programs of the host that stand before bubblewrap on the command line, with their arguments. */
  readonly prefix: readonly string[];
  /** The program and arguments to run inside of the sandbox in place of the given ones. */
  readonly wrap: (command: readonly string[]) => readonly string[];
  /** How often the watchdog should look, in milliseconds. */
  readonly sampleEveryMs: number;
  /** Tells the driver the id of the outermost process, once it runs. */
  readonly started: (processId: number) => void;
  readonly usage: () => GroupUsage;
  /** Processor time alone, in milliseconds: a fraction of what reading everything costs. */
  readonly cpuMs: () => number;
  /** Ids of all processes in the group, seen from the host. */
  readonly processIds: () => number[];
  /** Ends every process of the group at once. */
  readonly kill: () => void;
  /** Ends what is left of the group and frees it. */
  readonly remove: () => Promise<void>;
}

/** Keeps limits by one of the kernel's means. */
export interface LimitDriver {
  readonly name: LimitDriverName;
  /** With an owner the group lies in one of the owner's, and all owners have the same weight for the processors. */
  readonly create: (runId: string, limits: Limits, owner?: string) => LimitGroup;
  /** Ends and removes what a process of this platform left behind when it crashed. */
  readonly recover: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

/** bubblewrap itself: the outer process and the first one inside, of which the program is a child. */
export const wrapperProcesses = 2;

/** Name of the group of somebody's programs. */
export function ownerName(owner: string): string {
  return `u${createHash('sha256').update(owner).digest('hex').slice(0, 20)}`;
}

/** For `sh`: nothing inside of the quotes has a meaning. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
