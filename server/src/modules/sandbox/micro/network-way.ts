import { connect, type Socket } from 'node:net';
import type { Agent } from './machine/agent.ts';

/** More connections at once than a well-behaved program opens; the guest's word is all that stands behind each. */
const channelsLimit = 64;
/** Bytes that may wait for the guest in one channel before its sender is held back. */
const highWaterBytes = 256 * 1024;

/**
 * The only way out of a machine: each connection to the guest's port 8118 becomes one to the filtering proxy, which decides
 * what is reached. Returns what ends all of them.
 */
export function openNetworkWay(agent: Agent, proxySocket: string): Disposable {
  const channels = new Map<number, Socket>();

  function close(channel: number): void {
    const socket = channels.get(channel);
    if (socket === undefined) return;
    channels.delete(channel);
    socket.destroy();
  }

  agent.openNetwork({
    open(channel) {
      if (channels.has(channel) || channels.size >= channelsLimit) {
        agent.sendNetwork(channel, null);
        return;
      }
      const socket = connect({ path: proxySocket, allowHalfOpen: true });
      channels.set(channel, socket);
      socket.on('data', (data: Buffer) => {
        if (agent.sendNetwork(channel, data) || agent.waitingBytes() < highWaterBytes) return;
        socket.pause();
        agent.onceDrained(() => socket.resume());
      });
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        if (channels.get(channel) !== socket) return;
        channels.delete(channel);
        agent.sendNetwork(channel, null);
      });
      socket.on('end', () => agent.sendNetwork(channel, null));
    },
    data(channel, data) {
      const socket = channels.get(channel);
      if (socket === undefined) return;
      socket.write(data);
      // A program that sends faster than its host takes would otherwise fill the server's memory.
      if (socket.writableLength > 4 * 1024 * 1024) close(channel);
    },
    close(channel) {
      channels.get(channel)?.end();
    },
  });

  return {
    [Symbol.dispose]() {
      for (const socket of channels.values()) socket.destroy();
      channels.clear();
    },
  };
}
