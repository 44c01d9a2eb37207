import { editorSelection } from '../../app/editor-selection.ts';
import { prepareTask } from './draft.ts';

/** Prepares a task about what is selected in the editor, or about its file when nothing is. */
export function prepareAsk(projectId: string): void {
  const selected = editorSelection.get();
  if (selected === undefined || selected.projectId !== projectId) {
    prepareTask(projectId, {});
    return;
  }
  const { path, startLine, endLine, text } = selected;
  const chip =
    text.trim() === ''
      ? ({ kind: 'file', path } as const)
      : ({ kind: 'selection', path, startLine, endLine, text } as const);
  prepareTask(projectId, { chip });
}
