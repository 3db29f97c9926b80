/** What an HTTP server said, or why it said nothing. */
export type Answer =
  | { readonly answered: true; readonly status: number; readonly text: string }
  | { readonly answered: false; readonly reason: string };

export interface Question {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly body?: string;
  /** Beside those of the body, which is plain text unless they say otherwise. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Asks once and reads the whole answer, whatever its status. Never rejects. */
export async function ask(url: string, { method = 'GET', body, headers, timeoutMs }: Question): Promise<Answer> {
  try {
    const sent =
      body === undefined
        ? { headers: { ...headers } }
        : { body, headers: { 'content-type': 'text/plain', ...headers } };
    const answer = await fetch(url, { method, ...sent, signal: AbortSignal.timeout(timeoutMs) });
    return { answered: true, status: answer.status, text: await answer.text() };
  } catch (error) {
    return { answered: false, reason: reasonOf(error, timeoutMs) };
  }
}

/** `fetch` says "fetch failed" and hides the reason in its cause. */
function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const { code } = cause as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' ? 'nothing listens there' : cause.message || code || error.message;
}
