import { lstatSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ProjectFolder } from '../folders.ts';

/** Where the folder lies for a confined git. */
export const confinedCorePath = '/git-core';

/**
 * `git add` asks each repository inside of the repository for its state, by starting `git status` in it, and that one
 * reads settings that nobody has looked at: filters in them would run. The folder where git looks for itself
 * therefore holds a program that does and tells nothing, which means "unchanged". Git's own commands that
 * we use start no other.
 */
export function layOutSubPrograms({ gitCorePath }: ProjectFolder): void {
  const program = path.join(gitCorePath, 'git');
  if (lstatSync(program, { throwIfNoEntry: false }) !== undefined) return;
  mkdirSync(gitCorePath, { recursive: true, mode: 0o755 });
  // Beside it first: another command of the same moment must not find half of it.
  const draft = path.join(gitCorePath, `git.${process.hrtime.bigint()}`);
  writeFileSync(draft, '#!/bin/sh\n', { mode: 0o755 });
  renameSync(draft, program);
}
