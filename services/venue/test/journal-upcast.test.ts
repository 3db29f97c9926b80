import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type EventMap, openJournal } from '@tickpath/journal';
import { assertConsistent } from './orders/consistency.ts';
import { dataFolder, openTestBook } from './test-book.ts';

const V1_TYPES = {
  AccountOpened: { schema: 1 },
  OrderReceived: { schema: 1 },
  OrderAccepted: { schema: 1 },
  OrderCanceled: { schema: 1 },
  OrderPartiallyFilled: { schema: 1 },
  OrderFilled: { schema: 1 },
} as const;

const IDS = { a: '5b3a8f0e-0000-4000-8000-00000000000a', b: '5b3a8f0e-0000-4000-8000-00000000000b' };

/** An order as the payloads of schema 1 held it after every event. */
function orderV1(fields: object): object {
  return {
    orderId: IDS.a,
    clOrdId: 'tp-1',
    symbol: 'AAPL',
    side: 'buy',
    type: 'market',
    timeInForce: 'day',
    orderQty: '150.5',
    positionIntent: 'buy_to_open',
    createdNs: '1700000000000000001',
    status: 'pending_new',
    cumQty: '0',
    notional: '0',
    updatedNs: '1700000000000000001',
    filledNs: null,
    cancelRequestedNs: null,
    canceledNs: null,
    ...fields,
  };
}

const FIRST = { orderId: IDS.a };
const SECOND = { orderId: IDS.b, clOrdId: 'tp-2', symbol: 'MSFT', timeInForce: 'gtc', orderQty: '7' };
const B_CREATED = { createdNs: '1700000000000000002', updatedNs: '1700000000000000002' };

/** The journal of a venue of schema 1: an order filled in two, one canceled, one left open. */
const RECORDED: readonly [stream: string, type: keyof typeof V1_TYPES, payload: object][] = [
  ['account', 'AccountOpened', { id: 'acc', accountNumber: 'PA1', createdNs: '1700000000000000000', cash: '100000' }],
  [`order/${IDS.a}`, 'OrderReceived', { eventId: 'e1', tsNs: '1700000000000000001', order: orderV1(FIRST) }],
  [
    `order/${IDS.a}`,
    'OrderAccepted',
    { eventId: 'e2', execId: 'x1', tsNs: '1700000000000000001', order: orderV1({ ...FIRST, status: 'new' }) },
  ],
  [
    `order/${IDS.b}`,
    'OrderReceived',
    { eventId: 'e3', tsNs: '1700000000000000002', order: orderV1({ ...SECOND, ...B_CREATED }) },
  ],
  [
    `order/${IDS.b}`,
    'OrderAccepted',
    {
      ...{ eventId: 'e4', execId: 'x2', tsNs: '1700000000000000002' },
      order: orderV1({ ...SECOND, ...B_CREATED, status: 'new' }),
    },
  ],
  [
    `order/${IDS.a}`,
    'OrderPartiallyFilled',
    {
      ...{ eventId: 'e5', execId: 'x3', tsNs: '1700000000000000003', lastPx: '190.0125', lastQty: '100' },
      positionQty: '100',
      order: orderV1({ ...FIRST, status: 'partially_filled', cumQty: '100', notional: '19001.25' }),
    },
  ],
  [
    `order/${IDS.a}`,
    'OrderFilled',
    {
      ...{ eventId: 'e6', execId: 'x4', tsNs: '1700000000000000004', lastPx: '190.02', lastQty: '50.5' },
      positionQty: '150.5',
      order: orderV1({ ...FIRST, status: 'filled', cumQty: '150.5', notional: '28597.26' }),
    },
  ],
];

test('a journal of the payloads of schema 1 opens to the book it was', async (t) => {
  const dataDir = dataFolder();
  t.after(() => rmSync(dataDir, { recursive: true }));
  const old = await openJournal<EventMap>({
    ...{ path: join(dataDir, 'venue.sqlite'), types: V1_TYPES, random: randomBytes, bootId: 'this boot' },
    nowNs: () => 1_700_000_000_000_000_000n,
  });
  for (const [stream, type, payload] of RECORDED) {
    old.transact((tx) => tx.append(stream, [{ type, payload }], 'any'));
  }
  await old.close();

  const { journal, book } = await openTestBook(dataDir, { initialCashUsd: '100000' });
  await using _closing = { [Symbol.asyncDispose]: () => journal.close() };
  const { state } = book;
  assertConsistent(state);
  assert.deepEqual(state.account, { id: 'acc', accountNumber: 'PA1', createdNs: 1_700_000_000_000_000_000n });
  assert.equal(state.ledger.cash.toFixed(), '71402.74');
  const position = state.ledger.positions.get('AAPL');
  assert.deepEqual([position?.qty.toFixed(), position?.cost.toFixed()], ['150.5', '28597.26']);
  const [a, b] = [state.orders.get(IDS.a), state.orders.get(IDS.b)];
  assert.ok(a !== undefined && b !== undefined);
  assert.deepEqual(
    [a.status, a.cumQty, a.notional, a.filledNs, a.createdNs, a.type, a.clOrdId],
    [
      'filled',
      150_500_000_000,
      28_597_260_000_000_000_000n,
      1_700_000_000_000_000_004n,
      1_700_000_000_000_000_001n,
      'market',
      'tp-1',
    ],
  );
  assert.deepEqual([b.status, b.orderQty, b.timeInForce, b.expiresNs], ['new', 7_000_000_000, 'gtc', null]);
  assert.deepEqual([...state.open], [IDS.b]);
  assert.deepEqual(
    state.fills.map(({ execId, eventId, positionQty, liquidity, fee }) => [
      execId,
      eventId,
      positionQty.toFixed(),
      liquidity,
      fee,
    ]),
    [
      ['x3', 'e5', '100', 'taker', '0'],
      ['x4', 'e6', '150.5', 'taker', '0'],
    ],
  );
  assert.deepEqual([book.run, book.lastPosition], [null, null]);
});
