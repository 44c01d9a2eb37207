import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import type { GgufHeader } from './gguf-header.ts';

/** Node, the addon and llama.cpp before any model: measured 95-105 MB. */
const processBytes = 100 << 20;
const bytesPerValue = 2;

export interface LoadShape {
  readonly contextSize: number;
  readonly parallel: number;
  readonly batchSize: number;
}

/**
 * Memory that a loaded model takes when its whole context is used: weights, key-value memory (16-bit values for each
 * layer, token and sequence), the buffers of one batch, and the process. The library's own estimate of the context
 * was 3.1 times too high.
 */
export function estimateBytes(header: GgufHeader, shape: LoadShape): number {
  return Math.ceil(
    header.tensorBytes + contextBytes(header, shape) + batchBytes(header, shape) + processBytes,
  );
}

function contextBytes(header: GgufHeader, { contextSize, parallel }: LoadShape): number {
  if (header.capabilities.embeddings) return 0;
  return header.keyValueWidth * bytesPerValue * contextSize * parallel;
}

/** 32-bit floats: a few rows of hidden values for each token of a batch, and the scores of the whole vocabulary. */
function batchBytes(header: GgufHeader, { batchSize, parallel }: LoadShape): number {
  const hidden = header.embeddingLength * batchSize * 4 * 8;
  const scores = header.vocabularySize * 4 * (batchSize + parallel);
  return hidden + scores;
}

export interface MemoryState {
  /** What this machine has, or what the control group allows. */
  readonly totalBytes: number;
  /** What could be used more; file cache that can be given back counts as free. */
  readonly freeBytes: number;
}

/** Reads the machine's memory and, where there is one, the limit of the control group; the tighter one counts. */
export function readMemory(limitBytes: number | null): MemoryState {
  const machine: MemoryState = { totalBytes: totalmem(), freeBytes: availableOfMachine() };
  const states = [
    machine,
    groupMemory('/sys/fs/cgroup', cgroup2),
    groupMemory('/sys/fs/cgroup/memory', cgroup1),
  ];
  let tightest = machine;
  for (const state of states) {
    if (state === null) continue;
    tightest = {
      totalBytes: Math.min(tightest.totalBytes, state.totalBytes),
      freeBytes: Math.min(tightest.freeBytes, state.freeBytes),
    };
  }
  if (limitBytes === null) return tightest;
  return { ...tightest, totalBytes: Math.min(tightest.totalBytes, limitBytes) };
}

function availableOfMachine(): number {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(readText('/proc/meminfo') ?? '')?.[1];
  return available === undefined ? freemem() : Number(available) * 1024;
}

interface GroupFiles {
  readonly limit: string;
  readonly usage: string;
  /** Of memory.stat: file cache that is given back under pressure. */
  readonly cache: RegExp;
}

const cgroup2: GroupFiles = {
  limit: 'memory.max',
  usage: 'memory.current',
  cache: /^(?:in)?active_file (\d+)/gm,
};
const cgroup1: GroupFiles = {
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  cache: /^total_(?:in)?active_file (\d+)/gm,
};

function groupMemory(folder: string, files: GroupFiles): MemoryState | null {
  const limit = Number(readText(`${folder}/${files.limit}`)?.trim());
  const usage = Number(readText(`${folder}/${files.usage}`)?.trim());
  // "max", or a number beyond any machine: no limit.
  if (!Number.isFinite(limit) || !Number.isFinite(usage) || limit <= 0 || limit > totalmem()) return null;
  const matches = (readText(`${folder}/memory.stat`) ?? '').matchAll(files.cache);
  const cache = [...matches].reduce((sum, match) => sum + Number(match[1]), 0);
  return { totalBytes: limit, freeBytes: Math.max(0, limit - usage + cache) };
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
