import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Events } from '#kernel/module.ts';
import type { Identity } from '#kernel/rpc/identity.ts';

interface RunningRequest {
  readonly user: Principal;
  readonly token: string;
  readonly end: (reason: unknown) => void;
}

/** Requests that run, so that they end when what they were asked with is revoked. */
export interface Revocations extends Disposable {
  /** Returns what is to be called when the request has ended. */
  watch(request: RunningRequest): () => void;
}

/**
 * A request is let in once and may then run for minutes: when the key or session that it came with is revoked, it ends
 * with `common.unauthenticated`, and what it has used is charged.
 */
export function createRevocations(deps: {
  readonly events: Events;
  readonly identity: Pick<Identity, 'authenticate'>;
  readonly log: { warn(data: object, message: string): void };
}): Revocations {
  const { events, identity, log } = deps;
  const running = new Set<RunningRequest>();

  async function lookAgain(request: RunningRequest): Promise<void> {
    // A change of the role or of another session voids what is known of the user, and not every token.
    if ((await identity.authenticate(request.token)) === null) request.end(fault('common.unauthenticated'));
  }

  const subscription = events.subscribe('auth.revoked', ({ payload }) => {
    const subject = payload as { userId?: string; credentialId?: string };
    for (const request of running) {
      if (!concerns(subject, request.user)) continue;
      lookAgain(request).catch((error: unknown) =>
        log.warn({ err: error }, 'a revoked credential could not be looked at again'),
      );
    }
  });

  return {
    watch(request) {
      running.add(request);
      return () => void running.delete(request);
    },
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  };
}

function concerns(
  { userId, credentialId }: { userId?: string; credentialId?: string },
  { userId: own, credential }: Principal,
): boolean {
  switch (credential.kind) {
    case 'apiKey':
      return credentialId === undefined ? userId === own : credentialId === credential.apiKeyId;
    case 'session':
      return credentialId === undefined ? userId === own : credentialId === credential.sessionId;
    case 'service':
      return false;
  }
}
