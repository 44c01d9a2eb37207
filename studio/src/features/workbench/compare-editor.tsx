import { useEffect, useRef } from 'react';
import { useNarrow } from '../../ui/media.ts';
import { EditorText } from './editor-text.ts';
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
  const editable = onEdit !== undefined;
  // What is typed on the right side comes back as `after`: it is not given to the editor again while it stands, and
  // is where another editor begins that takes its place.
  const latestAfter = useRef(after);
  latestAfter.current = after;
  const shownAfter = editable ? undefined : after;

  useEffect(() => {
    if (host.current === null) return;
    prepareMonaco();
    const original = monaco.editor.createModel(before, monacoLanguage(language));
    const modified = new EditorText(shownAfter ?? latestAfter.current, monacoLanguage(language));
    const editor = monaco.editor.createDiffEditor(host.current, {
      ...editorOptions(),
      renderSideBySide: !narrow,
      readOnly: !editable,
      originalEditable: false,
      originalAriaLabel: beforeLabel,
      modifiedAriaLabel: afterLabel,
      hideUnchangedRegions: { enabled: !editable },
      renderOverviewRuler: !narrow,
    });
    // The labels above are those of the hint alone, where the editor edits without a text field (Monaco 0.57).
    editor.getOriginalEditor().updateOptions({ ariaLabel: beforeLabel });
    editor.getModifiedEditor().updateOptions({ ariaLabel: afterLabel });
    editor.setModel({ original, modified: modified.model });
    modified.onTyped((text) => edit.current?.(text));
    return () => {
      editor.dispose();
      original.dispose();
      modified.model.dispose();
    };
  }, [before, shownAfter, language, beforeLabel, afterLabel, narrow, editable]);

  return <div ref={host} className="code-editor" />;
}
