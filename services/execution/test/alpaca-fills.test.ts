import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFills } from '../src/alpaca-fills.ts';

const SECOND_MS = 1000;
const FIRST_MS = Date.UTC(2026, 8, 18);
const PAGE = 100;

function anActivity(n: number, fields: object) {
  const at = new Date(FIRST_MS + n * SECOND_MS).toISOString();
  return { id: `a-${n}`, activity_type: 'FILL', transaction_time: at, order_id: 'v-9', price: '99.5', ...fields };
}

/** The activities of an account, oldest first, asked for as of Alpaca; with the paths that were asked. */
function anAccount(activities: readonly { readonly id: string }[]) {
  const paths: string[] = [];
  const newestFirst = activities.toReversed();
  const get = async (path: string) => {
    paths.push(path);
    const query = new URL(path, 'http://venue').searchParams;
    const token = query.get('page_token');
    const from = token === null ? 0 : newestFirst.findIndex(({ id }) => id === token) + 1;
    return newestFirst.slice(from, from + Number(query.get('page_size')));
  };
  return { get, paths };
}

const wanted = (clOrdId: string, orderId: string, knownQty: string) => ({ clOrdId, orderId, knownQty });
const inWords = (fills: Awaited<ReturnType<typeof readFills>>) =>
  fills?.map(({ clOrdId, cumQty, lastQty }) => `${clOrdId} ${lastQty} to ${cumQty}`);

describe('the executions that are not known are read', () => {
  const mixed = [
    anActivity(1, { order_id: 'v-1', qty: '4', cum_qty: '4' }),
    anActivity(2, { order_id: 'v-2', qty: '1', cum_qty: '1' }),
    anActivity(3, { order_id: 'v-1', qty: '2', cum_qty: '6' }),
    anActivity(4, { order_id: 'v-3', qty: '5', cum_qty: '5' }),
    anActivity(5, { order_id: 'v-2', qty: '2', cum_qty: '3' }),
  ];

  test('of several orders in the order in which they happened, without those of others', async () => {
    const { get } = anAccount(mixed);
    const orders = [wanted('tp-1', 'v-1', '4'), wanted('tp-2', 'v-2', '0')];
    const fills = await readFills(get, { orders, fromNs: null });
    assert.deepEqual(inWords(fills), ['tp-2 1 to 1', 'tp-1 2 to 6', 'tp-2 2 to 3']);
    assert.deepEqual(fills?.[1], {
      clOrdId: 'tp-1',
      orderId: 'v-1',
      execId: 'a-3',
      cumQty: '6',
      lastQty: '2',
      lastPx: '99.5',
      venueTsNs: BigInt(FIRST_MS + 3 * SECOND_MS) * 1_000_000n,
    });
  });

  test('back to the first one that is missing, however many pages of others come after it', async () => {
    const others = Array.from({ length: 250 }, (_, n) => anActivity(10 + n, { qty: '1', cum_qty: `${n + 1}` }));
    const { get, paths } = anAccount([...mixed, ...others]);
    const fills = await readFills(get, { orders: [wanted('tp-2', 'v-2', '1')], fromNs: null });
    assert.deepEqual(inWords(fills), ['tp-2 2 to 3']);
    assert.deepEqual(paths, [
      '/v2/account/activities/FILL?direction=desc&page_size=100',
      '/v2/account/activities/FILL?direction=desc&page_size=100&page_token=a-160',
      `/v2/account/activities/FILL?direction=desc&page_size=100&page_token=a-${160 - PAGE}`,
    ]);
  });

  test('not further back than the orders are old', async () => {
    const others = Array.from({ length: 150 }, (_, n) => anActivity(n, { qty: '1', cum_qty: `${n + 1}` }));
    const { get, paths } = anAccount([...others, anActivity(500, { order_id: 'v-1', qty: '1', cum_qty: '1' })]);
    const fromNs = BigInt(FIRST_MS + 400 * SECOND_MS) * 1_000_000n;
    const orders = [wanted('tp-1', 'v-1', '0'), wanted('tp-2', 'v-2', '0')];
    assert.deepEqual(inWords(await readFills(get, { orders, fromNs })), ['tp-1 1 to 1']);
    assert.equal(paths.length, 1);
  });

  test('as far as they are there: what is missing among them is for others to judge', async () => {
    const { get } = anAccount([anActivity(1, { order_id: 'v-1', qty: '2', cum_qty: '6' })]);
    const fills = await readFills(get, { orders: [wanted('tp-1', 'v-1', '0')], fromNs: null });
    assert.deepEqual(inWords(fills), ['tp-1 2 to 6']);
  });

  test('leaving out what cannot be read, and not at all when the venue does not answer', async () => {
    const { get } = anAccount([{ id: 'a-1', order_id: 'v-1' } as never, ...mixed]);
    const asked = { orders: [wanted('tp-1', 'v-1', '0')], fromNs: null };
    assert.deepEqual(inWords(await readFills(get, asked)), ['tp-1 4 to 4', 'tp-1 2 to 6']);
    assert.equal(await readFills(async () => undefined, asked), undefined);
  });
});
