import { useEffect, useRef } from 'react';
import { type EditorSelection, editorSelection } from '../../app/editor-selection.ts';
import { editorStatus } from '../../app/editor-status.ts';
import { text } from '../../i18n/language.ts';
import type { OpenProposal } from '../agents/agent-queries.ts';
import type { OpenDocument } from './document.ts';
import { EditorText } from './editor-text.ts';
import { editorOptions, monaco, monacoLanguage, prepareMonaco } from './monaco.ts';
import { useProposalMarks } from './proposal-marks.ts';

interface CodeEditorProps {
  readonly document: OpenDocument;
  readonly proposals: readonly OpenProposal[];
  /** Shows a task's change of this file. */
  readonly onReview: (taskId: string) => void;
  readonly language: string;
  readonly label: string;
  readonly readOnly: boolean;
  readonly line?: number | undefined;
  /** Somebody wants to ask an agent about what is selected. */
  readonly onAsk?: (() => void) | undefined;
  readonly projectId: string;
}

interface Shown {
  readonly text: EditorText;
  viewState: monaco.editor.ICodeEditorViewState | null;
  revision: number;
}

/** Models live as long as their documents, so that undo and the scroll position survive a change of tabs. */
const shownOf = new WeakMap<OpenDocument, Shown>();

function shownFor(document: OpenDocument, language: string): Shown {
  const known = shownOf.get(document);
  if (known !== undefined && !known.text.model.isDisposed()) {
    monaco.editor.setModelLanguage(known.text.model, monacoLanguage(language));
    return known;
  }
  const text = new EditorText(document.content, monacoLanguage(language));
  const shown: Shown = { text, viewState: null, revision: document.revision };
  text.onTyped((typed) => document.edit(typed));
  shownOf.set(document, shown);
  // Monaco holds every model until it is disposed.
  document.whenClosed(() => text.model.dispose());
  return shown;
}

/** More than this is a matter for the whole file. */
const longestSelection = 20_000;

/** One Monaco for all tabs; it shows the document of the active one. */
export function CodeEditor(props: CodeEditorProps) {
  const { document: open, language, label, readOnly, line, onAsk, projectId, proposals, onReview } = props;
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<monaco.editor.IStandaloneCodeEditor>(undefined);
  const current = useRef(open);
  current.current = open;
  const place = useRef({ projectId, path: label });
  place.current = { projectId, path: label };
  const ask = useRef(onAsk);
  ask.current = onAsk;

  useEffect(() => {
    if (host.current === null) return;
    prepareMonaco();
    const made = monaco.editor.create(host.current, { ...editorOptions(), model: null });
    editor.current = made;
    made.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.KeyS, () => void current.current.save());
    made.addAction({
      id: 'cds.ask-agent',
      label: text('agents:askSelection'),
      contextMenuGroupId: 'navigation',
      contextMenuOrder: 9,
      run: () => ask.current?.(),
    });
    const tellSelection = () => editorSelection.set(selectionOf(made, place.current));
    const subscriptions = [
      made.onDidChangeCursorSelection(tellSelection),
      made.onDidBlurEditorText(() => void current.current.save()),
      made.onDidChangeCursorPosition(({ position }) => tellPosition(made, position)),
      made.onDidChangeModel(() => {
        tellPosition(made, made.getPosition());
        tellSelection();
      }),
    ];
    return () => {
      for (const subscription of subscriptions) subscription.dispose();
      editorStatus.set(undefined);
      editorSelection.set(undefined);
      made.dispose();
      editor.current = undefined;
    };
  }, []);

  useEffect(() => {
    const made = editor.current;
    if (made === undefined) return;
    const shown = shownFor(open, language);
    made.setModel(shown.text.model);
    if (shown.viewState !== null) made.restoreViewState(shown.viewState);
    return () => {
      shown.viewState = made.saveViewState();
    };
  }, [open, language]);

  useEffect(() => {
    editor.current?.updateOptions({ readOnly, ariaLabel: label });
  }, [readOnly, label]);

  // A line belongs to the document that it was asked for: the same number in another file is another place.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said above
  useEffect(() => {
    if (line === undefined || editor.current === undefined) return;
    editor.current.revealLineInCenter(line);
    editor.current.setPosition({ lineNumber: line, column: 1 });
    editor.current.focus();
  }, [line, open]);

  // What came from the server (a reload, a decided conflict) goes into the editor as one undoable edit.
  const { revision } = open;
  useEffect(() => {
    const shown = shownOf.get(open);
    if (shown === undefined || shown.revision === revision) return;
    shown.revision = revision;
    shown.text.takeOver(open.content);
  }, [open, revision]);

  useProposalMarks({ editor, document: open, proposals, onReview });

  return <div ref={host} className="code-editor" />;
}

function selectionOf(
  editor: monaco.editor.IStandaloneCodeEditor,
  place: { readonly projectId: string; readonly path: string },
): EditorSelection {
  const selection = editor.getSelection();
  const chosen = selection === null ? '' : (editor.getModel()?.getValueInRange(selection) ?? '');
  return {
    ...place,
    startLine: selection?.startLineNumber ?? 1,
    endLine: selection?.endLineNumber ?? 1,
    text: chosen.slice(0, longestSelection),
  };
}

function tellPosition(editor: monaco.editor.IStandaloneCodeEditor, position: monaco.IPosition | null): void {
  const id = editor.getModel()?.getLanguageId();
  if (position === null || id === undefined) return;
  const alias = monaco.languages.getLanguages().find((language) => language.id === id)?.aliases?.[0];
  editorStatus.set({ line: position.lineNumber, column: position.column, language: alias ?? id });
}
