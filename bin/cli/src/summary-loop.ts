import { type Reading, readingOf, SUMMARY_SERVICES, type SummaryService, summaryText } from './summary.ts';

export interface SummaryLoopOptions {
  readonly everyMs: number;
  /** Where a service's `/metrics` is. */
  readonly metricsUrl: (service: SummaryService) => string;
  readonly show: (text: string) => void;
}

const ANSWER_TIMEOUT_MS = 1000;

/** Shows a summary line again and again; a service that does not answer in time is left out of it. Returns the way to stop. */
export function startSummaryLoop({ everyMs, metricsUrl, show }: SummaryLoopOptions): () => void {
  const stopping = new AbortController();
  let before: Reading | undefined;
  let isReading = false;
  const tick = async () => {
    if (isReading) return;
    isReading = true;
    const texts = await readAll(metricsUrl, stopping.signal);
    isReading = false;
    if (stopping.signal.aborted) return;
    const reading = readingOf(texts, performance.now());
    show(summaryText(reading, before));
    before = reading;
  };
  const timer = setInterval(() => void tick(), everyMs);
  return () => {
    clearInterval(timer);
    stopping.abort();
  };
}

async function readAll(
  metricsUrl: (service: SummaryService) => string,
  stopped: AbortSignal,
): Promise<Map<SummaryService, string>> {
  const texts = new Map<SummaryService, string>();
  await Promise.all(
    SUMMARY_SERVICES.map(async (service) => {
      const text = await readText(metricsUrl(service), stopped);
      if (text !== undefined) texts.set(service, text);
    }),
  );
  return texts;
}

async function readText(url: string, stopped: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.any([stopped, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]) });
    return answer.ok ? await answer.text() : undefined;
  } catch {
    // Starting, restarting or busy: the summary shows it as a dash.
    return undefined;
  }
}
