import type { AssetClass } from '@tickpath/trading';
import type { BookLevel, SourceEvent } from '../../src/core/market/event.ts';
import type { OrderType, TimeInForce, Trail } from '../../src/core/matching/types.ts';
import type { NewOrder, OrderChanges } from '../../src/core/orders/order.ts';
import type { ExchangeInput, VenueRules } from '../../src/core/orders/state.ts';
import { createRandom, nextInt, type RandomState } from '../../src/core/random.ts';
import { anAsset, PLAIN_RULES } from '../builders.ts';

/** What an exchange is given in one session, reproducible from two numbers. */
export interface Session {
  readonly rules: VenueRules;
  readonly cashUsd: string;
  readonly inputs: readonly ExchangeInput[];
}

const NS = { ms: 1_000_000n, s: 1_000_000_000n, h: 3_600_000_000_000n };
/** 2026-09-18 19:59:50 UTC: ten seconds before the close of a Friday. */
const BEFORE_CLOSE_NS = 1_789_761_590_000_000_000n;
/** 2026-09-18 13:29:50 UTC: ten seconds before the open. */
const BEFORE_OPEN_NS = BEFORE_CLOSE_NS - 6n * NS.h - 30n * 60n * NS.s;
const SYMBOLS = ['AAPL', 'MSFT', 'BTC/USD'] as const;
const CENT: Readonly<Record<AssetClass, number>> = { us_equity: 10 ** 4, crypto: 10 ** 7 };
const UNIT = 10 ** 9;

function oneOf<T>(random: RandomState, values: readonly T[]): T {
  const value = values[nextInt(random, 0, values.length - 1)];
  if (value === undefined) throw new Error('nothing to choose from');
  return value;
}

const isDrawn = (random: RandomState, percent: number) => nextInt(random, 1, 100) <= percent;

/** From 30 to 150 inputs: prices within some cents of 100 USD, so that ties, crosses and boundaries are common. */
export function randomSession(seed: number, index: number): Session {
  const random = createRandom(seed, `session ${index}`);
  const writer = new SessionWriter(random);
  const rules = randomRules(random);
  const count = nextInt(random, 30, 150);
  const inputs = Array.from({ length: count }, () => writer.next());
  return { rules, cashUsd: oneOf(random, ['1000000', '1000000', '6000']), inputs };
}

function randomRules(random: RandomState): VenueRules {
  const latency = () => oneOf(random, [0n, 0n, 100n * NS.ms, 3n * NS.s]);
  const jitterNs = oneOf(random, [0n, 0n, 10n * NS.ms]);
  return {
    hours: oneOf(random, ['always', 'us-equities']),
    multiplier: oneOf(random, [1, 2, 4]),
    shorting: isDrawn(random, 80),
    latency: { orderNs: latency(), cancelNs: latency(), jitterNs, seed: nextInt(random, 0, 99) },
    slippage: oneOf(random, [PLAIN_RULES.slippage, { model: 'fixed-bps', bps: 7 }, { model: 'square-root', bps: 50 }]),
    fees: oneOf(random, [
      PLAIN_RULES.fees,
      { perShareUsd: '0.0035', makerBps: '-0.2', takerBps: '0.3', regulatory: true },
    ]),
  };
}

class SessionWriter {
  readonly #random: RandomState;
  readonly #symbols: readonly string[];
  #nowNs: bigint;
  #orders = 0;
  #replacements = 0;
  #trades = 0;
  #accounts = 0;
  /** Of every order that was sent, taken or not. */
  readonly #sent = new Map<string, Pick<NewOrder, 'asset' | 'type'>>();

  constructor(random: RandomState) {
    this.#random = random;
    this.#symbols = oneOf(random, [SYMBOLS, SYMBOLS.slice(0, 1), SYMBOLS.slice(2)]);
    this.#nowNs = oneOf(random, [BEFORE_CLOSE_NS, BEFORE_OPEN_NS]);
  }

  next(): ExchangeInput {
    const random = this.#random;
    this.#pass();
    const tsNs = this.#nowNs;
    const draw = nextInt(random, 1, 1000);
    if (draw <= 450) return { kind: 'market', event: this.#event(), tsNs };
    if (draw <= 500) return { kind: 'clock', tsNs };
    if (draw <= 780) {
      this.#orders += 1;
      const order = this.#order();
      this.#sent.set(`o${this.#orders}`, order);
      return { kind: 'submit', order, orderId: `o${this.#orders}`, tsNs };
    }
    if (draw <= 860) return { kind: 'cancel', orderId: this.#anOrderId(), tsNs };
    if (draw <= 997) {
      const orderId = this.#anOrderId();
      this.#replacements += 1;
      const newOrderId = `r${this.#replacements}`;
      const old = this.#sent.get(orderId);
      if (old !== undefined) this.#sent.set(newOrderId, old);
      return { kind: 'replace', orderId, newOrderId, changes: this.#changes(newOrderId, old), tsNs };
    }
    this.#accounts += 1;
    const account = { id: `account ${this.#accounts}`, accountNumber: 'PA', createdNs: tsNs };
    return { kind: 'reset', account, cashUsd: '50000.5', tsNs };
  }

  /** Mostly little by little; now and then to another day, and rarely back, as a tape does. */
  #pass(): void {
    const random = this.#random;
    const draw = nextInt(random, 1, 200);
    if (draw <= 70) return;
    if (draw <= 140) this.#nowNs += BigInt(nextInt(random, 1, 25)) * NS.ms;
    else if (draw <= 185) this.#nowNs += BigInt(nextInt(random, 1, 5)) * NS.s;
    else if (draw <= 198) this.#nowNs += BigInt(nextInt(random, 1, 30)) * NS.h;
    else this.#nowNs -= BigInt(nextInt(random, 1, 30)) * NS.h;
  }

  #symbol(): string {
    return oneOf(this.#random, this.#symbols);
  }

  #event(): SourceEvent {
    const random = this.#random;
    const instrument = anAsset(this.#symbol());
    const cent = CENT[instrument.assetClass];
    const px = () => nextInt(random, 9_990, 10_010) * cent;
    const sz = () => nextInt(random, 0, 30) * UNIT;
    const base = { instrument, tsNs: this.#nowNs, tape: 'C' };
    const draw = nextInt(random, 1, 100);
    if (draw <= 50) {
      const bidPx = px();
      const quote = { bidPx, bidSz: sz(), askPx: bidPx + nextInt(random, 0, 3) * cent, askSz: sz() };
      const updates = oneOf(random, ['both', 'both', 'bid', 'ask'] as const);
      return { kind: 'quote', ...base, ...quote, updates, bidExchange: 'V', askExchange: 'V', conditions: [] };
    }
    if (draw <= 85) {
      this.#trades += 1;
      const facts = { id: this.#trades, px: px(), sz: nextInt(random, 1, 40) * UNIT, conditions: [], exchange: 'V' };
      const takerSide = oneOf(random, ['B', 'S', null] as const);
      return { kind: 'trade', ...base, ...facts, takerSide, isLastSale: isDrawn(random, 90) };
    }
    if (draw <= 95) {
      const levels = (): BookLevel[] => Array.from({ length: nextInt(random, 0, 4) }, () => [px(), sz()]);
      return { kind: 'book', ...base, reset: isDrawn(random, 20), bids: levels(), asks: levels() };
    }
    const effect = oneOf(random, ['halt', 'resume', 'resume', 'short-sale-restriction'] as const);
    const texts = { statusCode: '', statusMessage: '', reasonCode: '', reasonMessage: '' };
    return { kind: 'status', ...base, ...texts, effect };
  }

  #order(): NewOrder & { readonly clOrdId: string } {
    const random = this.#random;
    const asset = anAsset(this.#symbol());
    const cent = CENT[asset.assetClass];
    const type = oneOf<OrderType>(random, ['market', 'limit', 'limit', 'limit', 'stop', 'stop_limit', 'trailing_stop']);
    const timeInForce = oneOf<TimeInForce>(random, ['day', 'day', 'gtc', 'gtc', 'ioc', 'fok']);
    return {
      asset,
      side: oneOf(random, ['buy', 'sell']),
      type,
      timeInForce,
      orderQty: isDrawn(random, 90) ? nextInt(random, 1, 40) * UNIT : nextInt(random, 1, 3_333_333_333),
      limitPx: type === 'limit' || type === 'stop_limit' ? this.#px(cent) : null,
      stopPx: type === 'stop' || type === 'stop_limit' ? this.#px(cent) : null,
      trail: type === 'trailing_stop' ? this.#trail(cent) : null,
      extendedHours: type === 'limit' && timeInForce === 'day' && isDrawn(random, 30),
      positionIntent: null,
      // Now and then a name that has been taken.
      clOrdId: isDrawn(random, 97) ? `o${this.#orders}` : 'o1',
    };
  }

  #trail(cent: number): Trail {
    const random = this.#random;
    if (isDrawn(random, 50)) return { by: 'price', px: nextInt(random, 1, 8) * cent };
    return { by: 'percent', milliPercent: nextInt(random, 1, 60) };
  }

  #changes(
    clOrdId: string,
    old: Pick<NewOrder, 'asset' | 'type'> | undefined,
  ): OrderChanges & { readonly clOrdId: string } {
    const random = this.#random;
    const cent = CENT[old?.asset.assetClass ?? 'us_equity'];
    const hasLimit = old?.type === 'limit' || old?.type === 'stop_limit';
    const hasStop = old?.type === 'stop' || old?.type === 'stop_limit';
    return {
      orderQty: isDrawn(random, 60) ? nextInt(random, 1, 40) * UNIT : null,
      timeInForce: isDrawn(random, 15) ? oneOf(random, ['day', 'gtc']) : null,
      limitPx: hasLimit && isDrawn(random, 50) ? this.#px(cent) : null,
      stopPx: hasStop && isDrawn(random, 30) ? this.#px(cent) : null,
      trail: old?.type === 'trailing_stop' && isDrawn(random, 30) ? this.#trail(cent) : null,
      clOrdId,
    };
  }

  #px(cent: number): number {
    return nextInt(this.#random, 9_985, 10_015) * cent;
  }

  /** Mostly one of the last; that of a replacement may have been refused. */
  #anOrderId(): string {
    const random = this.#random;
    const isReplacement = this.#replacements > 0 && isDrawn(random, 25);
    const count = isReplacement ? this.#replacements : this.#orders;
    const back = isDrawn(random, 85) ? nextInt(random, 0, 3) : nextInt(random, 0, count);
    return `${isReplacement ? 'r' : 'o'}${Math.max(1, count - back)}`;
  }
}
