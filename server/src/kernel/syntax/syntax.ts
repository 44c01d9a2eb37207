import { createRequire } from 'node:module';
import path from 'node:path';
import { Language, type Node, Parser } from 'web-tree-sitter';

export type SyntaxNode = Node;

const grammars: Readonly<Record<string, string>> = {
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  tsx: 'tsx',
  jsx: 'tsx',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  py: 'python',
  css: 'css',
  go: 'go',
  java: 'java',
  php: 'php',
  rb: 'ruby',
  rs: 'rust',
  c: 'cpp',
  h: 'cpp',
  cc: 'cpp',
  cpp: 'cpp',
  hpp: 'cpp',
  cs: 'c-sharp',
  sh: 'bash',
  bash: 'bash',
};

/** Beyond this a syntax tree costs more than it brings: generated code. */
const mostCharacters = 512 * 1024;

/** Syntax trees by tree-sitter. Grammars are WebAssembly, loaded when the first file of their language comes. */
export interface Syntax {
  /**
   * Gives the tree's root to `use`; the tree is freed afterwards. Null when no grammar knows the file's ending or the
   * file is larger than 512 Ki characters.
   */
  withTree<Result>(filePath: string, text: string, use: (root: SyntaxNode) => Result): Promise<Result | null>;
}

export function createSyntax(): Syntax {
  const require = createRequire(import.meta.url);
  const folder = path.dirname(require.resolve('@vscode/tree-sitter-wasm/wasm/tree-sitter.wasm'));
  const parsers = new Map<string, Promise<Parser>>();
  let started: Promise<void> | undefined;

  async function parserOf(grammar: string): Promise<Parser> {
    started ??= Parser.init();
    await started;
    const language = await Language.load(path.join(folder, `tree-sitter-${grammar}.wasm`));
    return new Parser().setLanguage(language);
  }

  return {
    async withTree(filePath, text, use) {
      const ending = filePath.slice(filePath.lastIndexOf('.') + 1).toLowerCase();
      const grammar = Object.hasOwn(grammars, ending) ? grammars[ending] : undefined;
      if (grammar === undefined || text.length > mostCharacters) return null;
      let parser = parsers.get(grammar);
      if (parser === undefined) {
        parser = parserOf(grammar);
        parsers.set(grammar, parser);
      }
      const tree = (await parser).parse(text);
      if (tree === null) return null;
      try {
        return use(tree.rootNode);
      } finally {
        tree.delete();
      }
    },
  };
}
