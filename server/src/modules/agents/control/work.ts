import type { Language } from '#base/fault.ts';
import type { CheckContext, CheckResult } from '../checks/check.ts';
import type { ConsentDecision, ConsentKind } from '../contract-consent.ts';
import type { AgentName, StepKind } from '../contract-shapes.ts';
import type { AgentDefinition } from '../definitions.ts';
import type { ServerTools } from '../tools/server-tools.ts';
import type { RunOutcome } from '../tools/workbench.ts';
import type { EditFormat } from './edits.ts';
import type { Fact, Facts } from './facts.ts';
import type { Message, Model, ToolCall } from './model.ts';

/** Files with what they define, most important first. */
export interface ProjectMap {
  readonly files: readonly { readonly path: string; readonly line: string }[];
  /** Files that it has no room for. */
  readonly omittedFiles: number;
}

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
  readonly map: ProjectMap;
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
  /** All of those so far. */
  readonly sources: ReadonlySet<string>;
  /** What tools of the project's servers have told so far, marked as data, as long as the model has room for; or empty. */
  readonly facts: () => string;
  readonly learnt: Facts;
  /** How the model was set to write changes; null leaves it to the size of the file. */
  readonly editFormat: EditFormat | null;
  /** In which the user is asked. */
  readonly language: Language;
  /** Hosts that the project's programs may reach; none: no leave can help. */
  readonly networkHosts: () => Promise<readonly string[]>;
  /** The text of a file of the project that usually holds secrets; only after its user has agreed. */
  readonly readSecret: (path: string) => Promise<string | null>;
  /** Lines of the copy that hold a text, as `path:line: text`; what git ignores, and secret files, are left out. */
  readonly findText: (text: string) => Promise<{ readonly lines: readonly string[]; readonly more: boolean }>;
  /** Tools of the project's MCP servers. */
  readonly servers: ServerTools;
}

/** What needs its user's leave. */
export interface ConsentNeed {
  readonly kind: ConsentKind;
  /** What is remembered when the user agrees for the rest of the task. */
  readonly key: string;
  readonly subjects: readonly string[];
}

/** What a task that waits for its user goes on from. */
export interface Conversation {
  readonly messages: Message[];
  /** The call that the user's reply answers, or that their leave lets run. */
  readonly pending: { readonly call: ToolCall; readonly consent: ConsentNeed | null } | null;
  /** Keys of what the user has agreed to for the rest of the task. */
  readonly approved: string[];
  /** Files that the user lets the task change although they reach beyond the project. */
  readonly consented?: string[];
  /** Secret files that were shown. */
  readonly secrets?: string[];
  /** Where text came from that others wrote. */
  readonly sources?: string[];
  /** Files of the finished work that need consent, with what the work was said to be. */
  readonly guarded?: { readonly paths: string[]; readonly summary: string };
  /** What a task in steps goes on from. */
  readonly steps?: { readonly files: string[]; readonly facts: Fact[]; readonly toolCalls: number };
  /** The model that goes on, when it is not the one of the task. */
  readonly model?: string;
  readonly reply?: string;
  readonly decision?: ConsentDecision;
  /** How the project's check ended before anything was changed. */
  readonly baseline?: RunOutcome | null;
}

/** The keys that count now: `once` is for the pending call only. */
export function approvedOf({ approved, pending, decision }: Conversation): {
  readonly now: readonly string[];
  readonly later: string[];
} {
  const key = pending?.consent?.key;
  const agreed = key === undefined || decision === undefined || decision === 'no' ? [] : [key];
  return {
    now: [...approved, ...agreed],
    later: decision === 'task' ? [...approved, ...agreed] : [...approved],
  };
}

export type Outcome =
  | { readonly kind: 'done'; readonly summary: string; readonly checked: CheckResult & { passed: true } }
  | {
      readonly kind: 'ask';
      readonly question: string;
      /** Null for a question in words. */
      readonly consent: ConsentNeed | null;
      readonly conversation: Conversation;
    };
