import type { MarketBar } from '../market/event.ts';

const NS_PER_SECOND = 1_000_000_000n;
/** Texts remembered before all are forgotten: a stream has a few dozen exchanges, tapes and lists of conditions. */
const MOST_TEXTS = 10_000;

/** Writes the parts of Alpaca's JSON that come again and again: what has been written once is remembered. */
export interface MarketTexts {
  /** As a JSON string. */
  quoted(text: string): string;
  /** As a JSON array of strings. */
  quotedList(texts: readonly string[]): string;
  /** RFC 3339 in UTC, in quotes, with as many digits of the second as it needs. */
  time(tsNs: bigint): string;
}

export function createMarketTexts(): MarketTexts {
  const texts = new Map<string, string>();
  let secondNs = -NS_PER_SECOND;
  let secondText = '1969-12-31T23:59:59';
  const quoted = (text: string): string => {
    let known = texts.get(text);
    if (known === undefined) {
      known = JSON.stringify(text);
      if (texts.size >= MOST_TEXTS) texts.clear();
      texts.set(text, known);
    }
    return known;
  };
  return {
    quoted,
    quotedList(list) {
      const [first, ...rest] = list;
      if (first === undefined) return '[]';
      let text = quoted(first);
      for (const one of rest) text += `,${quoted(one)}`;
      return `[${text}]`;
    },
    time(tsNs) {
      let nanos = Number(tsNs - secondNs);
      if (nanos < 0 || nanos >= 1e9) {
        const rest = ((tsNs % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
        secondNs = tsNs - rest;
        secondText = new Date(Number(secondNs / 1_000_000n)).toISOString().slice(0, 19);
        nanos = Number(rest);
      }
      if (nanos === 0) return `"${secondText}Z"`;
      let digits = 9;
      while (nanos % 10 === 0) {
        nanos /= 10;
        digits -= 1;
      }
      return `"${secondText}.${String(nanos).padStart(digits, '0')}Z"`;
    },
  };
}

/** The letter of a bar's message. */
export const BAR_LETTERS: Readonly<Record<MarketBar['kind'], string>> = { bar: 'b', updatedBar: 'u', dailyBar: 'd' };
