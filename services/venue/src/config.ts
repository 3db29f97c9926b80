import { type ConfigOf, defineSchema, either, entry, FORMATS, listOf, oneOf, textLike } from '@tickpath/runtime';
import { decimal } from '@tickpath/trading';

/** The section `venue` of the configuration. */
export const venueSchema = defineSchema({
  source: {
    doc: 'Where the market comes from: a synthetic one at the pace of the clock, or recorded files.',
    format: ['synthetic', 'replay'],
    default: 'synthetic',
  },
  replay: {
    files: {
      doc: 'Recorded files, merged by time; at equal times the file named first goes first. Relative to the working directory.',
      format: 'list-of-text',
      default: [],
    },
    pace: {
      doc: 'Times the speed at which the tape was recorded: 1, any number above 0, or max for as fast as the readers go.',
      format: either(oneOf(['max']), FORMATS['positive-number']),
      default: 1,
    },
  },
  synthetic: {
    seed: { doc: 'The same seed gives the same market.', format: 'nat', default: 1 },
    symbols: {
      doc: 'The instruments and the prices around which they move, in whole cents.',
      format: listOf(
        entry({
          symbol: { format: textLike(/^[A-Z0-9][A-Z0-9./-]{0,20}$/, 'a symbol such as AAPL') },
          price: { format: 'positive-decimal' },
        }),
        1,
      ),
      default: [
        { symbol: 'AAPL', price: '190' },
        { symbol: 'MSFT', price: '420' },
        { symbol: 'NVDA', price: '130' },
        { symbol: 'SPY', price: '560' },
      ],
    },
    ticksPerSecond: {
      doc: 'Trades and quotes per second and symbol, on average.',
      format: 'positive-number',
      default: 20,
    },
  },
  initialCashUsd: {
    doc: 'Cash in USD that a new account begins with; one that the journal has keeps its own. Orders are not checked against it.',
    format: 'decimal',
    default: '1000000',
  },
  frameLimit: { doc: 'Most trades and quotes in one WebSocket frame.', format: 'positive-int', default: 256 },
  slowClientBytes: {
    doc: 'Bytes that may wait for one client: beyond it a replay waits, and at live pace the client gets error 407.',
    format: 'positive-int',
    default: 4_194_304,
  },
  bodyLimitBytes: {
    doc: 'Largest REST body and WebSocket message that is taken from a client.',
    format: 'positive-int',
    default: 65_536,
  },
  symbolLimit: { doc: 'Symbols one market-data client may subscribe to.', format: 'positive-int', default: 1000 },
  authTimeoutMs: { doc: 'Time a WebSocket client has to authenticate.', format: 'positive-int', default: 10_000 },
});

export type VenueConfig = ConfigOf<typeof venueSchema>;

/** Price in whole cents; not an integer when the price is finer than a cent. */
export function priceCents(price: string): number {
  return decimal(price).times(100).toNumber();
}

/** Combinations of allowed values that make no sense, one line each. */
export function venueConfigFaults(
  config: VenueConfig,
  shared: { readonly alpaca: { readonly keyId: string; readonly secretKey: string } },
): readonly string[] {
  const faults: string[] = [];
  if (config.source === 'replay' && config.replay.files.length === 0) {
    faults.push('venue.source is replay, but venue.replay.files names no file');
  }
  if (config.source === 'synthetic' && config.replay.files.length > 0) {
    faults.push('venue.replay.files names files, but venue.source is synthetic');
  }
  const seen = new Set<string>();
  for (const { symbol, price } of config.synthetic.symbols) {
    if (seen.has(symbol)) faults.push(`venue.synthetic.symbols names ${symbol} twice`);
    seen.add(symbol);
    const cents = priceCents(price);
    if (!Number.isSafeInteger(cents * 100) || cents < 100) {
      faults.push(`venue.synthetic.symbols: the price ${price} of ${symbol} is not a whole number of cents from 1.00`);
    }
  }
  if ((shared.alpaca.keyId === '') !== (shared.alpaca.secretKey === '')) {
    faults.push('alpaca.keyId and alpaca.secretKey must be set together');
  }
  return faults;
}
