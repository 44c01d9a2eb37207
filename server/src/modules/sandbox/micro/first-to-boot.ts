import type { Accelerator } from './machine/arguments.ts';

/**
 * The first way by which a guest really boots, with that guest: that a device opens, or that QEMU makes a machine by it, proves
 * nothing. A way that failed is told and never named as the one at work.
 * @throws what the last one failed with
 */
export async function firstToBoot<Guest>(
  candidates: readonly Accelerator[],
  {
    boot,
    onFailure,
  }: {
    readonly boot: (accelerator: Accelerator) => Promise<Guest>;
    readonly onFailure: (error: unknown, accelerator: Accelerator) => void;
  },
): Promise<{ readonly accelerator: Accelerator; readonly guest: Guest }> {
  let failure: unknown = new Error('there is no way to run guests');
  for (const accelerator of candidates) {
    try {
      return { accelerator, guest: await boot(accelerator) };
    } catch (error) {
      onFailure(error, accelerator);
      failure = error;
    }
  }
  throw failure;
}
