import { useEffect, useRef } from 'react';
import { useText } from '../../i18n/language.ts';
import type { OpenDocument } from './document.ts';
import { editorOptions, monaco, prepareMonaco } from './monaco.ts';
import { workbenchTexts } from './texts.ts';

/** Both versions side by side; nothing is overwritten until the person has chosen. */
export function ConflictPanel({
  document: open,
  theirs,
  language,
}: {
  document: OpenDocument;
  theirs: string;
  language: string;
}) {
  const t = useText(workbenchTexts);
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (host.current === null) return;
    prepareMonaco();
    const original = monaco.editor.createModel(theirs, language);
    const modified = monaco.editor.createModel(open.content, language);
    const editor = monaco.editor.createDiffEditor(host.current, {
      ...editorOptions(),
      renderSideBySide: true,
      originalAriaLabel: t.theirs,
      modifiedAriaLabel: t.mine,
    });
    editor.setModel({ original, modified });
    const edits = modified.onDidChangeContent(() => open.edit(modified.getValue()));
    return () => {
      edits.dispose();
      editor.dispose();
      original.dispose();
      modified.dispose();
    };
  }, [open, theirs, language, t]);
  return (
    <div className="conflict">
      <div className="conflict-head" role="alert">
        <div className="flex-1">
          <h2>{t.conflictTitle}</h2>
          <p className="text-second">{t.conflictText}</p>
        </div>
        <button type="button" className="button" onClick={() => open.takeTheirs()}>
          {t.takeTheirs}
        </button>
        <button type="button" className="button primary" onClick={() => void open.keepMine()}>
          {t.keepMine}
        </button>
      </div>
      <div className="conflict-names text-muted">
        <span>{t.theirs}</span>
        <span>{t.mine}</span>
      </div>
      <div ref={host} className="code-editor" />
    </div>
  );
}
