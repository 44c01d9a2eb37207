import { Check, ChevronDown, ChevronRight, X } from 'lucide-react';
import { useState } from 'react';
import { type Translate, useLanguage, useText } from '../../i18n/language.ts';
import { formatDuration } from '../../ui/format.ts';
import { StepContent } from './step-content.tsx';
import { filesOf, type StepLine } from './step-lines.ts';

/** What a line says, in words. */
function titleOf(line: StepLine, t: Translate<'agents'>): string {
  const [step] = line.steps;
  if (line.kind === 'read' || line.kind === 'edit') {
    const count = filesOf(line).length;
    if (count > 0) return t(line.kind === 'read' ? 'steps.readFiles' : 'steps.editFiles', { count });
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
  return (
    <li>
      <button type="button" className="work-step" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span
          className={`step-mark ${passed === true ? 'tone-success' : passed === false ? 'tone-danger' : ''}`}
        >
          {passed === true ? (
            <Check size={12} />
          ) : passed === false ? (
            <X size={12} />
          ) : open ? (
            <ChevronDown size={12} />
          ) : (
            <ChevronRight size={12} />
          )}
        </span>
        <span className="step-title">
          {titleOf(line, t)}
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
