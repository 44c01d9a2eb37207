import type { LlamaContextSequence, Token } from 'node-llama-cpp';
import type { Generation } from './generation.ts';
import type { TokenSource } from './token-source.ts';

/** A sequence of the context: it keeps what it computed last, for a prompt that begins alike. */
export interface Slot {
  readonly index: number;
  readonly sequence: LlamaContextSequence;
  /** Order of last use; the smallest is the one unused for longest. */
  lastUse: number;
  work: SlotWork | null;
}

export interface SlotWork {
  readonly generation: Generation;
  readonly source: TokenSource;
  /** Prompt tokens that are not computed yet; empty once tokens are generated. */
  rest: Token[];
  aborted: boolean;
}

/** Of what another prompt would lose, this much counts against what the new one saves. */
const lossWeight = 0.25;

/** The free slot whose memory helps the prompt most, without wiping the long memory of another conversation. */
export function bestSlot(slots: readonly Slot[], prompt: readonly Token[]): Slot | null {
  let best: { slot: Slot; worth: number } | null = null;
  for (const slot of slots) {
    if (slot.work !== null) continue;
    const worth = worthOf(slot, prompt);
    if (best === null || worth > best.worth || (worth === best.worth && slot.lastUse < best.slot.lastUse)) {
      best = { slot, worth };
    }
  }
  return best?.slot ?? null;
}

function worthOf(slot: Slot, prompt: readonly Token[]): number {
  const remembered = slot.sequence.nextTokenIndex;
  const common = slot.sequence.compareContextTokens([...prompt]).firstDifferentIndex;
  return common - lossWeight * (remembered - common);
}

/**
 * Drops what the slot remembers beyond the prompt's beginning. At least one token of the prompt is left to compute,
 * because the first answer token comes out of that. Call it between two decodes: it takes the context's lock.
 * @returns how many prompt tokens need not be computed again
 */
export async function adaptSlot(slot: Slot, prompt: readonly Token[]): Promise<number> {
  await slot.sequence.adaptStateToTokens(prompt.slice(0, -1), false);
  return slot.sequence.nextTokenIndex;
}
