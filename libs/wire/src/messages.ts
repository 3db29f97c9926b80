import {
  bool,
  decimalType,
  int,
  list,
  named,
  ns,
  oneOf,
  optional,
  prose,
  type StructOf,
  type StructType,
  struct,
  text,
} from './schema.ts';

const side = named('side', oneOf('BUY', 'SELL'));
const ordType = named('ordType', oneOf('MARKET', 'LIMIT', 'STOP', 'STOP_LIMIT', 'TRAILING_STOP'));
const timeInForce = named('timeInForce', oneOf('DAY', 'GTC', 'IOC', 'FOK'));
const tradingState = named('tradingState', oneOf('WARMING', 'CATCHING_UP', 'ACTIVE', 'REDUCING', 'HALTED'));
const interval = named('interval', oneOf('1s', '1m', '5m', '15m', '1h', '1d'));

const level = named('level', struct({ px: decimalType, sz: decimalType }));
const stamps = { venueTsNs: ns, receivedNs: ns, decodedNs: ns };
/** Of what a venue may send without a time; nil: the message's own. */
const timeSource = { venueTsSource: optional(oneOf('inferred', 'receipt')) };

const tradeTerms = named(
  'tradeTerms',
  struct({ tradeId: text, price: decimalType, size: decimalType, conditions: list(text) }),
);

const barFields = {
  interval,
  startNs: ns,
  open: decimalType,
  high: decimalType,
  low: decimalType,
  close: decimalType,
  volume: decimalType,
  tradeCount: int,
};
const barDoubts = { incomplete: optional(bool), history: optional(bool) };

const intentFields = {
  clOrdId: text,
  symbol: text,
  side,
  orderQty: decimalType,
  ordType,
  timeInForce,
  strategy: text,
  cause: text,
  receivedNs: ns,
  expiresNs: ns,
};

/** What it takes to reserve for an order that is known from the execution log alone. */
const openedFields = { clOrdId: text, symbol: text, side, orderQty: decimalType, receivedNs: optional(ns) };

const orderRef = { clOrdId: text, orderId: optional(text) };

/**
 * Every kind of message: the fields of its payload in wire order. `docs/messages.md` is this table in words, and a
 * test keeps the two equal. Stamps: `venueTsNs` is the venue's clock, `receivedNs` and `decodedNs` market-data's.
 */
export const MESSAGES = {
  // Market stream, 5555. Topic SYMBOL/trade, SYMBOL/quote, SYMBOL/bar.INTERVAL, SYMBOL/book, and so on by kind.
  trade: struct({
    price: decimalType,
    size: decimalType,
    tradeId: text,
    exchange: text,
    conditions: list(text),
    tape: text,
    ...stamps,
    takerSide: optional(side),
    flags: optional(list(text)),
  }),
  quote: struct({
    bidPx: optional(decimalType),
    bidSize: decimalType,
    askPx: optional(decimalType),
    askSize: decimalType,
    bidExchange: text,
    askExchange: text,
    conditions: list(text),
    ...stamps,
    flags: optional(list(text)),
    ...timeSource,
  }),
  book: struct({
    snapshot: bool,
    valid: bool,
    reason: optional(text),
    bids: list(level),
    asks: list(level),
    venueSeq: optional(int),
    ...stamps,
    ...timeSource,
  }),
  status: struct({
    statusCode: text,
    statusMessage: prose,
    reasonCode: text,
    reasonMessage: prose,
    tape: text,
    effect: oneOf('halt', 'resume', 'none'),
    ...stamps,
    ...timeSource,
  }),
  luld: struct({ limitUpPx: decimalType, limitDownPx: decimalType, indicator: text, tape: text, ...stamps }),
  correction: struct({ exchange: text, original: tradeTerms, corrected: tradeTerms, tape: text, ...stamps }),
  cancel: struct({
    exchange: text,
    tradeId: text,
    price: decimalType,
    size: decimalType,
    action: text,
    tape: text,
    ...stamps,
  }),
  imbalance: struct({ price: decimalType, tape: text, ...stamps }),
  instrument: struct({
    venueSymbol: text,
    assetClass: oneOf('us_equity', 'crypto'),
    priceIncrement: decimalType,
    qtyIncrement: decimalType,
    minQty: optional(decimalType),
    tradable: bool,
    shortable: bool,
    session: oneOf('us-equity', 'continuous'),
    receivedNs: ns,
    decodedNs: ns,
  }),
  dataState: struct({ valid: bool, reasons: list(prose), sinceNs: ns }),
  bar: struct({
    ...barFields,
    receivedNs: ns,
    decodedNs: ns,
    endNs: optional(ns),
    revision: optional(int),
    withdrawn: optional(bool),
    ...barDoubts,
  }),
  activityBar: struct({
    kind: oneOf('tick', 'volume', 'dollar'),
    threshold: decimalType,
    number: int,
    startNs: ns,
    endNs: ns,
    open: decimalType,
    high: decimalType,
    low: decimalType,
    close: decimalType,
    volume: decimalType,
    notional: decimalType,
    tradeCount: int,
    receivedNs: ns,
    decodedNs: ns,
  }),
  // System topics of the market stream: $hb each second, $position while a replay is flow-controlled.
  heartbeat: struct({
    run: text,
    pace: oneOf('live', 'replay'),
    position: int,
    topics: list(struct({ topic: text, lastSeq: int })),
  }),
  position: struct({ position: int }),

  // Market control, 5565.
  lagReport: struct({ follower: text, publisherEpoch: int, position: int }),
  retransmit: struct({ requestId: text, topic: text, from: int, to: int }),
  retransmitted: struct({ requestId: text, topic: text, from: int, to: int, lostTo: int }),
  snapshotQuery: struct({ requestId: text, prefixes: list(text), first: int, values: bool }),
  snapshot: struct({ requestId: text, topics: list(struct({ topic: text, lastSeq: int })), next: int }),

  // Risk log, 5566 and since(n) on 5556.
  OrderApproved: struct({ ...intentFields, executionLog: optional(text) }),
  IntentRefused: struct({ clOrdId: text, symbol: text, reason: text, text: prose }),
  PositionUpdated: struct({
    symbol: text,
    qty: decimalType,
    avgPx: decimalType,
    cost: decimalType,
    realizedPnl: decimalType,
    cash: decimalType,
    clOrdId: optional(text),
    executionSeq: int,
  }),
  ReservationFreed: struct({
    clOrdId: text,
    symbol: text,
    ordStatus: text,
    receivedNs: optional(ns),
    executionSeq: int,
  }),
  OrderAdopted: struct({
    clOrdId: text,
    symbol: text,
    side,
    leavesQty: decimalType,
    executionSeq: int,
    receivedNs: optional(ns),
  }),
  ExecutionApplied: struct({ uuid: text, generation: int, seq: int, kind: text }),
  TradingStateChanged: struct({ state: tradingState, reasons: list(prose) }),

  // Execution log, 5557 (PUSH), 5568 (PUB) and since(n) on 5558.
  AccountRebased: struct({
    reason: prose,
    accountId: text,
    cash: decimalType,
    positions: list(struct({ symbol: text, qty: decimalType, cost: decimalType })),
    openOrders: list(
      struct({
        clOrdId: text,
        orderId: text,
        symbol: text,
        side,
        orderQty: decimalType,
        cumQty: decimalType,
        ordStatus: oneOf('NEW', 'PARTIALLY_FILLED'),
      }),
    ),
    rebase: int,
    generation: int,
  }),
  RiskGenerationSeen: struct({ uuid: text, generation: int }),
  OrderSubmitted: struct({ ...openedFields, riskSeq: int }),
  OrderUnknown: struct({ ...openedFields, reason: prose }),
  OrderAccepted: struct({ ...orderRef, symbol: text, venueTsNs: ns }),
  OrderFilled: struct({
    ...orderRef,
    execId: text,
    symbol: text,
    side,
    lastQty: decimalType,
    lastPx: decimalType,
    cumQty: decimalType,
    leavesQty: decimalType,
    ordStatus: oneOf('PARTIALLY_FILLED', 'FILLED', 'CANCELED', 'EXPIRED', 'PENDING_CANCEL'),
    venueTsNs: ns,
  }),
  OrderCanceled: struct({ ...orderRef, symbol: text, venueTsNs: ns }),
  OrderExpired: struct({ ...orderRef, symbol: text, venueTsNs: ns }),
  OrderRejected: struct({ ...orderRef, symbol: text, reason: prose }),
  OrderRefused: struct({ clOrdId: text, symbol: text, reason: prose }),

  // Both logs: the owner's identity and tail, each second.
  logHeartbeat: struct({ uuid: text, generation: int, lastSeq: int }),

  // Requests and replies.
  since: struct({ requestId: text, after: int, maxBytes: int }),
  sinceReply: struct({ requestId: text, uuid: text, generation: int, lastSeq: int, count: int, firstSeq: int }),
  rebase: struct({ requestId: text, reason: prose }),
  rebaseReply: struct({ requestId: text, text: prose }),
  riskCheck: struct({ requestId: text, ...intentFields }),
  riskDecision: struct({
    requestId: text,
    clOrdId: text,
    approved: bool,
    reason: optional(text),
    text: optional(prose),
  }),
  portfolioQuery: struct({ requestId: text }),
  portfolio: struct({
    requestId: text,
    uuid: text,
    generation: int,
    lastSeq: int,
    executionSeq: int,
    state: tradingState,
    reasons: list(prose),
    netDeposits: decimalType,
    cash: decimalType,
    fees: decimalType,
    equity: decimalType,
    realizedPnl: decimalType,
    unrealizedPnl: decimalType,
    imbalance: decimalType,
    positions: list(
      struct({ symbol: text, qty: decimalType, avgPx: decimalType, cost: decimalType, realizedPnl: decimalType }),
    ),
    openOrders: list(struct({ clOrdId: text, symbol: text, side, leavesQty: decimalType })),
  }),
  barsQuery: struct({ requestId: text, symbol: text, interval, count: int }),
  bars: struct({ requestId: text, symbol: text, bars: list(named('bar', struct({ ...barFields, ...barDoubts }))) }),
  streamsQuery: struct({ requestId: text }),
  streams: struct({
    requestId: text,
    topics: list(struct({ topic: text, received: int, gaps: int, lost: int })),
  }),
  failure: struct({ requestId: text, code: text, text: prose }),
} as const;

export type Kind = keyof typeof MESSAGES;
export type Payload<K extends Kind> = (typeof MESSAGES)[K] extends StructType<infer F> ? StructOf<F> : never;

export const KINDS = Object.keys(MESSAGES) as readonly Kind[];

export type RiskLogKind =
  | 'OrderApproved'
  | 'IntentRefused'
  | 'PositionUpdated'
  | 'ReservationFreed'
  | 'OrderAdopted'
  | 'ExecutionApplied'
  | 'TradingStateChanged';
export type ExecutionLogKind =
  | 'AccountRebased'
  | 'RiskGenerationSeen'
  | 'TradingStateChanged'
  | 'OrderSubmitted'
  | 'OrderUnknown'
  | 'OrderAccepted'
  | 'OrderFilled'
  | 'OrderCanceled'
  | 'OrderExpired'
  | 'OrderRejected'
  | 'OrderRefused';
