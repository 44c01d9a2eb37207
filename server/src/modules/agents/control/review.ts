import { z } from 'zod';
import { fault, isFault } from '#base/fault.ts';
import { masked } from '../checks/security/secrets.ts';
import type { Finding } from '../contract-shapes.ts';
import { reason } from '../reasons/reason.ts';
import { parseJson } from './json-answer.ts';
import type { Work } from './work.ts';

const mostCharacters = 60_000;
const mostFiles = 10;
const leastEvidence = 6;
const triesPerFile = 5;
const retryTemperature = 0.3;

const Reported = z.object({
  line: z.int(),
  severity: z.enum(['high', 'medium', 'low']).catch('medium'),
  weakness: z.string().min(1).max(200),
  message: z.string().max(1000).default(''),
  evidence: z.string().max(2000),
});
const Report = z.object({ findings: z.array(z.unknown()).max(100) });

const schema = {
  type: 'object',
  properties: {
    findings: {
      type: 'array',
      maxItems: 20,
      items: {
        type: 'object',
        properties: {
          line: { type: 'integer', minimum: 1 },
          severity: { enum: ['high', 'medium', 'low'] },
          weakness: { type: 'string' },
          message: { type: 'string' },
          evidence: { type: 'string' },
        },
        required: ['line', 'severity', 'weakness', 'message', 'evidence'],
        additionalProperties: false,
      },
    },
  },
  required: ['findings'],
  additionalProperties: false,
};

/**
 * The whole of the security agent's work: its check, and a model's reading of the files that the user has named. Of what
 * a model reports only that counts whose evidence stands in the file. A model that cannot be asked leaves a note.
 * @throws agents.check_failed
 */
export async function workByReview(work: Work): Promise<{ summary: string; findings: Finding[] }> {
  const checked = await work.validate();
  if (!checked.passed) throw fault('agents.check_failed', { reason: checked.reason });
  const findings = [...(checked.findings ?? [])];
  const notes = checked.note === undefined ? [] : [checked.note];
  for (const path of work.files.slice(0, mostFiles)) {
    try {
      const reviewed = await reviewFile(work, path);
      if (reviewed === null) {
        notes.push(`The model’s review of ${path} could not be read.`);
        continue;
      }
      findings.push(...reviewed.filter((finding) => !findings.some((known) => isSame(known, finding))));
    } catch (error) {
      work.signal.throwIfAborted();
      if (!isFault(error)) throw error;
      await work.log('check', { when: 'review', path, reason: reason('call_failed', { code: error.code }) });
      notes.push(`The model did not read ${path} (${error.code}).`);
      break;
    }
  }
  return { summary: [`${findings.length}`, ...notes].join('. '), findings };
}

/** The scan and the model may see the same weakness: one finding for a line of the same kind is enough. */
function isSame(known: Finding, other: Finding): boolean {
  return known.path === other.path && known.line === other.line && !known.rule.startsWith('model');
}

/** Null when no answer was a list of findings. */
async function reviewFile(
  { context, model, prompt, task, log, signal }: Work,
  path: string,
): Promise<Finding[] | null> {
  const text = await context.bench.read(path).catch(() => null);
  if (text === null || text.trim() === '') return [];
  const lines = text.split(/\r?\n/);
  const shown = lines.map((line, index) => `${index + 1}: ${line}`).join('\n');
  const content = shown.slice(0, mostCharacters);
  const question = await prompt('agent.review', { task, path, content });
  let report = Report.safeParse(null);
  for (let attempt = 0; attempt < triesPerFile && !report.success; attempt += 1) {
    signal.throwIfAborted();
    const answer = await model.ask({
      messages: [{ role: 'user', content: question }],
      schema,
      temperature: attempt === 0 ? 0 : retryTemperature,
      seed: attempt + 1,
      maxTokens: 4096,
    });
    report = Report.safeParse(parseJson(answer.text));
    if (!report.success)
      await log('retry', { file: path, attempt: attempt + 1, reason: reason('findings_unreadable') });
  }
  const reported = report.success ? report.data.findings : [];
  const kept = reported.flatMap((entry) => {
    const parsed = Reported.safeParse(entry);
    const line = parsed.success ? lineOfEvidence(lines, parsed.data) : null;
    return parsed.success && line !== null
      ? [findingOf(path, parsed.data, { line, text: lines[line - 1] ?? '' })]
      : [];
  });
  await log('check', {
    when: 'review',
    path,
    kept: kept.length,
    dropped: reported.length - kept.length,
    leftOutCharacters: shown.length - content.length,
    ...(report.success ? {} : { reason: reason('findings_unreadable') }),
  });
  return report.success ? kept : null;
}

const plain = (text: string) => text.replace(/\s+/g, ' ').trim();

/**
 * The line that the evidence was taken from: the one named or one of two beside it, else the only one in the file that
 * has it. Null when there is none, which makes it an invention.
 */
export function lineOfEvidence(
  lines: readonly string[],
  { line, evidence }: { readonly line: number; readonly evidence: string },
): number | null {
  // Models count badly and copy several lines: the first with something in it tells.
  const wanted = evidence
    .split('\n')
    .map((part) => plain(part.replace(/^\s*\d+:\s/, '')))
    .find((part) => part.length >= leastEvidence);
  if (wanted === undefined) return null;
  const holds = (number: number) => plain(lines[number - 1] ?? '').includes(wanted);
  const near = [line, line - 1, line + 1, line - 2, line + 2].find(holds);
  if (near !== undefined) return near;
  const all = lines.flatMap((_, index) => (holds(index + 1) ? [index + 1] : []));
  return all.length === 1 ? (all[0] ?? null) : null;
}

function findingOf(
  path: string,
  { severity, weakness, message }: z.output<typeof Reported>,
  { line, text }: { readonly line: number; readonly text: string },
): Finding {
  const told = message === '' ? weakness : message;
  return {
    path,
    line,
    rule: `model ${weakness}`,
    severity,
    // The model's own words, in the language it has answered in.
    message: { en: told, de: told },
    evidence: masked(text),
  };
}
