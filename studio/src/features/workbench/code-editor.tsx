import { useEffect, useRef } from 'react';
import type { OpenDocument } from './document.ts';
import { editorOptions, monaco, prepareMonaco } from './monaco.ts';

interface CodeEditorProps {
  readonly document: OpenDocument;
  readonly language: string;
  readonly label: string;
  readonly readOnly: boolean;
  readonly onCursor: (line: number, column: number) => void;
}

/** Monaco on one open document. Its models outlive it, so that undo survives a change of tabs. */
export function CodeEditor({ document: open, language, label, readOnly, onCursor }: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef(onCursor);
  latest.current = onCursor;

  useEffect(() => {
    if (host.current === null) return;
    prepareMonaco();
    const uri = monaco.Uri.from({ scheme: 'inmemory', path: `/${open.path}` });
    const model =
      monaco.editor.getModel(uri) ?? monaco.editor.createModel(open.content, monacoLanguage(language), uri);
    if (model.getValue() !== open.content) model.setValue(open.content);
    const editor = monaco.editor.create(host.current, {
      ...editorOptions(),
      model,
      readOnly,
      ariaLabel: label,
    });
    const subscriptions = [
      model.onDidChangeContent(() => open.edit(model.getValue())),
      editor.onDidChangeCursorPosition(({ position }) =>
        latest.current(position.lineNumber, position.column),
      ),
      editor.onDidBlurEditorText(() => void open.save()),
    ];
    editor.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.KeyS, () => void open.save());
    return () => {
      for (const subscription of subscriptions) subscription.dispose();
      editor.dispose();
    };
  }, [open, language, label, readOnly]);

  // What came from the server (a reload, a decided conflict) goes into the editor as one undoable edit.
  useEffect(() => {
    const model = monaco.editor.getModel(monaco.Uri.from({ scheme: 'inmemory', path: `/${open.path}` }));
    if (model !== null && model.getValue() !== open.content) {
      model.pushEditOperations([], [{ range: model.getFullModelRange(), text: open.content }], () => null);
    }
  }, [open, open.content]);

  return <div ref={host} className="code-editor" />;
}

/** Language ids that Monaco names in another way than the server. */
function monacoLanguage(language: string): string {
  return (
    { typescriptreact: 'typescript', javascriptreact: 'javascript', shellscript: 'shell', jsonc: 'json' }[
      language
    ] ?? language
  );
}
