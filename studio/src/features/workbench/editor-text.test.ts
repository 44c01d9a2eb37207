// @vitest-environment happy-dom
import { afterAll, expect, test, vi } from 'vitest';
import { EditorText } from './editor-text.ts';

// Monaco asks once, when it is loaded, which system it runs on: here it is Windows.
const platform = vi.hoisted(() => {
  const before = process.platform;
  Object.defineProperty(process, 'platform', { value: 'win32' });
  return before;
});
afterAll(() => {
  Object.defineProperty(process, 'platform', { value: platform });
});

/** Types at the end, as a person would. */
function type({ model }: EditorText, text: string): void {
  const line = model.getLineCount();
  const column = model.getLineMaxColumn(line);
  const range = { startLineNumber: line, startColumn: column, endLineNumber: line, endColumn: column };
  model.pushEditOperations([], [{ range, text }], () => null);
}

test('a byte order mark survives typing', () => {
  const editor = new EditorText('\ufeffWrite-Host', 'plaintext');
  const typed = vi.fn();
  editor.onTyped(typed);
  type(editor, ' 1');
  expect(typed).toHaveBeenCalledWith('\ufeffWrite-Host 1');
  editor.takeOver('\ufeffother');
  type(editor, '.');
  expect(editor.text).toBe('\ufeffother.');
});

test('line ends of Windows stay in a file that has them, and come into no other', () => {
  const windows = new EditorText('a\r\nb', 'plaintext');
  type(windows, '\nc');
  expect(windows.text).toBe('a\r\nb\r\nc');
  const empty = new EditorText('', 'plaintext');
  expect(empty.model.getEOL()).toBe('\n');
});

test('a text that was taken over is no typed one, also when a program has changed its line ends', () => {
  const editor = new EditorText('a\r\nb\r\n', 'plaintext');
  const typed = vi.fn();
  editor.onTyped(typed);
  editor.takeOver('a\nb\nc\n');
  expect(typed).not.toHaveBeenCalled();
  expect(editor.text).toBe('a\nb\nc\n');
  editor.takeOver('a\r\nb\nc\n');
  expect(typed).not.toHaveBeenCalled();
});
