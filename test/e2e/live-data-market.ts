import type { Exchange, ExchangeEvent, ExchangeSession } from '@tickpath/testkit';

/** A fill that took from the market, as an execution log tells it, in the order of that log. */
export interface TakingFill {
  readonly side: 'BUY' | 'SELL';
  readonly lastPx: string;
  readonly lastQty: string;
  /** Unix ms at the venue. */
  readonly atMs: number;
}

/** Price and size as the recording spells them, in units of 1e-8. */
interface Level {
  readonly px: number;
  readonly sz: number;
}

type Side = 'bids' | 'asks';
type Spelled = readonly [price: string, size: string];

/** A message of the recording: of these three the one whose `e` it is. */
interface RecordedMessage {
  readonly e?: 'depthUpdate' | 'trade';
  readonly u: number;
  readonly t: number;
  /** Of a trade. */
  readonly p: string;
  readonly q: string;
  readonly b: unknown;
  readonly a: unknown;
  readonly B: string;
  readonly A: string;
}

/** What stood on each side at a moment: the quote of its best, and its book by price. */
interface Standing {
  readonly quote: Partial<Record<Side, Level>>;
  readonly book: Readonly<Record<Side, Map<number, number>>>;
}

const PLACES = 8;

/** An exchange that notes when it sends what: the messages' own numbers, by which they are found in the recording again. */
export function witnessed<E extends ExchangeEvent>(exchange: Exchange<E>, sent: Map<string, number>): Exchange<E> {
  const note = (text: string) => {
    const key = keyOf((JSON.parse(text) as { data: RecordedMessage }).data);
    if (!sent.has(key)) sent.set(key, Date.now());
  };
  return {
    connect(): ExchangeSession<E> {
      const session = exchange.connect();
      return {
        greeting: () => session.greeting(),
        receive: (text) => session.receive(text),
        frame(event) {
          const frame = session.frame(event);
          if (frame !== undefined) note(frame.text);
          return frame;
        },
      };
    },
    step: () => exchange.step(),
    forget: (event) => exchange.forget(event),
    rest: (url, isOld) => exchange.rest(url, isOld),
    isSnapshot: (url) => exchange.isSnapshot(url),
    lie: (text, random) => exchange.lie(text, random),
  };
}

/**
 * Holds fills against the recorded market once more, from its file alone: the quotes, and a plain book of the snapshot
 * and the changes behind it, each from when it was sent until the next. Gives the fills whose price and quantity the
 * market showed within so many ms before them, on the side that they took from, with no more in front than the order
 * itself took and those `earlier`, since what is taken stays taken while it is shown. An order that found nothing shown,
 * and so waited, may have been met by a trade of the market instead.
 */
export function fillsShown<F extends TakingFill>(
  asked: readonly { readonly fill: F; readonly earlier: readonly TakingFill[] }[],
  recording: { readonly frames: readonly string[]; readonly sent: ReadonlyMap<string, number> },
  withinMs: number,
): Set<F> {
  const { frames, sent } = recording;
  const snapshot = frames.find((frame) => frame.startsWith('{"lastUpdateId"'));
  if (snapshot === undefined) throw new Error('the recording has no snapshot');
  const { lastUpdateId, bids, asks } = JSON.parse(snapshot) as { lastUpdateId: number } & Record<Side, Spelled[]>;
  const standing: Standing = { quote: {}, book: { bids: new Map(), asks: new Map() } };
  change(standing, { b: bids, a: asks });
  const found = new Set<F>();
  const all = asked.map(({ fill, earlier }) => ({ fill, taken: takenBefore(earlier, fill) }));
  let fromMs = Number.NEGATIVE_INFINITY;
  const lookUntil = (untilMs: number) => {
    for (const { fill, taken } of all) {
      const isThen = fromMs <= fill.atMs && untilMs >= fill.atMs - withinMs;
      if (isThen && !found.has(fill) && canGive(standing, fill, taken)) found.add(fill);
    }
  };
  for (const frame of frames) {
    const { data } = JSON.parse(frame) as { readonly data?: RecordedMessage };
    if (data === undefined) continue;
    const atMs = sent.get(keyOf(data));
    if (data.e === 'trade') {
      for (const { fill } of all) {
        const isThen = atMs !== undefined && atMs >= fill.atMs - withinMs && atMs <= fill.atMs;
        if (isThen && isOfPrint(data, fill)) found.add(fill);
      }
      continue;
    }
    if (atMs !== undefined) {
      lookUntil(atMs);
      fromMs = atMs;
    }
    if (data.e === undefined) {
      standing.quote.bids = { px: units(String(data.b)), sz: units(data.B) };
      standing.quote.asks = { px: units(String(data.a)), sz: units(data.A) };
    } else if (data.u > lastUpdateId) change(standing, data as { b: Spelled[]; a: Spelled[] });
  }
  lookUntil(Number.POSITIVE_INFINITY);
  return found;
}

function change(
  { book }: Standing,
  { b, a }: { readonly b: readonly Spelled[]; readonly a: readonly Spelled[] },
): void {
  for (const [side, levels] of [
    ['bids', b],
    ['asks', a],
  ] as const) {
    for (const [price, size] of levels) {
      const [px, sz] = [units(price), units(size)];
      if (sz === 0) book[side].delete(px);
      else book[side].set(px, sz);
    }
  }
}

function isOfPrint({ p, q }: RecordedMessage, { lastPx, lastQty }: TakingFill): boolean {
  return units(p) === units(lastPx) && units(q) >= units(lastQty);
}

/** What was taken by price on the fill's side before it. */
function takenBefore(earlier: readonly TakingFill[], { side }: TakingFill): ReadonlyMap<number, number> {
  const taken = new Map<number, number>();
  for (const fill of earlier) {
    const px = units(fill.lastPx);
    if (fill.side === side) taken.set(px, (taken.get(px) ?? 0) + units(fill.lastQty));
  }
  return taken;
}

/**
 * Whether so much stands at the fill's price: as the quote, or behind it with nothing left in front. After a cut the book
 * is known before the next quote, so it may stand alone.
 */
function canGive({ quote, book }: Standing, fill: TakingFill, taken: ReadonlyMap<number, number>): boolean {
  return [quote, {}].some((known) => canGiveBehind(known, book, { fill, taken }));
}

function canGiveBehind(
  quote: Standing['quote'],
  book: Standing['book'],
  { fill, taken }: { readonly fill: TakingFill; readonly taken: ReadonlyMap<number, number> },
): boolean {
  const side = fill.side === 'BUY' ? 'asks' : 'bids';
  const [px, qty] = [units(fill.lastPx), units(fill.lastQty)];
  const first = quote[side];
  if (first?.px === px) return first.sz >= qty;
  if ((book[side].get(px) ?? 0) < qty) return false;
  const sign = side === 'asks' ? 1 : -1;
  const isBetter = (at: number) => sign * at < sign * px;
  if (first !== undefined && !isBetter(first.px)) return false;
  const left = (level: Level) => level.sz > (taken.get(level.px) ?? 0);
  if (first !== undefined && left(first)) return false;
  for (const [at, sz] of book[side]) {
    const isBeyondQuote = first === undefined || sign * at > sign * first.px;
    if (isBeyondQuote && isBetter(at) && left({ px: at, sz })) return false;
  }
  return true;
}

/** In units of 1e-8. */
export function units(decimal: string): number {
  const [whole = '', fraction = ''] = decimal.split('.');
  if (fraction.length > PLACES) throw new Error(`${decimal} has more than ${PLACES} decimals`);
  return Number(whole + fraction.padEnd(PLACES, '0'));
}

function keyOf({ e, u, t }: RecordedMessage): string {
  return e === 'trade' ? `trade ${t}` : `${e ?? 'quote'} ${u}`;
}
