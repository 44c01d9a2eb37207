import type { Database } from '../database/database.ts';

/** Where a module can be reached in another process. */
export interface PeerDirectory {
  /** Live processes that run the module, the own one excluded, in random order. */
  locate(module: string): Promise<Peer[]>;
  /** Passes over a process for a few seconds, after its address refused a connection or turned out to be another's. */
  suspect(peer: Peer): void;
}

export interface Peer {
  /** Drawn anew at each start of a process. */
  readonly instanceId: string;
  readonly url: string;
}

export interface PeerAnnouncement {
  readonly instanceId: string;
  readonly service: string;
  readonly modules: readonly string[];
  readonly url: string;
}

interface PeerRow extends Peer {
  readonly modules: string[];
}

const heartbeatMs = 5_000;
const lapseSeconds = 20;
const cacheMs = 1_000;
const suspectMs = 3_000;

/** Reads the directory in kernel.peer; answers are kept for a second, so a call costs no query. */
export function createPeerDirectory(options: {
  database: Database;
  instanceId: string;
  now: () => number;
}): PeerDirectory {
  const { database, instanceId, now } = options;
  const suspects = new Map<string, number>();
  let cached: { readAtMs: number; rows: PeerRow[] } | undefined;

  async function rows(): Promise<PeerRow[]> {
    // The distance, not the age: a clock that is set back would keep the answer for as long as it was set back.
    if (cached !== undefined && Math.abs(now() - cached.readAtMs) < cacheMs) return cached.rows;
    const found = await database.query<PeerRow>({
      name: 'kernel-peers',
      text: `select instance_id as "instanceId", url, modules from kernel.peer
             where instance_id <> $1 and beat_at > now() - make_interval(secs => $2)`,
      values: [instanceId, lapseSeconds],
    });
    cached = { readAtMs: now(), rows: found };
    return found;
  }

  return {
    async locate(module) {
      const all = (await rows()).filter((row) => row.modules.includes(module));
      const trusted = all.filter((row) => (suspects.get(row.instanceId) ?? 0) <= now());
      return shuffled(trusted.length > 0 ? trusted : all);
    },
    suspect(peer) {
      const nowMs = now();
      for (const [known, untilMs] of suspects) if (untilMs <= nowMs) suspects.delete(known);
      suspects.set(peer.instanceId, nowMs + suspectMs);
      cached = undefined;
    },
  };
}

function shuffled(peers: readonly Peer[]): Peer[] {
  return peers
    .map((peer) => ({ peer, rank: Math.random() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ peer }) => peer);
}

/** Enters this process in the directory and keeps it there until disposed. */
export async function announcePeer(database: Database, peer: PeerAnnouncement): Promise<AsyncDisposable> {
  async function beat(): Promise<void> {
    await database.execute({
      name: 'kernel-peer-beat',
      text: `insert into kernel.peer (instance_id, service, modules, url, beat_at)
             values ($1, $2, $3, $4, now())
             on conflict (instance_id) do update set beat_at = now(), url = excluded.url, modules = excluded.modules`,
      values: [peer.instanceId, peer.service, peer.modules, peer.url],
    });
  }
  // Whoever was at this address before is gone: calls that are meant for it would come here.
  await database.execute({
    text: `delete from kernel.peer where beat_at < now() - interval '1 day' or url = $1`,
    values: [peer.url],
  });
  await beat();
  // A missed beat is made up by the next one; the database's return is what ends an outage.
  const timer = setInterval(() => void beat().catch(() => undefined), heartbeatMs).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await database.execute({
        text: 'delete from kernel.peer where instance_id = $1',
        values: [peer.instanceId],
      });
    },
  };
}
