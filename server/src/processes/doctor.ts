import type { Environment } from '#kernel/config/load.ts';
import { type Diagnosis, diagnose } from '../modules/sandbox/doctor.ts';

/** What this machine has of what the platform needs, part by part, with the command for what lacks. */
export function diagnoseMachine(environment: Environment): Promise<Diagnosis> {
  return diagnose(environment);
}
