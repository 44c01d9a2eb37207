import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface PacedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PacedResult {
  /** Milliseconds from the moment a request was due to the end of its answer, so that a queue in front counts. */
  readonly latencies: readonly number[];
  readonly failed: number;
}

function send(agent: Agent, { url, headers, body }: PacedRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
      answer.once('error', reject);
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/**
 * Posts evenly through each second, over at most 100 connections, whether or not earlier answers are there.
 * autocannon's rates are not used: each of its connections fires the whole second's share at once.
 */
export async function pacedPosts(
  what: PacedRequest,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<PacedResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 });
  const latencies: number[] = [];
  let failed = 0;
  const running: Promise<void>[] = [];
  const startMs = performance.now();
  const total = perSecond * seconds;
  for (let sent = 0; sent < total; await sleep(1)) {
    for (; sent < total; sent += 1) {
      const dueMs = startMs + (sent * 1_000) / perSecond;
      if (dueMs > performance.now()) break;
      running.push(
        send(agent, what).then(
          (status) => {
            if (status === 200) latencies.push(performance.now() - dueMs);
            else failed += 1;
          },
          () => {
            failed += 1;
          },
        ),
      );
    }
  }
  await Promise.all(running);
  agent.destroy();
  return { latencies, failed };
}
