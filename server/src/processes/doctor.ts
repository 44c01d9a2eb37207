import type { Environment } from '#kernel/config/load.ts';
import { examineModelEngine } from '../modules/llm/doctor.ts';
import { type Diagnosis, diagnose } from '../modules/sandbox/doctor.ts';

/** What this machine has of what the platform needs, part by part, with the command for what lacks. @throws config.invalid */
export async function diagnoseMachine(environment: Environment): Promise<Diagnosis> {
  const [machine, models] = await Promise.all([diagnose(environment), examineModelEngine(environment)]);
  return { sound: machine.sound, checks: [...machine.checks, models] };
}
