import { type Instrument, newYorkDay } from '@tickpath/trading';
import { aboveZero, columnsOf, conditionLists, shown, sizeIn, wholeIn } from './columns.ts';
import type { ReaderSetup, RowCounts, RowReader } from './row-reader.ts';

const ENTRY = /^(\d{4})(\d{2})(\d{2})_([^_]+)_(trade|quote)_tick\.csv$/i;
const MS_PER_DAY = 86_400_000;
const PRICE_DECIMALS = 4;

/**
 * Bits of a trade's flags (hexadecimal) that say that its price is not the market's of that moment: cash, next day,
 * seller's, derivatively priced, sold last, out of sequence, stock option, average price, price variation, official close
 * and open, prior reference price. By LEAN's `TradeConditionFlags`, of which bits up to 31 are defined.
 */
const NOT_LAST_SALE = [1, 2, 3, 9, 11, 14, 18, 20, 22, 24, 25, 26].reduce((mask, bit) => mask | (1 << bit), 0);

type DayTime = (msSinceMidnight: number) => bigint;

/**
 * The reader of a file of LEAN equity ticks, known by the name of the text in its zip (`20131007_ibm_Trade_Tick.csv`);
 * `null` for any other name: rows say neither day nor symbol. They have no header. Times are milliseconds since New York
 * midnight, prices × 10,000; a trade's id is its row number; the flags become the only condition. A quote row updates one
 * side (a zero price is no update) and the other is carried over. Files do not name the tape, which is left empty.
 */
export function leanRows(entryName: string, { instrumentOf, counts }: ReaderSetup): RowReader | null {
  const match = ENTRY.exec(entryName);
  if (match === null) return null;
  const [, year = '', month = '', day = '', ticker = '', kind = ''] = match;
  const instrument = instrumentOf(ticker.toUpperCase());
  if (instrument.priceDecimals < PRICE_DECIMALS) {
    const { symbol, priceDecimals } = instrument;
    throw new RangeError(`${symbol} has ${priceDecimals} decimals of a price, this format has ${PRICE_DECIMALS}`);
  }
  const timeOf = newYorkDay(`${year}-${month}-${day}`);
  const setup = { instrument, timeOf, counts, priceScale: 10 ** (instrument.priceDecimals - PRICE_DECIMALS) };
  return kind.toLowerCase() === 'trade' ? trades(setup) : quotes(setup);
}

interface LeanSetup {
  readonly instrument: Instrument;
  readonly timeOf: DayTime;
  readonly counts: RowCounts;
  readonly priceScale: number;
}

function timeIn(text: string | undefined, timeOf: DayTime): bigint {
  const ms = wholeIn('time', text);
  if (ms >= MS_PER_DAY) throw new RangeError(`time is ${ms} ms, expected less than a day`);
  return timeOf(ms);
}

function isSuspicious(flag: string | undefined, counts: RowCounts): boolean {
  if (flag === '1') counts.suspicious += 1;
  else if (flag !== '0') throw new RangeError(`suspicious is ${shown(flag)}, expected 0 or 1`);
  return flag === '1';
}

/** What flags say of a trade; a day has a handful of them. */
function lastSaleFlags(): (flags: string) => boolean {
  const known = new Map<string, boolean>();
  return (flags) => {
    const before = known.get(flags);
    if (before !== undefined) return before;
    if (!/^[0-9a-f]{0,16}$/i.test(flags))
      throw new RangeError(`flags are ${shown(flags)}, expected hexadecimal digits`);
    const isLast = (Number.parseInt(flags.slice(-8) || '0', 16) & NOT_LAST_SALE) === 0;
    if (known.size < 1000) known.set(flags, isLast);
    return isLast;
  };
}

function trades({ instrument, timeOf, counts, priceScale }: LeanSetup): RowReader {
  const conditionsOf = conditionLists(' ');
  const flagsAreLastSale = lastSaleFlags();
  let id = 0;
  return (line, out) => {
    const [time, price, size, exchange = '', flags = '', suspicious] = columnsOf(line, 6);
    const tsNs = timeIn(time, timeOf);
    const isDoubtful = isSuspicious(suspicious, counts);
    id += 1;
    out.push({
      kind: 'trade',
      instrument,
      tsNs,
      id,
      px: aboveZero('price', price, wholeIn('price', price) * priceScale),
      sz: aboveZero('size', size, sizeIn('size', size, instrument)),
      exchange,
      conditions: conditionsOf(flags),
      tape: '',
      takerSide: null,
      isLastSale: !isDoubtful && flagsAreLastSale(flags),
    });
  };
}

function quotes({ instrument, timeOf, counts, priceScale }: LeanSetup): RowReader {
  const conditionsOf = conditionLists(' ');
  let bid = { px: 0, sz: 0, exchange: '' };
  let ask = { px: 0, sz: 0, exchange: '' };
  return (line, out) => {
    const [time, bidPx, bidSz, askPx, askSz, exchange = '', flags = '', suspicious] = columnsOf(line, 8);
    const tsNs = timeIn(time, timeOf);
    const newBid = { px: wholeIn('bid', bidPx) * priceScale, sz: sizeIn('bid size', bidSz, instrument), exchange };
    const newAsk = { px: wholeIn('ask', askPx) * priceScale, sz: sizeIn('ask size', askSz, instrument), exchange };
    if (newBid.px === 0 && newAsk.px === 0) throw new RangeError('a quote row without a bid and without an ask');
    isSuspicious(suspicious, counts);
    if (newBid.px !== 0) bid = newBid;
    if (newAsk.px !== 0) ask = newAsk;
    out.push({
      kind: 'quote',
      instrument,
      tsNs,
      updates: newAsk.px === 0 ? 'bid' : newBid.px === 0 ? 'ask' : 'both',
      bidPx: bid.px,
      bidSz: bid.sz,
      askPx: ask.px,
      askSz: ask.sz,
      bidExchange: bid.exchange,
      askExchange: ask.exchange,
      conditions: conditionsOf(flags),
      tape: '',
    });
  };
}
