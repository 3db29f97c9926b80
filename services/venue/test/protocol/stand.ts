import assert from 'node:assert/strict';
import { unitsOf } from '@tickpath/trading';
import { accountIdentity } from '../../src/core/account/identity.ts';
import type { MarketQuote, MarketTrade } from '../../src/core/market/event.ts';
import { createExchangeState, step } from '../../src/core/orders/exchange-core.ts';
import type { OrderEvent, VenueOrder } from '../../src/core/orders/order.ts';
import type { ExchangeInput, ExchangeOutput, ExchangeState, VenueRules } from '../../src/core/orders/state.ts';
import { readOrderPatch } from '../../src/core/protocol/order-patch.ts';
import { readOrderRequest } from '../../src/core/protocol/order-request.ts';
import type { Asset } from '../../src/core/reference/asset.ts';
import { type AssetConfig, type Assets, createAssets } from '../../src/core/reference/assets.ts';
import type { Refusal } from '../../src/core/refusal.ts';
import { phaseAtFor } from '../../src/core/sessions.ts';

const FREE_RULES: VenueRules = {
  hours: 'always',
  multiplier: 4,
  shorting: true,
  latency: { orderNs: 0n, cancelNs: 0n, jitterNs: 0n, seed: 1 },
  slippage: { model: 'none' },
  fees: { perShareUsd: '0', makerBps: '0', takerBps: '0', regulatory: false },
};

/** 2026-09-18 13:30 UTC: a Friday, in the regular session. */
export const START_NS = 1_789_738_200_000_000_000n;
export const SECOND_NS = 1_000_000_000n;

/** An asset of the configuration with nothing said of it but what is named. */
export function anAssetConfig(fields: Partial<AssetConfig> & { readonly symbol: string }): AssetConfig {
  return {
    ...{ name: null, exchange: null, priceIncrement: null, qtyIncrement: null, priceDecimals: null, qtyDecimals: null },
    ...{ tradable: true, marginable: true, shortable: true, fractionable: true },
    ...fields,
  };
}

/** AAPL, MSFT, the pair BTC/USD, and WHOLE, which trades in whole shares only. */
export function testAssets(configured: readonly AssetConfig[] = []): Assets {
  const whole = anAssetConfig({ symbol: 'WHOLE', fractionable: false, exchange: 'NYSE' });
  const symbols = ['AAPL', 'MSFT', 'BTC/USD', 'WHOLE', ...configured.map(({ symbol }) => symbol)];
  return createAssets([whole, ...configured], { symbols });
}

export interface QuoteFields {
  readonly bid?: readonly [px: string, sz: string];
  readonly ask?: readonly [px: string, sz: string];
}

/** The pure exchange with a clock that each input moves on by a second. */
export class Stand {
  readonly assets: Assets;
  readonly state: ExchangeState;
  readonly events: OrderEvent[] = [];
  nowNs = START_NS;
  #ids = 0;

  constructor(rules: Partial<VenueRules> = {}, options: { readonly cashUsd?: string; readonly assets?: Assets } = {}) {
    this.assets = options.assets ?? testAssets();
    const allRules = { ...FREE_RULES, ...rules };
    this.state = createExchangeState({
      idScope: 'stand',
      rules: allRules,
      assetOf: this.assets.assetOf,
      phaseAt: phaseAtFor(allRules.hours),
      account: accountIdentity('stand', START_NS),
      cashUsd: options.cashUsd ?? '1000000',
    });
  }

  asset(symbol: string): Asset {
    const asset = this.assets.assetOf(symbol);
    assert.ok(asset !== undefined, `${symbol} is not listed`);
    return asset;
  }

  run(input: ExchangeInput): readonly ExchangeOutput[] {
    const outputs = step(this.state, input);
    for (const output of outputs) if ('order' in output) this.events.push(output);
    return outputs;
  }

  tick(): bigint {
    this.nowNs += SECOND_NS;
    return this.nowNs;
  }

  quote(symbol: string, { bid = ['0', '0'], ask = ['0', '0'] }: QuoteFields): void {
    const instrument = this.asset(symbol);
    const px = (text: string) => unitsOf(text, instrument.priceDecimals);
    const sz = (text: string) => unitsOf(text, instrument.qtyDecimals);
    const tsNs = this.tick();
    const event: MarketQuote = {
      ...{ kind: 'quote', instrument, tsNs, updates: 'both' },
      ...{ bidPx: px(bid[0]), bidSz: sz(bid[1]), askPx: px(ask[0]), askSz: sz(ask[1]) },
      ...{ bidExchange: 'V', askExchange: 'V', conditions: ['R'], tape: 'C' },
    };
    this.run({ kind: 'market', event, tsNs });
  }

  trade(symbol: string, price: string, size = '1'): void {
    const instrument = this.asset(symbol);
    const tsNs = this.tick();
    const event: MarketTrade = {
      ...{ kind: 'trade', instrument, tsNs, id: 1, exchange: 'V', conditions: ['@'], tape: 'C' },
      ...{ px: unitsOf(price, instrument.priceDecimals), sz: unitsOf(size, instrument.qtyDecimals) },
      ...{ takerSide: null, isLastSale: true },
    };
    this.run({ kind: 'market', event, tsNs });
  }

  /** Submits an order as a client writes it: by default a market order for the day, of crypto good until canceled. */
  submit(fields: Record<string, unknown>): VenueOrder | Refusal {
    this.#ids += 1;
    const time_in_force = String(fields.symbol).includes('/') ? 'gtc' : 'day';
    const read = readOrderRequest({ type: 'market', time_in_force, ...fields }, this.assets);
    if (!read.ok) return read.refusal;
    const orderId = `order-${this.#ids}`;
    const order = { ...read.order, clOrdId: read.order.clOrdId ?? `client-${this.#ids}` };
    return resultOf(this.run({ kind: 'submit', order, orderId, tsNs: this.tick() }));
  }

  /** The order as it stands once it has been taken. */
  order(fields: Record<string, unknown>): VenueOrder {
    const result = this.submit(fields);
    if (!('orderId' in result)) assert.fail(`refused: ${JSON.stringify(result)}`);
    return this.current(result);
  }

  replace(orderId: string, body: Record<string, unknown>): VenueOrder | Refusal {
    const read = readOrderPatch(body, this.current({ orderId }));
    if (!read.ok) return read.refusal;
    this.#ids += 1;
    const newOrderId = `order-${this.#ids}`;
    const changes = { ...read.changes, clOrdId: read.changes.clOrdId ?? `client-${this.#ids}` };
    const outputs = this.run({ kind: 'replace', orderId, newOrderId, changes, tsNs: this.tick() });
    const refused = outputs.find((output) => output.kind === 'refused');
    return refused === undefined ? this.current({ orderId: newOrderId }) : refused.refusal;
  }

  cancel(orderId: string): void {
    this.run({ kind: 'cancel', orderId, tsNs: this.tick() });
  }

  current({ orderId }: { readonly orderId: string }): VenueOrder {
    const order = this.state.orders.get(orderId);
    assert.ok(order !== undefined, `no order ${orderId}`);
    return order;
  }
}

function resultOf([first]: readonly ExchangeOutput[]): VenueOrder | Refusal {
  assert.ok(first !== undefined, 'the request led to nothing');
  if (first.kind === 'refused') return first.refusal;
  assert.ok('order' in first, `the request led to ${first.kind}`);
  return first.order;
}
