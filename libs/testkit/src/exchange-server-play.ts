/** How a recording is played. */
export interface PlayOptions {
  /** True to begin anew at the end of the recording, with numbers and times that go on. */
  readonly isEndless?: boolean;
  /** Unix ms at which the recording's times are to begin; as recorded if left out. */
  readonly startMs?: number;
  /** Levels of the best of each side that are remembered of every state of a book; 1 if left out. */
  readonly shownLevels?: number;
}

/** An RFC 3339 time of UTC so much later; its digits behind the milliseconds stay. */
export function shiftedTime(text: string, byMs: number): string {
  const finer = /\.\d{3}(\d+)Z$/.exec(text)?.[1] ?? '';
  return `${new Date(Date.parse(text) + byMs).toISOString().slice(0, -1)}${finer}Z`;
}
