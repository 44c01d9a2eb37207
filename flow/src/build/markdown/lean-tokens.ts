import type { MarkdownIt as Parser, StateInline, Token } from 'markdown-it';

type Nesting = -1 | 0 | 1;

/**
 * Lets a parser make its tokens and inline states by plain assignments. The compiled package goes through a helper for each
 * of their fields, which was a fifth of all time for Markdown. The same fields, the same methods, the same output.
 */
export function useLeanTokens(parser: Parser): void {
  const TokenClass = new parser.core.State('', parser, {}).Token;
  const BlockState = parser.block.State;
  const InlineState = parser.inline.State;
  // markdown-it's own prototype: its methods are found, and plugins that ask what a token is get the usual answer.
  const LeanToken = withPrototype(
    TokenClass,
    function fill(this: Token, type: string, tag: string, nesting: Nesting) {
      this.map = null;
      this.level = 0;
      this.children = null;
      this.content = '';
      this.markup = '';
      this.info = '';
      this.block = false;
      this.hidden = false;
      this.type = type;
      this.tag = tag;
      this.attrs = null;
      this.nesting = nesting;
      this.meta = null;
    },
  );

  class LeanBlockState extends BlockState {
    override Token = LeanToken;

    override push(type: string, tag: string, nesting: Nesting): Token {
      const token = new LeanToken(type, tag, nesting);
      token.block = true;
      if (nesting < 0) this.level -= 1;
      token.level = this.level;
      if (nesting > 0) this.level += 1;
      this.tokens.push(token);
      return token;
    }
  }

  const LeanInlineState = withPrototype(
    InlineState,
    function fill(this: StateInline, src: string, md: Parser, env: StateInline['env'], outTokens: Token[]) {
      this.pos = 0;
      this.level = 0;
      this.pending = '';
      this.pendingLevel = 0;
      this.cache = {};
      this.backticks = {};
      this.backticksScanned = false;
      this.skipHtmlSpecial = false;
      this.linkLevel = 0;
      this.delimiters = [];
      this._prev_delimiters = [];
      this.Token = LeanToken;
      this.src = src;
      this.env = env;
      this.md = md;
      this.tokens = outTokens;
      this.tokens_meta = Array(outTokens.length);
      this.posMax = src.length;
      this.push = pushInline;
      this.pushPending = pushPending;
    },
  );

  function pushPending(this: StateInline): Token {
    const token = new LeanToken('text', '', 0);
    token.content = this.pending;
    token.level = this.pendingLevel;
    this.tokens.push(token);
    this.pending = '';
    return token;
  }

  function pushInline(this: StateInline, type: string, tag: string, nesting: Nesting): Token {
    if (this.pending) this.pushPending();
    const token = new LeanToken(type, tag, nesting);
    let meta: StateInline['tokens_meta'][number];
    if (nesting < 0) {
      this.level -= 1;
      this.delimiters = this._prev_delimiters.pop() ?? [];
    }
    token.level = this.level;
    if (nesting > 0) {
      this.level += 1;
      this._prev_delimiters.push(this.delimiters);
      this.delimiters = [];
      meta = { delimiters: this.delimiters };
    }
    this.pendingLevel = this.level;
    this.tokens.push(token);
    this.tokens_meta.push(meta);
    return token;
  }

  parser.block.State = LeanBlockState;
  parser.inline.State = LeanInlineState;
}

type Constructor<Instance, Input extends unknown[]> = {
  new (...input: Input): Instance;
  prototype: Instance;
};

/** A constructor that fills its object itself and is otherwise the class it stands for. */
function withPrototype<
  Instance extends object,
  Input extends unknown[],
  Class extends Constructor<Instance, Input>,
>(original: Class & Constructor<Instance, Input>, fill: (this: Instance, ...input: Input) => void): Class {
  fill.prototype = original.prototype;
  return fill as unknown as Class;
}
