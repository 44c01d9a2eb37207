import type { CheckContext, CheckResult } from '../checks/check.ts';
import type { AgentName, StepKind } from '../contract-shapes.ts';
import type { AgentDefinition } from '../definitions.ts';
import type { ServerTools } from '../tools/server-tools.ts';
import type { RunOutcome } from '../tools/workbench.ts';
import type { EditFormat } from './edits.ts';
import type { Message, Model } from './model.ts';

/** What a controller works with: one task in its copy of the project. */
export interface Work {
  readonly agent: AgentName;
  readonly definition: AgentDefinition;
  readonly task: string;
  /** Named by the user. */
  readonly files: readonly string[];
  readonly model: Model;
  readonly context: CheckContext;
  /** AGENTS.md of the project; empty when there is none. */
  readonly projectRules: string;
  /** Files with what they define, most important first; says how many are left out. */
  readonly map: readonly string[];
  /** Fills one of the shipped prompts. */
  readonly prompt: (
    promptId: string,
    variables: Record<string, string | number | boolean | string[]>,
  ) => Promise<string>;
  readonly log: (kind: StepKind, data: Record<string, unknown>) => Promise<void>;
  /** The agent's rule of validity; logs what came of it. */
  readonly validate: () => Promise<CheckResult>;
  readonly signal: AbortSignal;
  /** Enters that the agent is about to write a file; what to tell it when others are at the same one. */
  readonly touch: (path: string) => Promise<string | null>;
  /** Remembers where text came from that neither the user nor the platform wrote. */
  readonly sawData: (source: string) => void;
  /** What tools of the project's servers have told so far, marked as data, as long as the model has room for; or empty. */
  readonly facts: () => string;
  /** How the model was set to write changes; null leaves it to the size of the file. */
  readonly editFormat: EditFormat | null;
  /** Tools of the project's MCP servers. */
  readonly servers: ServerTools;
}

/** Whether a reply agrees. */
export function agrees(reply: string): boolean {
  return /^\s*(yes|y|ja|j|ok)\b/i.test(reply);
}

/** What a task that waits for its user goes on from. */
export interface Conversation {
  readonly messages: Message[];
  /** The call that the user's reply answers; with a command when they were asked to allow it. */
  readonly pending: {
    readonly callId: string;
    readonly command: { command: string; args: string[] } | null;
    /** What the user was asked to allow for the rest of the task, when it is no command. */
    readonly grants?: string | undefined;
  } | null;
  readonly approved: string[];
  /** Where text came from that others wrote. */
  readonly sources?: string[];
  /** Files of the finished work that need consent, with what the work was said to be. */
  readonly guarded?: { readonly paths: string[]; readonly summary: string };
  /** The model that goes on, when it is not the one of the task. */
  readonly model?: string;
  readonly reply?: string;
  /** How the project's check ended before anything was changed. */
  readonly baseline?: RunOutcome | null;
}

export type Outcome =
  | { readonly kind: 'done'; readonly summary: string; readonly checked: CheckResult & { passed: true } }
  | { readonly kind: 'ask'; readonly question: string; readonly conversation: Conversation };
