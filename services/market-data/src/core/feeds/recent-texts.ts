/** Texts that are remembered; of more the oldest is forgotten. */
const REMEMBERED = 256;

/**
 * The latest texts of a kind, and how often each was told. Nothing is looked for while they come by rising order, which
 * is all the time at a venue that tells of one thing after the other.
 */
export interface RecentTexts {
  readonly texts: string[];
  readonly counts: number[];
  /** Of the text that comes next. */
  next: number;
  /** The highest order so far. */
  highest: string;
}

export function recentTexts(): RecentTexts {
  return { texts: [], counts: [], next: 0, highest: '' };
}

/**
 * How often the text was told before, as far as it is remembered; counts it. A text has the same `order` whenever it is
 * told: its time, or another text that rises with time.
 */
export function timesTold(recent: RecentTexts, text: string, order: string): number {
  const { texts, counts } = recent;
  if (order > recent.highest) recent.highest = order;
  else {
    const known = texts.lastIndexOf(text);
    if (known >= 0) {
      const count = counts[known] as number;
      counts[known] = count + 1;
      return count;
    }
  }
  texts[recent.next] = text;
  counts[recent.next] = 1;
  recent.next = (recent.next + 1) % REMEMBERED;
  return 0;
}
