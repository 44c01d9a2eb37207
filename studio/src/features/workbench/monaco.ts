import 'monaco-editor/basic-languages/monaco.contribution';
import './monaco-features.ts';
import * as monaco from 'monaco-editor/editor/editor.api';
import EditorWorker from 'monaco-editor/editor/editor.worker?worker';
import { currentTheme, tokenValue } from '../../ui/theme.ts';
import { hexOf } from './color.ts';
import { jsonConfiguration, jsonTokens } from './json-language.ts';

export { monaco };

/** Monaco's token names and the role of tokens.css that each is drawn in. */
const rules: readonly (readonly [token: string, role: string])[] = [
  ['', 'variable'],
  ['comment', 'comment'],
  ['keyword', 'keyword'],
  ['string', 'string'],
  ['string.key', 'property'],
  ['string.escape', 'regexp'],
  ['number', 'number'],
  ['constant', 'constant'],
  ['variable.predefined', 'constant'],
  ['function', 'function'],
  ['predefined', 'function'],
  ['type', 'type'],
  ['namespace', 'type'],
  ['identifier', 'variable'],
  ['variable', 'variable'],
  ['attribute.name', 'property'],
  ['attribute.value', 'string'],
  ['key', 'property'],
  ['delimiter', 'operator'],
  ['operator', 'operator'],
  ['regexp', 'regexp'],
  ['tag', 'tag'],
  ['annotation', 'tag'],
  ['metatag', 'tag'],
];

const color = (name: string) => hexOf(tokenValue(name));

/** Monaco's colours and the token of each. */
const colors: Readonly<Record<string, string>> = {
  'editor.background': '--bg-primary',
  'editor.foreground': '--syntax-variable',
  'editorLineNumber.foreground': '--text-muted',
  'editorLineNumber.activeForeground': '--text-primary',
  'editor.selectionBackground': '--selection',
  'editor.inactiveSelectionBackground': '--selection-inactive',
  'editor.selectionHighlightBackground': '--selection-inactive',
  'editor.wordHighlightBackground': '--selection-inactive',
  'editor.lineHighlightBackground': '--line-current',
  'editor.findMatchBackground': '--find-match',
  'editor.findMatchHighlightBackground': '--find-match',
  'editorCursor.foreground': '--accent-1',
  'editorIndentGuide.background1': '--border-subtle',
  'editorIndentGuide.activeBackground1': '--border-strong',
  'editorBracketMatch.background': '--selection-inactive',
  'editorBracketMatch.border': '--border-strong',
  'editorOverviewRuler.border': '--border-subtle',
  'editorGutter.addedBackground': '--diff-added-mark',
  'editorGutter.deletedBackground': '--diff-removed-mark',
  'editorGutter.modifiedBackground': '--diff-changed-mark',
  'editorWidget.background': '--surface-float',
  'editorWidget.border': '--border-default',
  'editorHoverWidget.background': '--surface-float',
  'editorSuggestWidget.background': '--surface-float',
  'editorSuggestWidget.selectedBackground': '--surface-3',
  'editorStickyScroll.background': '--bg-primary',
  'input.background': '--surface-1',
  'input.border': '--border-control',
  'input.foreground': '--text-primary',
  focusBorder: '--focus-ring',
  'menu.background': '--surface-float',
  'menu.foreground': '--text-primary',
  'menu.selectionBackground': '--surface-3',
  'quickInput.background': '--surface-overlay',
  'list.hoverBackground': '--surface-2',
  'list.focusBackground': '--surface-3',
  'scrollbarSlider.background': '--scrollbar',
  'scrollbarSlider.hoverBackground': '--scrollbar-hover',
  'scrollbarSlider.activeBackground': '--scrollbar-hover',
  // Not one of Monaco's: the mark of what an agent proposes.
  'studio.agent': '--accent-2',
  'diffEditor.insertedLineBackground': '--diff-added-line',
  'diffEditor.insertedTextBackground': '--diff-added-word',
  'diffEditor.removedLineBackground': '--diff-removed-line',
  'diffEditor.removedTextBackground': '--diff-removed-word',
  'diffEditorOverview.insertedForeground': '--diff-added-mark',
  'diffEditorOverview.removedForeground': '--diff-removed-mark',
};

/** Gives Monaco the colours of the theme in force. */
function applyTheme(): void {
  monaco.editor.defineTheme('studio', {
    base: currentTheme() === 'serial-steel' ? 'vs' : 'vs-dark',
    inherit: false,
    rules: rules.map(([token, role]) => ({ token, foreground: color(`--syntax-${role}`).slice(1, 7) })),
    colors: {
      ...Object.fromEntries(Object.entries(colors).map(([name, token]) => [name, color(token)])),
      'editor.lineHighlightBorder': '#00000000',
      'scrollbar.shadow': '#00000000',
      'widget.shadow': '#00000000',
    },
  });
  monaco.editor.setTheme('studio');
}

let prepared = false;

/** Once: the worker, JSON, and the theme, which follows the page's. */
export function prepareMonaco(): void {
  if (prepared) return;
  prepared = true;
  globalThis.MonacoEnvironment = { getWorker: () => new EditorWorker() };
  monaco.languages.register({ id: 'json', extensions: ['.json', '.jsonc'] });
  monaco.languages.setMonarchTokensProvider('json', jsonTokens);
  monaco.languages.setLanguageConfiguration('json', jsonConfiguration);
  applyTheme();
  new MutationObserver(applyTheme).observe(document.documentElement, { attributeFilter: ['data-theme'] });
}

/** Options that every editor of the studio shares. */
export function editorOptions(): monaco.editor.IEditorOptions & monaco.editor.IGlobalEditorOptions {
  return {
    automaticLayout: true,
    minimap: { enabled: false },
    fontFamily: tokenValue('--font-code'),
    fontSize: 13,
    lineHeight: 20,
    fontLigatures: false,
    scrollBeyondLastLine: false,
    renderLineHighlight: 'all',
    renderFinalNewline: 'on',
    padding: { top: 4, bottom: 8 },
    lineNumbersMinChars: 4,
    overviewRulerLanes: 2,
    hideCursorInOverviewRuler: true,
    fixedOverflowWidgets: true,
    bracketPairColorization: { enabled: false },
    smoothScrolling: false,
    stickyScroll: { enabled: false },
    wordBasedSuggestions: 'currentDocument',
    scrollbar: { verticalScrollbarSize: 10, horizontalScrollbarSize: 10, useShadows: false },
  };
}

const namesThatDiffer: Readonly<Record<string, string>> = {
  typescriptreact: 'typescript',
  javascriptreact: 'javascript',
  shellscript: 'shell',
  jsonc: 'json',
};

/** Monaco's id of a language that the server names. */
export function monacoLanguage(language: string): string {
  return namesThatDiffer[language] ?? language;
}
