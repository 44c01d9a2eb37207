import * as monaco from 'monaco-editor/editor/editor.api';
import 'monaco-editor/basic-languages/monaco.contribution';
import EditorWorker from 'monaco-editor/editor/editor.worker?worker';
import { currentTheme, tokenValue } from '../../ui/theme.ts';

export { monaco };

const rules: readonly (readonly [token: string, variable: string])[] = [
  ['comment', 'comment'],
  ['keyword', 'keyword'],
  ['string', 'string'],
  ['number', 'number'],
  ['constant', 'constant'],
  ['function', 'function'],
  ['type', 'type'],
  ['identifier', 'variable'],
  ['attribute.name', 'property'],
  ['key', 'property'],
  ['delimiter', 'operator'],
  ['regexp', 'regexp'],
  ['tag', 'tag'],
  ['annotation', 'tag'],
  ['metatag', 'tag'],
];

/** #rrggbb(aa) of a token: it may be written as `rgb(r g b / a)`, or shortened to `#fff` by the CSS build. */
export function hexOf(value: string): string {
  const short = /^#([0-9a-f]{3,4})$/i.exec(value)?.[1];
  if (short !== undefined) return `#${[...short].map((digit) => digit + digit).join('')}`;
  const match = /^rgba?\((\d+)[ ,]+(\d+)[ ,]+(\d+)(?:\s*[/,]\s*([\d.]+)(%?))?\)$/.exec(value);
  if (match === null) return value;
  const [, red, green, blue, alpha, percent] = match;
  const parts = [red, green, blue].map(Number);
  if (alpha !== undefined) parts.push(Math.round(Number(alpha) * (percent === '%' ? 2.55 : 255)));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

const color = (name: string) => hexOf(tokenValue(name));

/** Gives Monaco the colours of the theme in force. */
export function applyMonacoTheme(): void {
  const light = currentTheme() === 'serial-steel';
  monaco.editor.defineTheme('studio', {
    base: light ? 'vs' : 'vs-dark',
    inherit: true,
    rules: rules.map(([token, variable]) => ({
      token,
      foreground: color(`--syntax-${variable}`).replace('#', ''),
    })),
    colors: {
      'editor.background': color('--bg-primary'),
      'editor.foreground': color('--syntax-variable'),
      'editorLineNumber.foreground': color('--text-muted'),
      'editorLineNumber.activeForeground': color('--text-primary'),
      'editor.selectionBackground': color('--selection'),
      'editor.inactiveSelectionBackground': color('--selection-inactive'),
      'editor.lineHighlightBackground': color('--line-current'),
      'editor.lineHighlightBorder': '#00000000',
      'editorCursor.foreground': color('--accent-1'),
      'editorWidget.background': color('--surface-float'),
      'diffEditor.insertedLineBackground': color('--diff-added-line'),
      'diffEditor.insertedTextBackground': color('--diff-added-word'),
      'diffEditor.removedLineBackground': color('--diff-removed-line'),
      'diffEditor.removedTextBackground': color('--diff-removed-word'),
    },
  });
  monaco.editor.setTheme('studio');
}

let prepared = false;

/** Once: the worker and the theme. */
export function prepareMonaco(): void {
  if (prepared) return;
  prepared = true;
  globalThis.MonacoEnvironment = { getWorker: () => new EditorWorker() };
  applyMonacoTheme();
  new MutationObserver(applyMonacoTheme).observe(document.documentElement, {
    attributeFilter: ['data-theme'],
  });
}

/** Options that every editor of the studio shares. */
export function editorOptions(): monaco.editor.IStandaloneEditorConstructionOptions {
  return {
    automaticLayout: true,
    minimap: { enabled: false },
    fontFamily: tokenValue('--font-code'),
    fontSize: 13,
    lineHeight: 20,
    fontLigatures: false,
    scrollBeyondLastLine: false,
    renderLineHighlight: 'line',
    padding: { top: 8 },
    tabSize: 2,
    fixedOverflowWidgets: true,
    // A dimmed last number has too little contrast to be read.
    renderFinalNewline: 'on',
    accessibilitySupport: 'auto',
  };
}
