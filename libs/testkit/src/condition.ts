/**
 * Waits until `read` gives a value. Rejects after `boundMs` with what was waited for; an error of `read` passes
 * through. `everyMs` is the pause between two reads: longer where one costs much.
 */
export async function eventually<T>(
  what: string,
  read: () => T | undefined | Promise<T | undefined>,
  boundMs = 30_000,
  everyMs = 20,
): Promise<T> {
  const deadline = performance.now() + boundMs;
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`not within ${boundMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
