import * as monaco from 'monaco-editor/editor/editor.api';

const mark = '\ufeff';
const { CRLF, LF } = monaco.editor.EndOfLineSequence;

/**
 * A text in a model of Monaco, without what a model does to texts by itself: it drops a byte order mark, and makes
 * all line ends alike. So the model's text counts only after somebody typed in it.
 */
export class EditorText {
  readonly model: monaco.editor.ITextModel;
  #mark: string;
  #takingOver = false;

  constructor(text: string, language: string) {
    this.#mark = text.startsWith(mark) ? mark : '';
    this.model = monaco.editor.createModel(text.slice(this.#mark.length), language);
    // Where a text has no line end yet, Monaco goes by the browser's system; the files lie on the server's.
    if (lineEndOf(text) === undefined) this.model.setEOL(LF);
  }

  get text(): string {
    return this.#mark + this.model.getValue();
  }

  /** Calls back with the text after each change that was made in the model. */
  onTyped(tell: (text: string) => void): void {
    this.model.onDidChangeContent(() => {
      if (!this.#takingOver) tell(this.text);
    });
  }

  /** Replaces the whole text as one undoable edit, line ends included. */
  takeOver(text: string): void {
    if (text === this.text) return;
    this.#takingOver = true;
    try {
      this.#mark = text.startsWith(mark) ? mark : '';
      const lineEnd = lineEndOf(text);
      this.model.pushStackElement();
      if (lineEnd !== undefined) this.model.pushEOL(lineEnd);
      const edit = { range: this.model.getFullModelRange(), text: text.slice(this.#mark.length) };
      this.model.pushEditOperations([], [edit], () => null);
      this.model.pushStackElement();
    } finally {
      this.#takingOver = false;
    }
  }
}

/** The line end that most lines have; undefined when there is none. */
function lineEndOf(text: string): monaco.editor.EndOfLineSequence | undefined {
  const all = text.match(/\r\n|\r|\n/g);
  if (all === null) return undefined;
  return all.filter((end) => end !== '\n').length > all.length / 2 ? CRLF : LF;
}
