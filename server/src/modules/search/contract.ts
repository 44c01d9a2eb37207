import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { fileFaults } from '#base/file-faults.ts';
import { searchFaults } from './contract-faults.ts';

const ProjectId = z.uuid();
const Glob = z.string().min(1).max(500);

const Line = z.object({
  /** Counted from one. */
  line: z.int().positive(),
  /** At most 400 characters around the first match. */
  text: z.string(),
  /** Where the matches are in `text`, in UTF-16 units. */
  ranges: z.array(z.tuple([z.int(), z.int()])),
});
export type SearchLine = z.infer<typeof Line>;

const Result = z.object({
  path: z.string(),
  startLine: z.int().positive(),
  endLine: z.int().positive(),
  /** The function, class or heading that the lines belong to; null where nothing has a name. */
  symbol: z.string().nullable(),
  /** Why it was found: the very text, its words, or its meaning. */
  found: z.array(z.enum(['exact', 'words', 'meaning'])),
  /** Larger is better; comparable within one answer only. */
  score: z.number(),
  lines: z.array(Line),
});
export type SearchResult = z.infer<typeof Result>;

const IndexState = z.object({
  state: z.enum(['none', 'indexing', 'ready']),
  files: z.int().nonnegative(),
  chunks: z.int().nonnegative(),
  /** Files that are still to be read. */
  pending: z.int().nonnegative(),
  /** The local model whose vectors take part; null when there is none, then words alone decide. */
  embeddingModel: z.string().nullable(),
  embeddedChunks: z.int().nonnegative(),
});
export type IndexState = z.infer<typeof IndexState>;

/** Finding code in a project: the very text, patterns, and what words and meaning are near. */
export const searchContract = defineContract('search', {
  faults: { ...fileFaults, ...searchFaults },
  methods: {
    'search.code': {
      summary: 'Finds code: the very text or a pattern in the files as they are, or hybrid with ranking.',
      access: 'viewer',
      rateClass: 'read',
      positional: ['projectId', 'query', 'limit'],
      timeoutMs: 60_000,
      params: z.strictObject({
        projectId: ProjectId,
        query: z.string().min(1).max(1000),
        /** `regex` is a JavaScript regular expression with flag u. */
        mode: z.enum(['hybrid', 'exact', 'regex']).default('hybrid'),
        limit: z.int().min(1).max(1000).default(50),
        caseSensitive: z.boolean().default(false),
        wholeWord: z.boolean().default(false),
        /** Only files that match one of these, such as `src/**` or `*.ts`. */
        include: z.array(Glob).max(50).default([]),
        exclude: z.array(Glob).max(50).default([]),
        contextLines: z.int().min(0).max(20).default(2),
        /** The copy of the files that this task works on, which no index knows: `exact` and `regex` only. */
        worktreeId: z.uuid().optional(),
      }),
      result: z.object({
        results: z.array(Result),
        /** `meaning` is in it only when an embedding model took part. */
        ranking: z.array(z.enum(['exact', 'words', 'meaning'])),
        /** There was more than is answered. */
        truncated: z.boolean(),
        index: IndexState,
      }),
    },
    'search.status': {
      summary: 'Tells how far the index of a project is.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ projectId: ProjectId }),
      result: IndexState,
    },
    'search.map': {
      summary: 'Tells files and what they define, as far as fits, those that matter for a query first.',
      access: 'viewer',
      rateClass: 'read',
      timeoutMs: 60_000,
      params: z.strictObject({
        projectId: ProjectId,
        query: z.string().max(4000).default(''),
        limitCharacters: z.int().min(200).max(200_000).default(8000),
      }),
      result: z.object({
        files: z.array(z.object({ path: z.string(), symbols: z.array(z.string()) })),
        /** Files that did not fit; never left out without being counted. */
        omittedFiles: z.int().nonnegative(),
      }),
    },
  },
  events: {},
});
