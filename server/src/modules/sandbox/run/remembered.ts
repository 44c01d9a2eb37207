const rememberedBytes = 8192;

/** Long argument lists are kept shortened: the history shows what ran, it does not replay it. */
export function rememberedArguments(args: readonly string[]): string[] {
  const kept: string[] = [];
  let bytes = 0;
  for (const arg of args) {
    bytes += arg.length;
    if (bytes > rememberedBytes) return [...kept, '…'];
    kept.push(arg);
  }
  return kept;
}
