import { Fault, fault } from '#base/fault.ts';
import type { Failure } from '../protocol.ts';

/** Makes an error ready for the channel. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Fault) {
    return { fault: { code: error.code, data: error.data }, message: error.message };
  }
  return { fault: null, message: error instanceof Error ? error.message : String(error) };
}

/** The error of the other side, as an error of this one. */
export function errorOf(failure: Failure, model: string): Fault {
  if (failure.fault !== null) return fault(failure.fault.code, failure.fault.data);
  return fault('llm.engine_failed', { model, reason: failure.message });
}
