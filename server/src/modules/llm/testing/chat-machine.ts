import { type GgufContent, writeGguf, writeSplitGguf } from './gguf-writer.ts';
import {
  byteToken,
  byteVocabulary,
  type LlamaShape,
  llamaMetadata,
  llamaTensors,
  tokenTypes,
  type VocabularyToken,
} from './llama-file.ts';

/**
 * A llama model whose weights are set by hand, so that the real engine's answers are known. Each token of an answer
 * has its own dimension, and the output matrix scores its one successor. Attention is uniform (zero queries and
 * keys): its value and output matrices copy how often each keyword stands in the prompt into spare dimensions,
 * and these decide which answer begins after `assistant\n`.
 */

/** A byte stands for its own token, so that characters are split across tokens. */
type Piece = string | number;

interface Answer {
  /** The token that chooses this answer when the prompt holds it; null for the answer without any keyword. */
  readonly keyword: string | null;
  /** A larger one wins when several keywords are there. */
  readonly weight: number;
  readonly pieces: readonly Piece[];
  /** What follows the last piece; the end of the text where it is not given. */
  readonly followedBy?: string;
}

export const assistantStart = 'assistant\n';
const endOfTurn = '<|im_end|>';
const smile = [0xf0, 0x9f, 0x98, 0x80];

/** What the machine answers, by the keyword in the prompt. */
export const machineAnswers = {
  default: 'Hello! I am a small machine \u{1F600} with known words.',
  toolCall: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Berlin"}}\n</tool_call>',
  afterTool: 'It is sunny in Berlin.',
  json: '{"answer": 42}',
  completion: ' upon a time.',
  infill: 'return a + b;',
} as const;

const answers: readonly Answer[] = [
  {
    keyword: null,
    weight: 0,
    pieces: ['Hello', '! I', ' am a', ' small', ' machine', ' ', ...smile, ' with', ' known', ' words.'],
  },
  {
    keyword: 'get_weather',
    weight: 2e5,
    pieces: [
      '<tool_call>',
      '\n{"name": "',
      'get_weather',
      '", "arguments": {"',
      'city": "',
      'Berlin',
      '"}}\n',
      '</tool_call>',
    ],
  },
  { keyword: '<tool_response>', weight: 4e6, pieces: ['It is', ' sunny', ' in Berlin', '.'] },
  { keyword: ' json', weight: 2e4, pieces: ['{"', 'answer', '": ', '42', '}'] },
  { keyword: ' forever', weight: 2e4, pieces: [' tick', ' tock'], followedBy: ' tick' },
];

/** Chains that begin at a token of the prompt's end instead of the assistant's turn. */
const continuations: readonly (readonly Piece[])[] = [
  ['Once', ' upon', ' a time', '.\n'],
  ['<|fim_middle|>', 'return', ' a + b', ';'],
];

const controlTokens = ['<|im_start|>', endOfTurn, '<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>'];

export const chatTemplate = [
  '{%- if tools %}<|im_start|>system\n',
  "{%- if messages[0].role == 'system' %}{{ messages[0].content }}\n\n{% endif %}",
  '# Tools\n<tools>{% for tool in tools %}\n{{ tool | tojson }}{% endfor %}\n</tools>\n',
  'Answer with <tool_call>\n{"name": <name>, "arguments": <arguments>}\n</tool_call><|im_end|>\n',
  '{%- endif %}',
  '{%- for message in messages %}',
  "{%- if message.role == 'tool' %}<|im_start|>user\n<tool_response>\n{{ message.content }}\n</tool_response><|im_end|>\n",
  "{%- elif not (tools and loop.first and message.role == 'system') %}<|im_start|>{{ message.role }}\n{{ message.content }}",
  '{%- for call in message.tool_calls or [] %}\n<tool_call>\n{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}\n</tool_call>{% endfor %}',
  '<|im_end|>\n{%- endif %}',
  '{%- endfor %}',
  '{%- if add_generation_prompt %}<|im_start|>assistant\n{% endif %}',
].join('');

const shape: LlamaShape = {
  contextLength: 4096,
  embeddingLength: 128,
  layers: 1,
  feedForwardLength: 32,
  heads: 2,
};

/** Large enough that sampling at any usual temperature takes the best one. */
const chosen = 1e7;
/** By how much the answer without a keyword wins; one keyword in 600 tokens outweighs it. */
const preference = 30;

class Machine {
  readonly vocabulary: VocabularyToken[] = [...byteVocabulary];
  readonly #ids = new Map<string, number>();
  /** Token id to its own dimension. */
  readonly dimensions = new Map<number, number>();
  /** Of each keyword: its token's dimension, and the spare one that tells how often it was there. */
  readonly keywords: { readonly from: number; readonly to: number }[] = [];
  readonly scores: { readonly token: number; readonly dimension: number; readonly score: number }[] = [];

  constructor() {
    // The space of ordinary text; the tokenizer writes it so.
    this.vocabulary.push({ text: '\u2581', type: tokenTypes.normal });
    for (const text of controlTokens) this.#add(text, tokenTypes.control);
    const start = this.#dimensionOf(this.idOf(assistantStart));
    for (const answer of answers) this.#addAnswer(answer, start);
    for (const chain of continuations) this.#addChain(chain, this.idOf('</s>'));
  }

  #add(text: string, type: number): number {
    const id = this.vocabulary.push({ text, type }) - 1;
    this.#ids.set(text, id);
    return id;
  }

  idOf(piece: Piece): number {
    if (typeof piece === 'number') return byteToken(piece);
    if (piece === '</s>') return 2;
    return this.#ids.get(piece) ?? this.#add(piece, tokenTypes.userDefined);
  }

  #dimensionOf(token: number): number {
    const known = this.dimensions.get(token);
    if (known !== undefined) return known;
    const dimension = this.dimensions.size + this.keywords.length;
    this.dimensions.set(token, dimension);
    return dimension;
  }

  #addChain(pieces: readonly Piece[], last: number): void {
    pieces.forEach((piece, index) => {
      const next = pieces[index + 1];
      const dimension = this.#dimensionOf(this.idOf(piece));
      this.scores.push({ token: next === undefined ? last : this.idOf(next), dimension, score: chosen });
    });
  }

  #addAnswer(answer: Answer, start: number): void {
    const [first] = answer.pieces;
    if (first === undefined) return;
    this.#addChain(answer.pieces, this.idOf(answer.followedBy ?? endOfTurn));
    const score = answer.keyword === null ? chosen + preference : chosen;
    this.scores.push({ token: this.idOf(first), dimension: start, score });
    if (answer.keyword === null) return;
    const from = this.#dimensionOf(this.idOf(answer.keyword));
    const to = this.dimensions.size + this.keywords.length;
    this.keywords.push({ from, to });
    this.scores.push({ token: this.idOf(first), dimension: to, score: answer.weight });
  }
}

/** Writes the chat machine as a GGUF file of about half a megabyte. */
export function writeChatMachine(file: string): void {
  writeGguf(file, machineContent());
}

/** Writes the chat machine in several files; their paths in order. */
export function writeSplitChatMachine(prefix: string, count: number): string[] {
  return writeSplitGguf(prefix, machineContent(), count);
}

function machineContent(): GgufContent {
  const machine = new Machine();
  const width = shape.embeddingLength;
  if (machine.dimensions.size + machine.keywords.length > width) throw new Error('too few dimensions');
  const fill = (name: string, values: Float32Array, rowLength: number): void => {
    if (name === 'token_embd.weight') {
      for (const [token, dimension] of machine.dimensions) values[token * rowLength + dimension] = 1;
    } else if (name === 'blk.0.attn_norm.weight') {
      // A one-hot vector leaves the norm as its own length times the square root of the width.
      values.fill(1 / Math.sqrt(width));
    } else if (name === 'blk.0.attn_v.weight') {
      for (const { from, to } of machine.keywords) values[to * rowLength + from] = 1;
    } else if (name === 'blk.0.attn_output.weight') {
      for (const { to } of machine.keywords) values[to * rowLength + to] = 1;
    } else if (name === 'output_norm.weight') {
      values.fill(1 / Math.sqrt(width));
    } else if (name === 'output.weight') {
      for (const { token, dimension, score } of machine.scores) values[token * rowLength + dimension] = score;
    }
  };
  return {
    metadata: {
      ...llamaMetadata('Chat machine', shape, machine.vocabulary),
      'tokenizer.ggml.eot_token_id': { type: 'uint32', value: machine.idOf(endOfTurn) },
      'tokenizer.ggml.fim_pre_token_id': { type: 'uint32', value: machine.idOf('<|fim_prefix|>') },
      'tokenizer.ggml.fim_suf_token_id': { type: 'uint32', value: machine.idOf('<|fim_suffix|>') },
      'tokenizer.ggml.fim_mid_token_id': { type: 'uint32', value: machine.idOf('<|fim_middle|>') },
      'tokenizer.chat_template': { type: 'string', value: chatTemplate },
    },
    tensors: llamaTensors(shape, machine.vocabulary.length, { type: 'F32', fill }),
  };
}
