import type { MarketStatus } from './event.ts';

interface StatusMeaning {
  readonly message: string;
  readonly effect: MarketStatus['effect'];
}

/** Trading statuses in the codes of tapes A and B (CTS). */
const CTS: Readonly<Record<string, StatusMeaning>> = {
  2: { message: 'Trading Halt', effect: 'halt' },
  3: { message: 'Resume', effect: 'resume' },
  5: { message: 'Price Indication', effect: 'none' },
  6: { message: 'Trading Range Indication', effect: 'none' },
  E: { message: 'Short Sale Restriction', effect: 'short-sale-restriction' },
  F: { message: 'Limit Up-Limit Down', effect: 'none' },
};

/** The same of tapes C and O (UTP). */
const UTP: Readonly<Record<string, StatusMeaning>> = {
  H: { message: 'Trading Halt', effect: 'halt' },
  P: { message: 'Volatility Trading Pause', effect: 'halt' },
  Q: { message: 'Quotation Resumption', effect: 'none' },
  T: { message: 'Trading Resumption', effect: 'resume' },
};

/** What a status code means on a tape. A code that is not known has no effect and is its own message. */
export function statusMeaning(code: string, tape: string): StatusMeaning {
  const codes = tape === 'A' || tape === 'B' ? CTS : UTP;
  return codes[code] ?? { message: code, effect: 'none' };
}
