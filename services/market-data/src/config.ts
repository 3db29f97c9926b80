import { defineSchema, either, entry, FORMATS, intBetween, listOf, numberBetween, oneOf } from '@tickpath/runtime';
import { ACTIVITY_BAR_KINDS, BAR_INTERVALS_NS, type BarInterval } from '@tickpath/trading';
import { SEVERITIES, WARM_UP_BARS } from './core/index.ts';

const INTERVALS = Object.keys(BAR_INTERVALS_NS) as BarInterval[];
const SEVERITY_DOC = 'count: only counted. tag: also marked on the event. halt: also makes the data invalid.';

export const LIVE_SOURCES = ['alpaca-stocks', 'alpaca-crypto', 'binance', 'coinbase', 'kraken'] as const;
export type LiveSource = (typeof LIVE_SOURCES)[number];

export const marketDataSchema = defineSchema({
  source: {
    doc: 'Whose market data. The two of Alpaca come from the venue of this installation, a recording from files, the others from the exchange.',
    format: [...LIVE_SOURCES, 'recording'],
    default: 'alpaca-stocks',
  },
  recording: {
    files: {
      doc: 'Raw recordings or captures of one exchange, played in this order. Relative to the working directory.',
      format: 'list-of-text',
      default: [],
    },
    pace: {
      doc: 'Times the speed at which it was recorded: 1, any number above 0, or max for as fast as the followers go.',
      format: either(oneOf(['max']), FORMATS['positive-number']),
      default: 1,
    },
  },
  streamUrl: {
    doc: "Where the source's stream is; null for the usual place.",
    format: 'text',
    default: null,
    nullable: true,
  },
  restUrl: {
    doc: "Where the source's REST interface is; null for the usual place.",
    format: 'text',
    default: null,
    nullable: true,
  },
  tradingUrl: {
    doc: "Where Alpaca's trading interface is, which tells the assets; null for where its REST interface is.",
    format: 'text',
    default: null,
    nullable: true,
  },
  feed: {
    doc: "Path of the venue's stream of stocks: Alpaca's feed name.",
    format: ['iex', 'sip', 'test'],
    default: 'iex',
  },
  symbols: {
    doc: 'Symbols to subscribe to; * for all that the venue has, where it can be asked for that (Alpaca).',
    format: 'nonempty-list-of-text',
    default: ['*'],
  },
  feeds: {
    doc: 'Further feeds beside that of the keys above, each with the symbols that are at home there; a source may be named once.',
    format: listOf(
      entry({
        source: { format: LIVE_SOURCES },
        symbols: { format: 'nonempty-list-of-text' },
        streamUrl: { format: 'text', nullable: true, default: null },
        restUrl: { format: 'text', nullable: true, default: null },
        tradingUrl: { format: 'text', nullable: true, default: null },
        feed: { format: ['iex', 'sip', 'test'], default: 'iex' },
      }),
    ),
    default: [],
  },
  quality: {
    priceJump: {
      severity: {
        doc: `A trade too far from the last good price. ${SEVERITY_DOC}`,
        format: SEVERITIES,
        default: 'halt',
      },
      maxRatio: {
        doc: 'How far a trade may be from the last good price, as a part of that price.',
        format: numberBetween(0.0001, 100),
        default: 0.1,
      },
      confirmations: {
        doc: 'Trades in a row near each other that make the price they jumped to the good one.',
        format: 'positive-int',
        default: 3,
      },
    },
    crossedQuote: {
      severity: { doc: `A quote whose bid is above its ask. ${SEVERITY_DOC}`, format: SEVERITIES, default: 'tag' },
    },
    stale: {
      severity: { doc: `A symbol of which nothing comes. ${SEVERITY_DOC}`, format: SEVERITIES, default: 'halt' },
      afterMs: {
        doc: 'Milliseconds without an event of the symbol, at live pace and while subscribed.',
        format: 'positive-int',
        default: 60_000,
      },
    },
    futureTime: {
      severity: {
        doc: `A venue time ahead of our clock, at live pace. ${SEVERITY_DOC}`,
        format: SEVERITIES,
        default: 'tag',
      },
      toleranceMs: { doc: 'Milliseconds that the venue may be ahead.', format: 'nat', default: 5_000 },
    },
    notPositive: {
      severity: { doc: `A price or size of zero or less. ${SEVERITY_DOC}`, format: SEVERITIES, default: 'tag' },
    },
    outlier: {
      severity: {
        doc: `A trade far from the median of those before it. ${SEVERITY_DOC}`,
        format: SEVERITIES,
        default: 'count',
      },
      window: {
        doc: 'Trades of the symbol that the median is taken of.',
        format: 'positive-int',
        default: 100,
      },
      maxScore: {
        doc: 'Highest modified z-score: distance from the median in median deviations, times 0.6745.',
        format: 'positive-number',
        default: 3.5,
      },
      minRatio: {
        doc: 'Nearer to the median than this part of it, a price is no outlier.',
        format: numberBetween(0, 100),
        default: 0.01,
      },
    },
    gap: {
      severity: {
        doc: 'Trades of a symbol that are lost and cannot be fetched; bars of that time are incomplete in any case. halt: the data becomes invalid too.',
        format: ['count', 'halt'],
        default: 'count',
      },
    },
    cleanMs: {
      doc: "Milliseconds of the market's time without a fault after which invalid data is valid again.",
      format: 'nat',
      default: 1_000,
    },
  },
  bars: {
    intervals: {
      doc: 'Lengths of the bars that are published.',
      format: listOf(oneOf(INTERVALS), 1),
      default: INTERVALS,
    },
    graceMs: {
      doc: "Milliseconds of the market's time that a bar stays open after its end, for trades that come late.",
      format: 'nat',
      default: 0,
    },
    session: {
      doc: 'Whether bars of equities hold all trades or those of the regular session.',
      format: ['all', 'regular'],
      default: 'all',
    },
    conditions: {
      doc: "Whether sale conditions of equities decide what a trade does to a bar: by Alpaca's table, or not.",
      format: ['alpaca', 'none'],
      default: 'alpaca',
    },
    reviseWithinMs: {
      doc: 'Milliseconds after its end within which late trades, corrections and cancels revise a bar; 0: never.',
      format: 'nat',
      default: 300_000,
    },
    heldTrades: {
      doc: 'Newest trades of a symbol that are held, so that they can be corrected or cancelled.',
      format: 'positive-int',
      default: 1_000,
    },
    activity: {
      doc: 'Bars by activity: of so many trades (tick), so much volume, or so much of the quote currency (dollar).',
      format: listOf(entry({ kind: { format: ACTIVITY_BAR_KINDS }, threshold: { format: 'positive-decimal' } })),
      default: [],
    },
  },
  warmUp: {
    wholeBars: {
      doc: 'Longest bars in progress that are whole from the start: their trades so far are fetched from the venue (Alpaca). Longer ones say that they are incomplete. none: nothing is fetched.',
      format: WARM_UP_BARS,
      default: '1m',
    },
    bars: {
      doc: 'Bars of the past, of each published interval from a minute on, that are fetched from the venue (Alpaca) at the start and published for warm-up: at most those of so many intervals of trading time before. 0: none.',
      format: intBetween(0, 10_000),
      default: 50,
    },
    afterMs: {
      doc: 'Milliseconds from the subscription until it is fetched, for those who follow to come back to a market-data that was started anew: what is published before, they do not get.',
      format: 'nat',
      default: 3_000,
    },
    maxSymbols: {
      doc: 'Most symbols that this is done for, since every hundred of them take requests; of more, nothing is fetched of those named last.',
      format: 'nat',
      default: 500,
    },
  },
  bookSnapshotMs: {
    doc: 'Milliseconds after which a changing book is published in full again, for those who join.',
    format: 'positive-int',
    default: 1_000,
  },
  connection: {
    backoffFirstMs: { doc: 'Shortest wait before dialling again.', format: 'positive-int', default: 1_000 },
    backoffLastMs: { doc: 'Longest wait before dialling again.', format: 'positive-int', default: 30_000 },
    stableMs: {
      doc: 'A connection that was subscribed so long has worked: the next wait is the shortest again.',
      format: 'positive-int',
      default: 10_000,
    },
    handshakeMs: { doc: 'From dialling to authenticated.', format: 'positive-int', default: 10_000 },
    pingMs: { doc: 'Silence after which the venue is pinged.', format: 'positive-int', default: 5_000 },
    idleMs: {
      doc: 'Silence, also to pings, after which the connection counts as half-open and is made anew.',
      format: 'positive-int',
      default: 15_000,
    },
  },
  rest: {
    requestsPerMinute: { doc: 'REST requests a minute; further ones wait.', format: 'positive-int', default: 150 },
    timeoutMs: { doc: 'Until an answer begins, for every try.', format: 'positive-int', default: 5_000 },
    bodyTimeoutMs: {
      doc: 'From its beginning until all of an answer has come; one that trickles in holds up the others.',
      format: 'positive-int',
      default: 20_000,
    },
    retries: { doc: 'Tries after the first.', format: 'nat', default: 5 },
    maxBodyBytes: { doc: 'Largest answer that is taken.', format: 'positive-int', default: 67_108_864 },
  },
  recorder: {
    raw: { doc: 'Whether all that the source sends is recorded as it comes.', format: 'boolean', default: false },
    normalised: { doc: 'Whether all that is published is recorded.', format: 'boolean', default: false },
    dir: {
      doc: 'Folder of the recordings: raw and normalised below it. Relative to the working directory.',
      format: 'text',
      default: 'data/recordings',
    },
    rotateBytes: {
      doc: 'Packed size from which a file of a recording is followed by another.',
      format: 'positive-int',
      default: 268_435_456,
    },
    rotateMs: { doc: 'Age from which it is.', format: 'positive-int', default: 3_600_000 },
    queueChars: {
      doc: 'Characters that may wait to be written; what comes on top is dropped, counted, and said in the file.',
      format: 'positive-int',
      default: 33_554_432,
    },
  },
  heartbeatMs: { doc: 'Milliseconds between two beats of the market stream.', format: 'positive-int', default: 1000 },
  sendHighWaterMark: {
    doc: 'Messages that may wait for one subscriber before ZeroMQ drops further ones for it.',
    format: 'positive-int',
    default: 200_000,
  },
  requiredFollowers: {
    doc: 'Followers that must receive the stream before a replay starts, and that hold it back while they are behind.',
    format: 'nonempty-list-of-text',
    default: ['store', 'signal', 'risk'],
  },
  maxLag: {
    doc: 'Ticks that a required follower may be behind before a replay pauses. At most half of sendHighWaterMark.',
    format: 'positive-int',
    default: 20_000,
  },
  ringBytes: {
    doc: 'Bytes of past messages kept for followers that missed some, over all topics.',
    format: 'positive-int',
    default: 67_108_864,
  },
  queueBytes: {
    doc: 'Bytes that may wait for the socket; what comes beyond them reaches followers by retransmission.',
    format: 'positive-int',
    default: 16_777_216,
  },
  batchBytes: {
    doc: 'Largest payload frame that waiting messages of a topic are gathered into, in bytes; 0 sends each by itself.',
    format: 'nat',
    default: 65_536,
  },
  maxLagBytes: {
    doc: 'Bytes that a required follower may be behind before a replay pauses. At most half of ringBytes.',
    format: 'positive-int',
    default: 16_777_216,
  },
  markEvery: { doc: 'Ticks between two position marks in a replay.', format: 'positive-int', default: 500 },
});
