import { type QueryObserverResult, useQueries } from '@tanstack/react-query';
import { type RefObject, useEffect, useRef } from 'react';
import { text } from '../../i18n/language.ts';
import { type OpenProposal, type ProposedFile, proposedFileQuery } from '../agents/agent-queries.ts';
import { monaco } from './monaco.ts';
import { markedLines } from './proposals.ts';

interface Marks {
  readonly editor: RefObject<monaco.editor.IStandaloneCodeEditor | undefined>;
  /** Another one is another text. */
  readonly document: object;
  readonly proposals: readonly OpenProposal[];
  readonly onReview: (taskId: string) => void;
}

/**
 * Marks at the edge of the editor which lines agents propose to change. A click on a mark, or "Review the proposed
 * change" in the menu, leads to the review. While somebody types, the marks move along with their lines.
 */
export function useProposalMarks({ editor, document, proposals, onReview }: Marks): void {
  const files = useQueries({
    queries: proposals.map(({ taskId, path }) => proposedFileQuery(taskId, path)),
    combine: dataOf,
  });
  const review = useRef(onReview);
  review.current = onReview;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is the document's
  useEffect(() => {
    const made = editor.current;
    const model = made?.getModel();
    if (made === undefined || model == null || proposals.length === 0) return;
    const found = proposals.flatMap(({ taskId, agent, path, change }, index) => {
      const file = files[index];
      if (file?.path !== path) return [];
      const label = text('agents:proposes', { name: text(`agents:full.${agent}`) });
      const lines =
        file.before === null || change === 'deleted'
          ? [{ from: 1, to: model.getLineCount(), inserted: false }]
          : markedLines(file.before, model.getValue(), file.regions);
      return lines.map((place) => ({ taskId, decoration: decorationOf(place, label) }));
    });
    const marks = made.createDecorationsCollection(found.map(({ decoration }) => decoration));
    const clicks = made.onMouseDown(({ target }) => {
      if (target.type !== monaco.editor.MouseTargetType.GUTTER_LINE_DECORATIONS) return;
      const line = target.position.lineNumber;
      const hit = found.find((_, index) => {
        const range = marks.getRange(index);
        return range !== null && range.startLineNumber <= line && line <= range.endLineNumber;
      });
      if (hit !== undefined) review.current(hit.taskId);
    });
    const first = proposals[0]?.taskId;
    const action = made.addAction({
      id: 'cds.review-proposal',
      label: text('agents:reviewProposal'),
      contextMenuGroupId: 'navigation',
      contextMenuOrder: 8,
      run: () => {
        if (first !== undefined) review.current(first);
      },
    });
    return () => {
      marks.clear();
      clicks.dispose();
      action.dispose();
    };
  }, [editor, document, proposals, files]);
}

function dataOf(results: QueryObserverResult<ProposedFile>[]): (ProposedFile | undefined)[] {
  return results.map(({ data }) => data);
}

function decorationOf(
  { from, to, inserted }: ReturnType<typeof markedLines>[number],
  label: string,
): monaco.editor.IModelDeltaDecoration {
  return {
    range: new monaco.Range(from, 1, to, 1),
    options: {
      isWholeLine: true,
      linesDecorationsClassName: inserted ? 'agent-gutter inserted' : 'agent-gutter',
      linesDecorationsTooltip: label,
      overviewRuler: {
        color: { id: 'studio.agent' },
        position: monaco.editor.OverviewRulerLane.Right,
      },
    },
  };
}
