import { useEffect, useRef } from 'react';
import { useNarrow } from '../../ui/media.ts';
import { editorOptions, monaco, monacoLanguage, prepareMonaco } from './monaco.ts';

interface CompareEditorProps {
  readonly before: string;
  readonly after: string;
  readonly language: string;
  readonly beforeLabel: string;
  readonly afterLabel: string;
  /** Called while the right side is edited; without it both sides are read only. */
  readonly onEdit?: (text: string) => void;
}

/** Two versions side by side, above one another where there is no room. */
export function CompareEditor(props: CompareEditorProps) {
  const { before, after, language, beforeLabel, afterLabel, onEdit } = props;
  const host = useRef<HTMLDivElement>(null);
  const narrow = useNarrow();
  const edit = useRef(onEdit);
  edit.current = onEdit;
  // The right side is given once; what is typed there must not be given back to it.
  const initialAfter = useRef(after);
  if (onEdit === undefined) initialAfter.current = after;
  const shownAfter = initialAfter.current;
  const editable = onEdit !== undefined;

  useEffect(() => {
    if (host.current === null) return;
    prepareMonaco();
    const original = monaco.editor.createModel(before, monacoLanguage(language));
    const modified = monaco.editor.createModel(shownAfter, monacoLanguage(language));
    const editor = monaco.editor.createDiffEditor(host.current, {
      ...editorOptions(),
      renderSideBySide: !narrow,
      readOnly: !editable,
      originalEditable: false,
      originalAriaLabel: beforeLabel,
      modifiedAriaLabel: afterLabel,
      hideUnchangedRegions: { enabled: !editable },
      renderOverviewRuler: true,
    });
    editor.setModel({ original, modified });
    const edits = modified.onDidChangeContent(() => edit.current?.(modified.getValue()));
    return () => {
      edits.dispose();
      editor.dispose();
      original.dispose();
      modified.dispose();
    };
  }, [before, shownAfter, language, beforeLabel, afterLabel, narrow, editable]);

  return <div ref={host} className="code-editor" />;
}
