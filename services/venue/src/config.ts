import {
  type ConfigOf,
  defineSchema,
  either,
  entry,
  FORMATS,
  intBetween,
  listOf,
  numberBetween,
  oneOf,
  textLike,
} from '@tickpath/runtime';
import { decimal } from '@tickpath/trading';
import { unshowable } from './core/market/synthetic-market.ts';
import { assetFaults, createAssets } from './core/reference/assets.ts';

const SYMBOL = textLike(/^[A-Z0-9][A-Z0-9./-]{0,20}$/, 'a symbol such as AAPL or BTC/USD');

/** The section `venue` of the configuration. */
export const venueSchema = defineSchema({
  source: {
    doc: "Where the market comes from: a synthetic one at the pace of the clock, recorded files, or market-data's stream of another market.",
    format: ['synthetic', 'replay', 'stream'],
    default: 'synthetic',
  },
  stream: {
    symbols: {
      doc: "Symbols of market-data's stream that trade here, spelled as the venue does; none: all that it shows.",
      format: listOf(SYMBOL),
      default: [],
    },
    receiveHighWaterMark: {
      doc: 'Messages that may wait in the receiving socket.',
      format: 'positive-int',
      default: 200_000,
    },
    heartbeatMs: {
      doc: "Milliseconds between market-data's beats; after three without one, what it showed is forgotten.",
      format: 'positive-int',
      default: 1000,
    },
    maxWaiting: {
      doc: 'Events that may wait to be played; when there are more, they are dropped, and what was shown is forgotten until it is shown anew.',
      format: intBetween(1000, 10_000_000),
      default: 20_000,
    },
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
    resume: {
      doc: 'Whether a start goes on where the journal says that the tape stood; false plays it from its beginning, as a new run.',
      format: 'boolean',
      default: true,
    },
  },
  synthetic: {
    seed: { doc: 'The same seed gives the same market.', format: 'nat', default: 1 },
    symbols: {
      doc: 'The instruments and the prices around which they move, in whole cents.',
      format: listOf(
        entry({
          symbol: { format: SYMBOL },
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
      doc: 'Trades and quotes per second and symbol, on average. They come in clusters: a tick makes the next one likelier.',
      format: 'positive-number',
      default: 20,
    },
    jumpsPerHour: { doc: 'Sudden moves of a symbol, on average.', format: numberBetween(0, 3600), default: 0.5 },
    haltsPerHour: {
      doc: 'Trading halts of a symbol, on average; each lasts haltSeconds.',
      format: numberBetween(0, 60),
      default: 0,
    },
    haltSeconds: { doc: 'How long a halt lasts.', format: numberBetween(1, 86_400), default: 300 },
    correctionsPerThousand: {
      doc: 'How many of a thousand trades are later corrected or taken back.',
      format: numberBetween(0, 1000),
      default: 0,
    },
  },
  hours: {
    doc: 'When equities trade: always, or in the regular and extended sessions of the US exchanges with their holidays. Crypto always trades.',
    format: ['always', 'us-equities'],
    default: 'always',
  },
  assets: {
    doc: 'What is known of instruments beyond the defaults of their class. A symbol with a slash is crypto.',
    format: listOf(
      entry({
        symbol: { format: SYMBOL },
        name: { format: 'text', nullable: true, default: null },
        exchange: { format: 'text', nullable: true, default: null },
        tradable: { format: 'boolean', default: true },
        marginable: { format: 'boolean', default: true },
        shortable: { format: 'boolean', default: true },
        fractionable: { format: 'boolean', default: true },
        priceIncrement: { format: 'positive-decimal', nullable: true, default: null },
        qtyIncrement: { format: 'positive-decimal', nullable: true, default: null },
        priceDecimals: { format: intBetween(0, 15), nullable: true, default: null },
        qtyDecimals: { format: intBetween(0, 15), nullable: true, default: null },
      }),
    ),
    default: [],
  },
  initialCashUsd: {
    doc: 'Cash in USD that a new account begins with; one that the journal has keeps its own.',
    format: 'nonnegative-decimal',
    default: '1000000',
  },
  account: {
    multiplier: {
      doc: 'Buying power in times of equity: 1 is a cash account, which cannot sell short; 2 and 4 are margin accounts.',
      format: oneOf([1, 2, 4]),
      default: 4,
    },
    shorting: { doc: 'Whether a margin account may sell short.', format: 'boolean', default: true },
  },
  latency: {
    orderMs: {
      doc: "From an order's receipt to its arrival in the market.",
      format: numberBetween(0, 60_000),
      default: 0,
    },
    cancelMs: { doc: 'The same of a cancel and a replace.', format: numberBetween(0, 60_000), default: 0 },
    jitterMs: { doc: 'At most so much on top, drawn for each order.', format: numberBetween(0, 60_000), default: 0 },
    seed: { doc: 'The same seed draws the same jitter.', format: 'nat', default: 1 },
  },
  slippage: {
    model: {
      doc: 'What an order that takes pays beyond the price shown: nothing, fixed basis points, or basis points × √(its quantity ÷ volume traded).',
      format: ['none', 'fixed-bps', 'square-root'],
      default: 'none',
    },
    bps: { doc: 'Basis points of the model.', format: numberBetween(0, 10_000), default: 0 },
  },
  fees: {
    perShareUsd: { doc: 'Commission for each share or coin.', format: 'decimal', default: '0' },
    makerBps: {
      doc: 'Basis points of the notional of a fill that rested; negative is a rebate.',
      format: 'decimal',
      default: '0',
    },
    takerBps: { doc: 'Basis points of the notional of a fill that took.', format: 'decimal', default: '0' },
    regulatory: {
      doc: "SEC fee and FINRA's TAF on sells of equities, rounded up to the cent.",
      format: 'boolean',
      default: false,
    },
  },
  history: {
    eventsPerSymbol: {
      doc: 'Trades, and as many quotes, that are kept of a symbol for the historical REST; the oldest go first.',
      format: intBetween(100, 10_000_000),
      default: 100_000,
    },
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
  connectionLimit: {
    doc: 'Market-data connections of one key to one endpoint; Alpaca allows 1. 0 is no limit.',
    format: intBetween(0, 100_000),
    default: 0,
  },
  requestsPerMinute: {
    doc: "REST requests of one key in a minute; Alpaca's default is 200. 0 is no limit.",
    format: intBetween(0, 10_000_000),
    default: 0,
  },
  compression: { doc: 'Whether WebSocket clients may ask for permessage-deflate.', format: 'boolean', default: false },
  authTimeoutMs: { doc: 'Time a WebSocket client has to authenticate.', format: 'positive-int', default: 10_000 },
});

export type VenueConfig = ConfigOf<typeof venueSchema>;

/** Price in whole cents; not an integer when the price is finer than a cent. */
export function priceCents(price: string): number {
  return decimal(price).times(100).toNumber();
}

/** The exact fee of a fill has to fit in the 48 characters of an amount's text: price and quantity take up to 18 decimals of it. */
const MOST_FEE_DECIMALS = 8;

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
  const wrongAssets = assetFaults(config.assets);
  faults.push(...syntheticFaults(config, wrongAssets.length === 0));
  faults.push(...wrongAssets.map((fault) => `venue.assets: ${fault}`));
  for (const name of ['perShareUsd', 'makerBps', 'takerBps'] as const) {
    const decimals = decimal(config.fees[name]).decimalPlaces();
    if (decimals > MOST_FEE_DECIMALS) {
      faults.push(`venue.fees.${name} ${config.fees[name]} has ${decimals} decimals > ${MOST_FEE_DECIMALS}`);
    }
  }
  const { model, bps } = config.slippage;
  if (model === 'none' && bps !== 0) faults.push(`venue.slippage.bps is ${bps}, but venue.slippage.model is none`);
  if ((shared.alpaca.keyId === '') !== (shared.alpaca.secretKey === '')) {
    faults.push('alpaca.keyId and alpaca.secretKey must be set together');
  }
  return faults;
}

/** What is wrong with the symbols of the synthetic market, and with their assets if these are right by themselves. */
function syntheticFaults({ source, synthetic, assets: configured }: VenueConfig, areAssetsRight: boolean): string[] {
  const faults: string[] = [];
  const assets = areAssetsRight ? createAssets(configured, { symbols: [] }) : null;
  const seen = new Set<string>();
  for (const { symbol, price } of synthetic.symbols) {
    if (seen.has(symbol)) faults.push(`venue.synthetic.symbols names ${symbol} twice`);
    seen.add(symbol);
    const cents = priceCents(price);
    if (!Number.isInteger(cents) || !Number.isSafeInteger(cents * 100) || cents < 100) {
      faults.push(`venue.synthetic.symbols: the price ${price} of ${symbol} is not a whole number of cents from 1.00`);
      continue;
    }
    // A tape shows what it has; only what this market would show is known beforehand.
    const fault = source === 'synthetic' && assets !== null ? unshowable(assets.instrumentOf(symbol), cents) : null;
    if (fault !== null) faults.push(`venue.synthetic.symbols: ${fault}`);
  }
  return faults;
}
