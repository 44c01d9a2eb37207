import type { Mount } from '../engine/arguments.ts';

/** What a program gets to reach the hosts that its project was granted. */
export interface NetworkAccess extends AsyncDisposable {
  /** Where the proxy listens, for a way that does not lead through a mount. */
  readonly socketPath: string;
  readonly mounts: readonly Mount[];
  readonly env: Readonly<Record<string, string>>;
  /** The command that opens the way to the proxy, then runs the given one. */
  readonly wrap: (command: readonly string[]) => readonly string[];
  /** Processes and threads that the way itself takes. */
  readonly extraProcesses: number;
  readonly extraMemoryBytes: number;
}

/** Opens a way to the granted hosts for one run; null when the project has no network. */
export type OpenNetwork = (run: {
  readonly runId: string;
  readonly projectId: string;
  readonly userId: string;
  readonly traceId: string;
}) => Promise<NetworkAccess | null>;
