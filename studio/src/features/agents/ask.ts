import { editorSelection } from '../../app/editor-selection.ts';
import { prepareTask } from './draft.ts';

/** Prepares a task about what is selected in the editor, or about the open file when nothing is. */
export function prepareAsk(projectId: string, openFile: string | undefined): void {
  const selected = editorSelection.get();
  if (selected === undefined || selected.projectId !== projectId) {
    // The editor may still be on its way.
    prepareTask(projectId, openFile === undefined ? {} : { chip: { kind: 'file', path: openFile } });
    return;
  }
  const { path, startLine, endLine, text } = selected;
  const chip =
    text.trim() === ''
      ? ({ kind: 'file', path } as const)
      : ({ kind: 'selection', path, startLine, endLine, text } as const);
  prepareTask(projectId, { chip });
}
