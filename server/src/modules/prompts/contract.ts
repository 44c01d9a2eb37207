import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { promptFaults } from './contract-faults.ts';
import { GeneratedFile, PromptId, PromptInfo, TestOutcome, Variables } from './contract-shapes.ts';

const ProjectId = z.uuid();
const promptText = z.string().max(256 * 1024);

/**
 * Prompts, formulas (transformations that templates call) and mixes (chains), as `.prompt` files. The same inputs give
 * the same text and the same hash on every machine.
 */
export const promptsContract = defineContract('prompts', {
  faults: promptFaults,
  methods: {
    'prompt.list': {
      summary: 'Lists prompts, formulas and mixes: those that ship, and with a project its own.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ projectId: ProjectId.optional() }),
      result: z.object({
        prompts: z.array(PromptInfo),
        formulas: z.array(PromptInfo),
        mixes: z.array(PromptInfo),
        /** Files of the project that could not be read as prompts, and why. */
        problems: z.array(z.object({ file: z.string(), reason: z.string() })),
      }),
    },
    'prompt.generate': {
      summary: 'Fills a prompt, formula or mix with values.',
      access: 'viewer',
      rateClass: 'read',
      positional: ['promptId', 'variables'],
      params: z.strictObject({
        promptId: PromptId,
        variables: Variables.default({}),
        projectId: ProjectId.optional(),
      }),
      result: z.object({
        output: z.string(),
        files: z.array(GeneratedFile),
        /** SHA-256 of output and files, in hex. */
        hash: z.string(),
        version: z.int(),
      }),
    },
    'prompt.test': {
      summary: 'Runs the tests that the files carry.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ promptId: PromptId.optional(), projectId: ProjectId.optional() }),
      result: z.object({ passed: z.int(), failed: z.int(), outcomes: z.array(TestOutcome) }),
    },
    'prompt.export': {
      summary: 'Gives a prompt as the text of a .prompt file.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ promptId: PromptId, projectId: ProjectId.optional() }),
      result: z.object({ fileName: z.string(), text: z.string() }),
    },
    'prompt.import': {
      summary: 'Adds a .prompt file to a project, under .cds/prompts; one whose tests fail is refused.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({
        projectId: ProjectId,
        text: promptText,
        /** Replaces the project’s own prompt of this id. */
        overwrite: z.boolean().default(false),
      }),
      result: z.object({ prompt: PromptInfo, path: z.string() }),
    },
  },
  events: {},
});
