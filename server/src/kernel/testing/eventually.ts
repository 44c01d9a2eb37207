/**
 * Repeats an assertion until it holds; after `timeoutMs` its last failure is thrown. The time is for a machine that does
 * much else at once; pauses grow from 10 to 100 ms, so that a dear assertion does not hold up what it waits for.
 */
export async function eventually(assertion: () => void | Promise<void>, timeoutMs = 60_000): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  for (let pauseMs = 10; ; pauseMs = Math.min(100, pauseMs * 1.25)) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() > untilMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
