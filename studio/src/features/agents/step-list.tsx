import { Check, ChevronDown, ChevronRight, X } from 'lucide-react';
import { useState } from 'react';
import { type Language, type Translate, useLanguage, useText } from '../../i18n/language.ts';
import { formatDuration } from '../../ui/format.ts';
import { reasonText } from './reasons.ts';
import { StepContent } from './step-content.tsx';
import { filesOf, outcomeOf, refusedOf, type StepLine } from './step-lines.ts';

/** What a line says, in words. */
function titleOf(line: StepLine, t: Translate<'agents'>): string {
  const [step] = line.steps;
  if (line.kind === 'read' || line.kind === 'edit' || line.kind === 'run') {
    const tried = triedTitle(line, t);
    if (tried !== undefined) return tried;
  }
  if (line.kind === 'check' && step?.data.when === 'before') return t('steps.checkBefore');
  if (line.kind === 'note' && step !== undefined) {
    if (step.kind === 'applied') return t(step.data.redo === true ? 'steps.redo' : 'steps.applied');
    switch (step.kind as string) {
      case 'rolled_back':
      case 'rejected':
      case 'failed':
      case 'cancelled':
      case 'restarted':
      case 'overlap':
        return t(`steps.${step.kind as 'failed'}`);
      default:
        return t('steps.note');
    }
  }
  return t(`steps.${line.kind}`);
}

/** What was done, and what was not; undefined where the general words say as much. */
function triedTitle(line: StepLine, t: Translate<'agents'>): string | undefined {
  const count = filesOf(line).length;
  const refused = refusedOf(line).length;
  const kind = line.kind as 'read' | 'edit' | 'run';
  if (refused === line.steps.length) return t(`steps.refused.${kind}`, { count: refused });
  if (line.steps.every((step) => outcomeOf(step) !== 'done')) return t(`steps.asked.${kind}`);
  if (kind === 'run' || count === 0) return undefined;
  const done = t(kind === 'read' ? 'steps.readFiles' : 'steps.editFiles', { count });
  return refused === 0 ? done : `${done}, ${t('steps.refused.some', { count: refused })}`;
}

/** Why the last call of a line did nothing; empty when it did something. */
function refusalOf(line: StepLine, language: Language): string {
  const last = line.steps.at(-1);
  return last === undefined || !refusedOf(line).includes(last) ? '' : reasonText(last.data.refused, language);
}

/** The steps of an agent, folded to one line each. */
export function StepList({ lines }: { lines: readonly StepLine[] }) {
  return (
    <ul className="work-steps">
      {lines.map((line) => (
        <Line key={line.key} line={line} />
      ))}
    </ul>
  );
}

function Line({ line }: { line: StepLine }) {
  const t = useText('agents');
  const language = useLanguage();
  const [open, setOpen] = useState(false);
  const { passed, tools } = line;
  const refusal = refusalOf(line, language);
  const failed = passed === false || refusal !== '';
  return (
    <li>
      <button type="button" className="work-step" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className={`step-mark ${passed === true ? 'tone-success' : failed ? 'tone-danger' : ''}`}>
          {passed === true ? (
            <Check size={12} />
          ) : failed ? (
            <X size={12} />
          ) : open ? (
            <ChevronDown size={12} />
          ) : (
            <ChevronRight size={12} />
          )}
        </span>
        <span className="step-title">
          {titleOf(line, t)}
          {refusal !== '' && <span className="text-second">: {refusal}</span>}
          {passed !== undefined && (
            <span className="visually-hidden">{t(passed ? 'passed' : 'notPassed')}</span>
          )}
        </span>
        <span className="step-tools">
          {tools.slice(0, 3).map(({ name, count }) => (
            <code key={name} className="step-tool clip">
              {name}
              {count > 1 && ` ×${count}`}
            </code>
          ))}
        </span>
        <span className="step-time">{formatDuration(line.durationMs, language)}</span>
      </button>
      {open && (
        <div className="step-open">
          {line.steps.map((step) => (
            <StepContent key={step.sequence} step={step} />
          ))}
        </div>
      )}
    </li>
  );
}
