import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spanIdOf, traceIdOf, traceparentOf } from '@tickpath/trading';
import { aQuote } from './builders.ts';
import { KEY, startVenue, type TestVenue } from './venue-harness.ts';

const ORDER = { symbol: 'AAPL', qty: '150', side: 'buy', type: 'market', time_in_force: 'day' };
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';

function post(venue: TestVenue, clOrdId: string, traceparent: string, fields: object = {}) {
  const body = { ...ORDER, client_order_id: clOrdId, ...fields };
  const headers = { 'apca-api-key-id': KEY.keyId, 'apca-api-secret-key': KEY.secretKey, traceparent };
  return venue.request('POST', '/v2/orders', body, headers);
}

test('an order of a trace leaves a span of its submission and one of each execution', async () => {
  await using venue = await startVenue();
  const spansAt: [event: string, spans: number][] = [];
  venue.exchange.listen(({ kind }) => void spansAt.push([kind, venue.spans.length]));
  venue.exchange.onMarket(aQuote({ askPx: '190.01', askSz: '100' }));
  const traceId = traceIdOf('tp-1');
  const { body } = await post(venue, 'tp-1', traceparentOf('tp-1', 'execution POST /v2/orders'));
  venue.exchange.onMarket(aQuote({ askPx: '190.07', askSz: '500' }));
  await venue.exchange.settled();

  const [submission, first, second, ...more] = venue.spans;
  assert.ok(submission !== undefined && first !== undefined && second !== undefined);
  assert.deepEqual(more, []);
  const { startNs, endNs, spanId, ...described } = submission;
  assert.deepEqual(described, {
    traceId,
    parentSpanId: spanIdOf(traceId, 'execution POST /v2/orders'),
    name: 'POST /v2/orders',
    kind: 'server',
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/v2/orders',
      'url.path': '/v2/orders',
      'server.address': '127.0.0.1',
      'http.response.status_code': 200,
      'tickpath.cl_ord_id': 'tp-1',
      'tickpath.order_id': body.id,
    },
  });
  assert.ok(startNs <= endNs);
  const fills = [first, second];
  assert.deepEqual(
    fills.map(({ name, kind, traceId: trace, parentSpanId, attributes }) => [
      name,
      kind,
      trace,
      parentSpanId,
      attributes?.['tickpath.cl_ord_id'],
      attributes?.['tickpath.last_qty'],
      attributes?.['tickpath.last_px'],
      attributes?.['tickpath.cum_qty'],
    ]),
    [
      ['fill', 'internal', traceId, spanIdOf(traceId, 'order'), 'tp-1', '100', '190.01', '100'],
      ['fill', 'internal', traceId, spanIdOf(traceId, 'order'), 'tp-1', '50', '190.07', '150'],
    ],
  );
  for (const fill of fills) assert.ok(fill.startNs === endNs && fill.endNs >= fill.startNs);
  assert.equal(new Set([spanId, first.spanId, second.spanId]).size, 3);
  // What a listener hears, a client hears: the spans that end with an event were over before.
  assert.deepEqual(spansAt, [
    ['pending_new', 1],
    ['new', 1],
    ['partial_fill', 2],
    ['fill', 3],
  ]);
});

test('a refused order of a trace leaves a span with the reason, and a repeat another one', async () => {
  await using venue = await startVenue();
  await post(venue, 'tp-1', traceparentOf('tp-1', 'first'), { type: 'limitless' });
  await post(venue, 'tp-1', traceparentOf('tp-1', 'second'), { qty: '0' });
  assert.deepEqual(
    venue.spans.map(({ attributes = {} }) => [
      attributes['http.response.status_code'],
      attributes['tickpath.cl_ord_id'],
      attributes['tickpath.reject_reason'],
    ]),
    [
      [422, 'tp-1', 'invalid order type: "limitless"; one of market, limit, stop, stop_limit, trailing_stop'],
      [422, 'tp-1', 'qty must be > 0: 0'],
    ],
  );
  assert.notEqual(venue.spans[0]?.spanId, venue.spans[1]?.spanId);
});

test('orders without a trace leave no spans, also while another order has one', async () => {
  await using venue = await startVenue();
  await post(venue, 'tp-1', traceparentOf('tp-1', 'client'));
  await venue.request('POST', '/v2/orders', { ...ORDER, client_order_id: 'tp-2' });
  await post(venue, 'tp-3', 'no trace');
  await post(venue, 'tp-4', `00-${'0'.repeat(32)}-${SPAN_ID}-01`);
  venue.exchange.onMarket(aQuote({ askSz: '10000' }));
  await venue.exchange.settled();
  assert.deepEqual(
    venue.spans.map(({ name, attributes }) => [name, attributes?.['tickpath.cl_ord_id']]),
    [
      ['POST /v2/orders', 'tp-1'],
      ['fill', 'tp-1'],
    ],
  );
});

test("in a stranger's trace, fills lie under the span of the request", async () => {
  await using venue = await startVenue();
  venue.exchange.onMarket(aQuote());
  await post(venue, 'mine', `00-${TRACE_ID}-${SPAN_ID}-01`);
  assert.deepEqual(
    venue.spans.map(({ traceId, parentSpanId }) => [traceId, parentSpanId]),
    [
      [TRACE_ID, SPAN_ID],
      [TRACE_ID, SPAN_ID],
    ],
  );
});

test('spans bear the wall clock also while a tape is played', async () => {
  const tape = {
    ...{ files: [], sourceId: 'none', firstNs: 5n },
    batches: async function* () {},
    close: async () => {},
  };
  await using venue = await startVenue({ tape });
  const before = BigInt(Date.now()) * 1_000_000n;
  await post(venue, 'tp-1', traceparentOf('tp-1', 'client'));
  assert.equal(venue.exchange.orderByClOrdId('tp-1')?.createdNs, 5n);
  for (const { startNs, endNs } of venue.spans) assert.ok(startNs >= before && endNs >= startNs);
  assert.equal(venue.spans.length, 1);
});
