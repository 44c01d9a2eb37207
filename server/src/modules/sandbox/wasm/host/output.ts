import { writeSync } from 'node:fs';
import { encodeFrame } from './frames.ts';

const pause = new Int32Array(new SharedArrayBuffer(4));
const outputDescriptor = 1;

/** Writes a frame and waits until the server has room: a program that prints faster than anybody reads is held back. */
export function writeFrame(header: unknown, bodies: readonly Uint8Array[] = []): void {
  for (const part of encodeFrame(header, bodies)) {
    for (let from = 0; from < part.length; ) {
      try {
        from += writeSync(outputDescriptor, part, from);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        Atomics.wait(pause, 0, 0, 1);
      }
    }
  }
}
