import assert from 'node:assert/strict';
import { addresses } from '@tickpath/runtime';
import { eventually, networkAt } from '@tickpath/testkit';
import {
  type Envelope,
  type ExecutionLogKind,
  failure,
  LogFollower,
  LogPublisher,
  MarketPublisher,
  MemoryLog,
  NO_METRICS,
  type Payload,
  Requester,
  Responder,
} from '@tickpath/wire';

export const INITIAL_CASH = '1000000';
const BEAT_MS = 200;
const HINTS = 10_000;

/**
 * What risk has around it, at the addresses of execution and market-data: an execution that follows the risk log over
 * real sockets and has every approval filled at a price of its own, in one or two parts, and a market that stands still.
 */
export class ExecutionStandIn {
  readonly fills: Payload<'OrderFilled'>[] = [];
  /** The risk log as it was read, each event once. */
  readonly riskLog: Envelope[] = [];
  readonly #random: () => number;
  readonly #log: MemoryLog;
  #publisher!: LogPublisher;
  readonly #closing: (() => void)[] = [];

  private constructor(random: () => number, uuid: string) {
    this.#random = random;
    this.#log = new MemoryLog({ source: 'execution', identity: { uuid, generation: 1 } });
  }

  static async open(portOffset: number, random: () => number, uuid = 'execution-stand-in'): Promise<ExecutionStandIn> {
    const standIn = new ExecutionStandIn(random, uuid);
    // One that was just closed frees its addresses soon.
    await eventually('the addresses of execution are free', async () => {
      try {
        await standIn.#openLog(portOffset);
        return true;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ADDRESS_IN_USE') throw error;
        standIn.close();
        return undefined;
      }
    });
    standIn.#followRisk(portOffset);
    return standIn;
  }

  get lastSeq(): number {
    return this.#log.lastSeq;
  }

  append<K extends ExecutionLogKind>(kind: K, payload: Payload<K>): void {
    this.#publisher.hint(this.#log.append(kind, payload, nowNs(), null));
  }

  close(): void {
    for (const close of this.#closing.splice(0)) close();
  }

  async #openLog(portOffset: number): Promise<void> {
    const at = addresses(networkAt(portOffset));
    const common = { source: 'execution', nowNs, metrics: NO_METRICS };
    const bind = { pub: at.bind('executionLog'), push: at.bind('executionPush') };
    const publisher = await LogPublisher.open({
      ...{ ...common, bind, heartbeatMs: BEAT_MS },
      log: this.#log,
      hintCapacity: HINTS,
    });
    this.#publisher = publisher;
    this.#closing.push(() => publisher.close());
    const handle = ({ kind, payload }: Envelope) =>
      kind === 'since' ? this.#publisher.answerSince(payload) : failure('', 'BAD_REQUEST', `${kind} is not answered`);
    const responder = await Responder.open({ ...common, epoch: 1, bind: at.bind('executionRequests'), handle });
    this.#closing.push(() => responder.close());
    this.append('AccountRebased', {
      ...{ reason: 'a stand-in', accountId: 'a-1', cash: INITIAL_CASH, positions: [], openOrders: [] },
      ...{ rebase: 1, generation: 1 },
    });
  }

  #followRisk(portOffset: number): void {
    const at = addresses(networkAt(portOffset));
    const common = { source: 'execution', epoch: 1, nowNs, metrics: NO_METRICS };
    const requester = new Requester({ ...common, connect: at.connect('riskRequests'), timeoutMs: 500, retries: 0 });
    let asked = 0;
    let known = '';
    const follower = new LogFollower({
      ...{ ...common, name: 'execution', requester, heartbeatMs: BEAT_MS, from: undefined },
      hints: { type: 'sub', connect: at.connect('riskLog') },
      newRequestId: () => `since-${++asked}`,
      apply: (event) => this.#onRiskEvent(event),
      onCaughtUp: ({ uuid, generation }) => {
        assert.ok(known === '' || known === `${uuid}/${generation}`, 'risk keeps its log and its generation');
        if (known !== '') return;
        known = `${uuid}/${generation}`;
        this.append('RiskGenerationSeen', { uuid, generation });
        this.append('TradingStateChanged', { state: 'ACTIVE', reasons: [] });
      },
      onNewLog: () => {
        throw new Error('risk has another log');
      },
      onSilence: () => {},
    });
    this.#closing.push(
      () => follower.close(),
      () => requester.close(),
    );
  }

  #onRiskEvent(event: Envelope): void {
    this.riskLog.push(event);
    if (event.kind !== 'OrderApproved') return;
    const { clOrdId, symbol, side, orderQty, receivedNs, executionLog } = event.payload;
    // Given for another taking of the account: it is settled by that.
    if (executionLog !== `${this.#log.identity.uuid}/1/1`) return;
    this.append('OrderSubmitted', { clOrdId, symbol, side, orderQty, receivedNs, riskSeq: event.seq });
    const qty = Number(orderQty);
    const first = qty > 1 && this.#random() < 0.5 ? Math.ceil(qty / 3) : qty;
    this.#fill({ clOrdId, symbol, side }, first, [first, qty - first]);
    if (first < qty) this.#fill({ clOrdId, symbol, side }, qty - first, [qty, 0]);
  }

  #fill(
    order: Pick<Payload<'OrderFilled'>, 'clOrdId' | 'symbol' | 'side'>,
    lastQty: number,
    [cumQty, leavesQty]: readonly [number, number],
  ): void {
    const fill = {
      ...order,
      ...{ orderId: `v-${order.clOrdId}`, execId: `x-${this.fills.length}`, venueTsNs: 1n },
      ...{ lastQty: `${lastQty}`, cumQty: `${cumQty}`, leavesQty: `${leavesQty}` },
      lastPx: (95 + Math.floor(this.#random() * 1000) / 100).toFixed(2).replace(/\.?0+$/, ''),
      ordStatus: leavesQty === 0 ? ('FILLED' as const) : ('PARTIALLY_FILLED' as const),
    };
    this.fills.push(fill);
    this.append('OrderFilled', fill);
  }
}

/** A market that trades at one price, again and again: whoever begins to follow it has missed what was before. */
export async function openStillMarket(portOffset: number): Promise<{ close(): void }> {
  const at = addresses(networkAt(portOffset));
  const market = await MarketPublisher.open({
    ...{ source: 'market-data', epoch: 1, nowNs, metrics: NO_METRICS, heartbeatMs: BEAT_MS },
    bind: { stream: at.bind('marketStream'), control: at.bind('marketControl') },
    ...{ sendHighWaterMark: 10_000, ringBytes: 1e6, queueBytes: 1e6, batchBytes: 0 },
    flow: { requiredFollowers: [], maxLag: 1e9, maxLagBytes: 1e9, markEvery: 100 },
    onFlow: () => {},
  });
  market.identify({ run: 'still', pace: 'live' });
  const trades = setInterval(() => {
    market.publish('IBM/trade', 'trade', {
      ...{ price: '100', size: '1', tradeId: 't-1', exchange: 'X', conditions: [], tape: 'A' },
      ...{ venueTsNs: 1n, receivedNs: 1n, decodedNs: 1n, takerSide: null, flags: [] },
    });
  }, BEAT_MS);
  return {
    close: () => {
      clearInterval(trades);
      market.close();
    },
  };
}

export function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
