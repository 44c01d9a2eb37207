import {
  type CheckContext,
  type CheckResult,
  checkCommand,
  checkSyntax,
  inOrder,
  mustPass,
} from './checks/check.ts';
import { checkCommentsOnly } from './checks/comments-only.ts';
import { checkDocuments } from './checks/documents.ts';
import { checkTests } from './checks/mutation.ts';
import { checkRenderedPages } from './checks/pages/rendered.ts';
import { checkPages } from './checks/pages/static.ts';
import { checkPython } from './checks/python.ts';
import { scanSecurity } from './checks/security/scan.ts';
import { checkTestsAreSame } from './checks/test-setup.ts';
import { checkTypes } from './checks/types.ts';
import type { AgentName } from './contract-shapes.ts';
import { reason } from './reasons/reason.ts';
import type { Grant } from './tools/command-policy.ts';

/** What makes one agent different from another; the way of working is the same for all. */
export interface AgentDefinition {
  /** What makes its result valid, in a sentence for the model. */
  readonly goal: string;
  readonly grant: Grant;
  readonly temperature: number;
  /** How many answers a small model may give before the best is mended; the check chooses. */
  readonly candidates: number;
  /** The command must fail before the work, so that passing afterwards proves something. */
  readonly mustFailFirst: boolean;
  /** Needs no model: its check is the work. */
  readonly checksOnly: boolean;
  /** A result without any change is none. */
  readonly mustChange: boolean;
  readonly validate: (context: CheckContext) => Promise<CheckResult>;
}

const writes: Grant = { run: true, write: true };
const common = {
  temperature: 0,
  candidates: 2,
  mustFailFirst: false,
  checksOnly: false,
  mustChange: true,
} as const;

export const definitions: Readonly<Record<AgentName, AgentDefinition>> = {
  code: {
    ...common,
    goal: 'the change does what the task says, every file parses, and the tests of the project pass',
    grant: writes,
    validate: (context) =>
      inOrder([
        () => checkSyntax(context),
        () => checkPython(context),
        () => checkTypes(context),
        () => checkCommand(context),
      ]),
  },
  test: {
    ...common,
    goal: 'only test files were changed, the tests pass, and they fail when the code under test is broken',
    grant: writes,
    validate: (context) => inOrder([() => checkSyntax(context), () => checkTests(context)]),
  },
  design: {
    ...common,
    temperature: 0.3,
    goal: 'the page has lang, title, one h1, main, labels and alt texts, and text has a contrast of at least 4.5:1',
    grant: { run: false, write: true },
    validate: (context) =>
      inOrder([() => checkSyntax(context), () => checkPages(context), () => checkRenderedPages(context)]),
  },
  debug: {
    ...common,
    mustFailFirst: true,
    goal: 'the command that fails now passes, and no test was weakened',
    grant: writes,
    validate: (context) =>
      inOrder([
        () => checkSyntax(context),
        () => checkTestsAreSame(context),
        async () => {
          if (context.command === null)
            return { passed: false, reason: reason('command_missing'), output: 'There is no command.' };
          return mustPass(await context.bench.run(context.command), context.command);
        },
      ]),
  },
  security: {
    ...common,
    checksOnly: true,
    mustChange: false,
    goal: 'each finding has file, line, rule, severity and evidence',
    grant: { run: false, write: false },
    validate: async (context) => {
      const audited = await context.audit(context.bench, context.files);
      const findings = [...audited.findings, ...(await scanSecurity(context, context.files))];
      return {
        passed: true,
        findings,
        ...(audited.notes.length === 0 ? {} : { note: audited.notes.join(' ') }),
      };
    },
  },
  doc: {
    ...common,
    candidates: 1,
    goal: 'links lead to files and headings that exist, and code samples parse',
    grant: { run: false, write: true },
    validate: (context) =>
      inOrder([() => checkSyntax(context), () => checkCommentsOnly(context), () => checkDocuments(context)]),
  },
};
