/**
 * The rules of matching said as plainly as possible: lists, linear scans, bigints, everything worked out anew each time.
 * It shares no code with the matcher it is held against.
 */
import type { MarketStatus, MarketTrade, SourceEvent } from '../../src/core/market/event.ts';
import type { EnteringOrder, MatchDecision, SlippageModel, TradingPhase } from '../../src/core/matching/types.ts';
import type { MatchInput } from './match-input.ts';
import { type GonePrices, NaiveMarket, type OwnSide } from './naive-market.ts';

interface NaiveOrder {
  readonly is: EnteringOrder;
  leaves: bigint;
  isWaiting: boolean;
  mark: bigint | null;
  stop: bigint | null;
  ahead: bigint | 'unknown';
}

export class NaiveMatcher {
  readonly slippage: SlippageModel;
  readonly markets: NaiveMarket[] = [];
  /** In order of arrival; a stop that is elected arrives again. */
  orders: NaiveOrder[] = [];
  readonly phases: Record<'us_equity' | 'crypto', TradingPhase> = { us_equity: 'closed', crypto: 'closed' };
  decisions: MatchDecision[] = [];

  constructor(slippage: SlippageModel) {
    this.slippage = slippage;
  }

  apply(input: MatchInput): readonly MatchDecision[] {
    this.decisions = [];
    switch (input.do) {
      case 'show':
        this.#show(input.event);
        break;
      case 'enter':
        this.#enter(input.order);
        break;
      case 'resume':
        this.#resume(input.order);
        break;
      case 'amend':
        for (const order of this.orders) if (order.is.orderId === input.orderId) order.leaves = BigInt(input.leavesQty);
        break;
      case 'remove':
        this.orders = this.orders.filter((order) => order.is.orderId !== input.orderId);
        break;
      case 'phase':
        if (this.phases[input.assetClass] === input.phase) break;
        this.phases[input.assetClass] = input.phase;
        for (const market of this.markets) {
          if (market.assetClass === input.assetClass) this.#meetShown(market, ['buy', 'sell']);
        }
        break;
    }
    return this.decisions;
  }

  leavesOf(orderId: string): number | undefined {
    const order = this.orders.find(({ is }) => is.orderId === orderId);
    return order === undefined ? undefined : Number(order.leaves);
  }

  market(instrument: EnteringOrder['instrument']): NaiveMarket {
    let market = this.markets.find((one) => one.symbol === instrument.symbol);
    if (market === undefined) {
      market = new NaiveMarket(instrument);
      this.markets.push(market);
    }
    return market;
  }

  #show(event: SourceEvent): void {
    if (!['quote', 'book', 'trade', 'status'].includes(event.kind)) return;
    const market = this.market(event.instrument);
    if (event.kind === 'quote') this.#shown(market, market.quote(event));
    if (event.kind === 'book') this.#shown(market, market.book(event));
    if (event.kind === 'trade') this.#trade(market, event);
    if (event.kind === 'status') this.#status(market, event);
  }

  #shown(market: NaiveMarket, gone: GonePrices): void {
    for (const order of this.orders) {
      if (order.is.instrument.symbol !== market.symbol || !this.#isLimit(order)) continue;
      this.#settle(market, order, gone[order.is.side]);
    }
    this.#meetShown(market, ['buy', 'sell']);
  }

  // Rule 3: takers.

  #enter(entering: EnteringOrder): void {
    const market = this.market(entering.instrument);
    const order = this.#admit(entering);
    if (order.isWaiting) {
      const mark = entering.hwmPx === null ? market.lastSale : BigInt(entering.hwmPx);
      if (entering.type === 'trailing_stop' && mark !== null) this.#trail(order, mark);
      return;
    }
    this.#arrive(market, order);
  }

  #admit(entering: EnteringOrder): NaiveOrder {
    const isStop = ['stop', 'stop_limit', 'trailing_stop'].includes(entering.type);
    const order: NaiveOrder = {
      is: entering,
      leaves: BigInt(entering.leavesQty),
      isWaiting: isStop && !entering.isTriggered,
      mark: null,
      stop: entering.stopPx === null ? null : BigInt(entering.stopPx),
      ahead: 'unknown',
    };
    this.orders.push(order);
    return order;
  }

  #arrive(market: NaiveMarket, order: NaiveOrder): void {
    const { side, timeInForce, orderId } = order.is;
    const canTake = this.#mayTrade(market, order) && !this.#isRestricted(market, order);
    let within = 0n;
    if (canTake) {
      for (const level of market.levels(side)) {
        if (this.#allows(order, level.px)) within += market.available(side, level);
      }
    }
    if (canTake && (timeInForce !== 'fok' || within >= order.leaves)) this.#takeShown(market, order);
    if (order.leaves > 0n && (timeInForce === 'ioc' || timeInForce === 'fok')) {
      this.decisions.push({ kind: 'expired-at-once', orderId });
      this.orders = this.orders.filter((one) => one !== order);
    }
    if (this.#isLimit(order)) order.ahead = market.displayed(order.is.side, BigInt(order.is.limitPx ?? 0));
  }

  #takeShown(market: NaiveMarket, order: NaiveOrder): void {
    const { side } = order.is;
    const wanted = order.leaves;
    for (const level of market.levels(side)) {
      if (!this.#allows(order, level.px)) break;
      const available = market.available(side, level);
      const qty = least(available, order.leaves);
      if (qty === 0n) continue;
      market.take(side, level.px, qty);
      this.#fill(order, { px: this.#slipped(market, order, { px: level.px, wanted }), qty, liquidity: 'taker' });
    }
  }

  #slipped(market: NaiveMarket, order: NaiveOrder, at: { readonly px: bigint; readonly wanted: bigint }): bigint {
    if (this.slippage.model === 'none') return at.px;
    const share = at.wanted >= market.volume ? 1 : Number(at.wanted) / Number(market.volume);
    const bps = this.slippage.model === 'fixed-bps' ? this.slippage.bps : this.slippage.bps * Math.sqrt(share);
    const worse = BigInt(Math.ceil((Number(at.px) * bps) / 10_000));
    const limit = this.#limit(order);
    if (order.is.side === 'buy') return limit !== null && at.px + worse > limit ? limit : at.px + worse;
    const px = at.px - worse < 1n ? 1n : at.px - worse;
    return limit !== null && px < limit ? limit : px;
  }

  /** Rule 6: a buy stop has a limit without being a limit order. */
  #limit(order: NaiveOrder): bigint | null {
    const { type, side, limitPx, stopPx, instrument } = order.is;
    if (type === 'limit' || type === 'stop_limit') return BigInt(limitPx ?? 0);
    if (type !== 'stop' || side !== 'buy') return null;
    const stop = BigInt(stopPx ?? 0);
    return stop < 50n * 10n ** BigInt(instrument.priceDecimals) ? (stop * 104n) / 100n : (stop * 1025n) / 1000n;
  }

  #allows(order: NaiveOrder, px: bigint): boolean {
    const limit = this.#limit(order);
    return limit === null || (order.is.side === 'buy' ? px <= limit : px >= limit);
  }

  #isLimit(order: NaiveOrder): boolean {
    return !order.isWaiting && (order.is.type === 'limit' || order.is.type === 'stop_limit');
  }

  #fill(
    order: NaiveOrder,
    by: { readonly px: bigint; readonly qty: bigint; readonly liquidity: 'maker' | 'taker' },
  ): void {
    const { orderId } = order.is;
    const { liquidity } = by;
    order.leaves -= by.qty;
    this.decisions.push({ kind: 'fill', orderId, lastPx: Number(by.px), lastQty: Number(by.qty), liquidity });
    if (order.leaves === 0n) this.orders = this.orders.filter((one) => one !== order);
  }

  // Rules 4 and 5: makers, queue positions, priority.

  #resume(entering: EnteringOrder): void {
    const market = this.market(entering.instrument);
    const order = this.#admit(entering);
    if (order.isWaiting && entering.type === 'trailing_stop' && entering.hwmPx !== null) {
      order.mark = BigInt(entering.hwmPx);
      order.stop = this.#stopBehind(order, order.mark);
    }
    if (this.#isLimit(order)) this.#settle(market, order, []);
  }

  #settle(market: NaiveMarket, order: NaiveOrder, gone: readonly bigint[]): void {
    const px = BigInt(order.is.limitPx ?? 0);
    const displayed = market.displayed(order.is.side, BigInt(order.is.limitPx ?? 0));
    if (order.ahead === 'unknown') {
      const best = market.best(order.is.side === 'buy' ? 'bid' : 'ask');
      if (best !== undefined && (order.is.side === 'buy' ? px >= best.px : px <= best.px)) order.ahead = displayed;
      return;
    }
    if (displayed === 'unknown') {
      if (gone.includes(px)) order.ahead = 0n;
    } else if (displayed < order.ahead) {
      order.ahead = displayed;
    }
  }

  /** Resting orders of a side in priority. */
  #resting(market: NaiveMarket, side: OwnSide): NaiveOrder[] {
    const own = this.orders.filter(
      (order) => !order.isWaiting && order.is.side === side && order.is.instrument.symbol === market.symbol,
    );
    const isBefore = (a: NaiveOrder, b: NaiveOrder): boolean => {
      if (this.#isLimit(a) !== this.#isLimit(b)) return this.#isLimit(b);
      const [aPx, bPx] = [a.is.limitPx ?? 0, b.is.limitPx ?? 0];
      if (this.#isLimit(a) && aPx !== bPx) return side === 'buy' ? aPx > bPx : aPx < bPx;
      return own.indexOf(a) < own.indexOf(b);
    };
    return own.toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  #meetShown(market: NaiveMarket, sides: readonly OwnSide[]): void {
    for (const side of sides) {
      for (const order of this.#resting(market, side)) {
        if (!this.#mayTrade(market, order) || this.#isRestricted(market, order)) continue;
        if (this.#isLimit(order)) this.#makeShown(market, order);
        else this.#takeShown(market, order);
      }
    }
  }

  #makeShown(market: NaiveMarket, order: NaiveOrder): void {
    const { side } = order.is;
    let qty = 0n;
    for (const level of market.levels(side)) {
      if (!this.#allows(order, level.px)) break;
      const available = market.available(side, level);
      const part = least(available, order.leaves - qty);
      if (part > 0n) market.take(side, level.px, part);
      qty += part;
    }
    if (qty > 0n) this.#fill(order, { px: this.#limit(order) ?? 0n, qty, liquidity: 'maker' });
  }

  #trade(market: NaiveMarket, event: MarketTrade): void {
    if (!event.isLastSale) return;
    const px = BigInt(event.px);
    const size = BigInt(event.sz);
    market.lastSale = px;
    market.volume += size;
    const taker = market.takerOf(event);
    const renewed: OwnSide[] = [];
    for (const side of ['buy', 'sell'] as const) {
      if ((taker === null || taker === side) && market.giveBack(side, px, size)) renewed.push(side);
    }
    let left = size;
    for (const side of ['buy', 'sell'] as const) {
      if (taker === side) continue;
      for (const order of this.#resting(market, side)) {
        if (!this.#isLimit(order) || !this.#allows(order, px) || !this.#mayTrade(market, order)) continue;
        const limit = BigInt(order.is.limitPx ?? 0);
        const bid = market.best('bid');
        if (this.#isRestricted(market, order) && bid !== undefined && limit <= bid.px) continue;
        let reaching = left;
        if (px === limit) {
          if (order.ahead === 'unknown') continue;
          reaching = left - order.ahead;
          order.ahead = reaching < 0n ? -reaching : 0n;
        }
        if (reaching <= 0n) continue;
        const qty = least(reaching, order.leaves);
        left -= qty;
        this.#fill(order, { px: limit, qty, liquidity: 'maker' });
      }
    }
    this.#meetShown(market, renewed);
    this.#holdAgainstStops(market, px);
  }

  // Rules 6 and 7: stops.

  #holdAgainstStops(market: NaiveMarket, px: bigint): void {
    for (const order of this.orders.slice()) {
      const { is } = order;
      if (!order.isWaiting || is.instrument.symbol !== market.symbol || !this.#mayTrade(market, order)) continue;
      if (is.type === 'trailing_stop') {
        if (this.phases[market.assetClass] !== 'regular') continue;
        const { mark } = order;
        if (mark === null || (is.side === 'sell' ? px > mark : px < mark)) this.#trail(order, px);
      }
      if (order.stop === null || (is.side === 'buy' ? px < order.stop : px > order.stop)) continue;
      order.isWaiting = false;
      this.orders = [...this.orders.filter((one) => one !== order), order];
      this.decisions.push({ kind: 'triggered', orderId: is.orderId });
      this.#arrive(market, order);
    }
  }

  #trail(order: NaiveOrder, mark: bigint): void {
    order.mark = mark;
    order.stop = this.#stopBehind(order, mark);
    const { orderId } = order.is;
    this.decisions.push({ kind: 'trailed', orderId, hwmPx: Number(mark), stopPx: Number(order.stop) });
  }

  #stopBehind({ is }: NaiveOrder, mark: bigint): bigint {
    if (is.trail === null) return mark;
    if (is.trail.by === 'price') return is.side === 'sell' ? mark - BigInt(is.trail.px) : mark + BigInt(is.trail.px);
    const whole = 100_000n;
    if (is.side === 'sell') return (mark * (whole - BigInt(is.trail.milliPercent))) / whole;
    return (mark * (whole + BigInt(is.trail.milliPercent)) + whole - 1n) / whole;
  }

  // Rule 8: halts, the short-sale restriction, phases.

  #status(market: NaiveMarket, { effect }: MarketStatus): void {
    if (effect === 'halt') market.isHalted = true;
    if (effect === 'short-sale-restriction') market.isRestricted = true;
    if (effect !== 'resume') return;
    market.isHalted = false;
    market.forget();
    for (const order of this.orders) {
      if (order.is.instrument.symbol === market.symbol) order.ahead = 'unknown';
    }
  }

  #isRestricted(market: NaiveMarket, order: NaiveOrder): boolean {
    return market.isRestricted && order.is.isShortSale;
  }

  #mayTrade(market: NaiveMarket, order: NaiveOrder): boolean {
    if (market.isHalted) return false;
    const phase = this.phases[market.assetClass];
    return phase === 'regular' || (phase === 'extended' && order.is.extendedHours);
  }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
