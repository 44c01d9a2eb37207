/** What access to one workspace's files needs to know. */
export interface Workspace {
  /** The folder that holds the files; what is above it can't be changed by sandboxed programs. */
  readonly workspacePath: string;
  /** On the same file system, outside of the workspace: files lie here while they are being written or deleted. */
  readonly stagingPath: string;
  readonly limits: WorkspaceLimits;
  readonly room: Room;
}

export interface WorkspaceLimits {
  /** The largest file that may be written, in bytes. */
  readonly fileBytes: number;
  /** How many folders deep a path may go. */
  readonly depth: number;
}

/** What is added (or, negative, freed); folders and links count as files. */
export interface Growth {
  readonly bytes: number;
  readonly files: number;
}

/** The storage quota that a workspace counts against. */
export interface Room {
  /** Counts a growth before it happens. @throws files.quota_bytes, files.quota_files */
  take(growth: Growth): void;
  /** Counts what was freed, or takes a `take` back whose change did not happen. Never throws. */
  give(growth: Growth): void;
}

/** Room without end, for what a quota does not apply to, such as the platform's own templates. */
export const unlimitedRoom: Room = { take() {}, give() {} };
