import type { Chunk } from '../index/chunker.ts';
import type { GrepRequest, PartAnswer, Shares } from '../scan/grep.ts';

/** What a project's files are read through in a worker. */
export interface Place {
  readonly workspacePath: string;
  readonly stagingPath: string;
  readonly limits: { readonly fileBytes: number; readonly depth: number };
}

export interface ScannedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export interface IndexedChunk extends Chunk {
  readonly terms: string[];
  readonly frequencies: number[];
  readonly termCount: number;
}

/** What a worker can be asked, and what it answers. */
export interface Tasks {
  /** Takes a project apart for `grep`. */
  readonly share: {
    readonly request: Pick<GrepRequest, 'workspacePath' | 'maxDepth'>;
    readonly answer: Shares;
  };
  /** Searches as many parts as no other thread has taken. */
  readonly grep: {
    readonly request: GrepRequest & { readonly shares: Shares };
    readonly answer: PartAnswer[];
  };
  /** Remembers files as the index has them, page after page, until `compare` asks. */
  readonly remember: {
    readonly request: { readonly projectId: string; readonly files: readonly ScannedFile[] };
    readonly answer: null;
  };
  /** Paths whose size or time is not as remembered, and those that are gone; what was remembered is forgotten. */
  readonly compare: {
    readonly request: Place & { readonly projectId: string };
    readonly answer: { readonly changed: string[]; readonly gone: string[] };
  };
  /** The files at these paths, and below those that are folders; left out what is ignored. */
  readonly expand: {
    readonly request: Place & { readonly paths: readonly string[] };
    readonly answer: string[];
  };
  /** Files as they are now; those that are gone, binary or too large are missing from the answer. */
  readonly hash: {
    readonly request: Place & { readonly paths: readonly string[] };
    readonly answer: (ScannedFile & { readonly contentHash: string })[];
  };
  /** Chunks of files that still have the content. */
  readonly chunk: {
    readonly request: Place & { readonly files: readonly { path: string; contentHash: string }[] };
    readonly answer: { readonly contentHash: string; readonly chunks: IndexedChunk[] }[];
  };
  readonly addVectors: {
    readonly request: { readonly key: string; readonly ids: Float64Array; readonly vectors: Float32Array };
    readonly answer: null;
  };
  readonly dropVectors: { readonly request: { readonly key: string }; readonly answer: null };
  /** The nearest by dot product. */
  readonly nearest: {
    readonly request: { readonly key: string; readonly vector: Float32Array; readonly count: number };
    readonly answer: { readonly id: number; readonly score: number }[];
  };
}

export type TaskName = keyof Tasks;
