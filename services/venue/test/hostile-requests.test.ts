import './seed.ts';
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { aQuote } from './builders.ts';
import { HEADERS, startVenue, type TestVenue } from './venue-harness.ts';

const BODY_LIMIT_BYTES = 4096;
const SOAK = Number(process.env.TICKPATH_SOAK ?? 1);

const ORDER = { symbol: 'AAPL', qty: '1', side: 'buy', type: 'market', time_in_force: 'day' };

/** What the venue answers to bytes that need not be HTTP: all of it, until it ends the connection. */
async function answerTo(venue: TestVenue, bytes: string | Buffer): Promise<string> {
  const socket = connect(Number(new URL(venue.url).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  socket.write(bytes);
  await closed;
  return Buffer.concat(chunks).toString('utf8');
}

function rawRequest(line: string, headers: Record<string, string> = {}, body = ''): string {
  const all = {
    host: 'venue',
    connection: 'close',
    ...HEADERS,
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

function parsed(answer: string): { status: number; body: Record<string, unknown> } {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body: body === '' ? {} : JSON.parse(body) };
}

function assertRefused(answer: { status: number; body: Record<string, unknown> }, status: number, what: string): void {
  assert.equal(answer.status, status, `${what}: ${JSON.stringify(answer.body)}`);
  assert.deepEqual(Object.keys(answer.body).sort(), ['code', 'message'], what);
  assert.ok(String(answer.body.message).length < 300, what);
  assert.equal(Math.floor(Number(answer.body.code) / 100_000), answer.body.code === 40010001 ? 400 : status, what);
}

test('bodies that are no order are refused with {code, message}, whatever their content type', async () => {
  await using venue = await startVenue({ config: { bodyLimitBytes: BODY_LIMIT_BYTES } });
  const deep = '['.repeat(2000) + ']'.repeat(2000);
  const bodies: [body: string, status: number][] = [
    ['', 422],
    ['[]', 422],
    ['null', 422],
    ['"order"', 422],
    ['{"symbol":', 400],
    ['{"symbol":"AAPL"}{}', 400],
    [`{"qty":${deep}}`, 422],
    ['{"__proto__":{"symbol":"AAPL"}}', 400],
    ['{"constructor":{"prototype":{}}}', 400],
    ['{"symbol":"\\u0000AAPL"}', 422],
    ['{"symbol":"\\ud800"}', 422],
    [JSON.stringify({ ...ORDER, note: 'x'.repeat(BODY_LIMIT_BYTES) }), 413],
  ];
  for (const type of [
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'multipart/form-data',
    'x/y; charset=utf-16',
  ]) {
    for (const [body, status] of bodies) {
      const answer = await answerTo(venue, rawRequest('POST /v2/orders', { 'content-type': type }, body));
      assertRefused(parsed(answer), status, `${type} ${body.slice(0, 60)}`);
    }
  }
  assertRefused(
    parsed(await answerTo(venue, rawRequest('POST /v2/orders', { 'content-type': 'nonsense' }, '{}'))),
    415,
    'no type',
  );
  const untyped = await answerTo(venue, rawRequest('POST /v2/orders', {}, JSON.stringify(ORDER)));
  assert.equal(parsed(untyped).status, 200, 'JSON without a content type is JSON');
});

test('paths, methods and queries that lead nowhere are refused with {code, message}', async () => {
  await using venue = await startVenue();
  const cases: [line: string, status: number][] = [
    ['GET /', 404],
    ['GET /v2/nothing', 404],
    ['PUT /v2/orders', 404],
    ['POST /v2/account', 404],
    ['GET /v2/orders/', 404],
    ['GET /v2/orders/%E0%A4%A', 400],
    ['GET /v2/positions/%ff', 400],
    [`GET /v2/orders/${'x'.repeat(5000)}`, 414],
    ['GET /v2/orders/__proto__', 404],
    ['GET /v2/positions/constructor', 404],
    ['DELETE /v2/positions/toString', 404],
    ['GET /v2/positions/a/b/c', 404],
    ['GET /v2/account/activities/__proto__', 422],
    ['GET /v2/orders?status=open&status=closed', 422],
    ['GET /v2/orders?status=%00', 422],
    ['GET /v2/orders?limit=1e9', 422],
    ['GET /v2/orders?after=%ff', 422],
    ['GET /v2/orders:by_client_order_id', 422],
    ['GET /v2/orders:by_client_order_id?client_order_id=a&client_order_id=b', 422],
    ['GET /v2/orders:by_client_order_id?client_order_id=%ED%A0%80', 404],
    ['PATCH /v2/orders/nobody', 404],
    ['DELETE /v2/positions/AAPL?qty=NaN', 422],
  ];
  for (const [line, status] of cases) {
    assertRefused(parsed(await answerTo(venue, rawRequest(line))), status, line);
  }
  for (const query of ['__proto__=1', 'constructor=1', 'toString=1', 'unknown=1', '&&=&', '%']) {
    assert.equal((await venue.request('GET', `/v2/orders?${query}`)).status, 200, query);
  }
});

test('what is no HTTP is answered with {code, message} before the connection ends', async () => {
  await using venue = await startVenue();
  const cases: [bytes: string, status: number][] = [
    ['nonsense\r\n\r\n', 400],
    ['GET /v2/orders HTTP/1.1\r\nbad header\r\n\r\n', 400],
    ['GET /v2/orders HTTP/9.9\r\n\r\n', 400],
    [rawRequest('GET /v2/orders', { 'x-long': 'x'.repeat(20_000) }), 431],
    ['POST /v2/orders HTTP/1.1\r\nhost: venue\r\ncontent-length: abc\r\n\r\n', 400],
    ['POST /v2/orders HTTP/1.1\r\nhost: venue\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\nhello', 400],
  ];
  for (const [bytes, status] of cases) assertRefused(parsed(await answerTo(venue, bytes)), status, bytes.slice(0, 40));
  assert.equal((await venue.request('POST', '/v2/orders', ORDER)).status, 200);
});

const names = [
  'symbol',
  'qty',
  'side',
  'type',
  'time_in_force',
  'limit_price',
  'stop_price',
  'trail_percent',
  'client_order_id',
];
const values = fc.oneof(
  fc.constantFrom(
    'AAPL',
    'BTC/USD',
    'buy',
    'sell',
    'limit',
    'stop',
    'trailing_stop',
    'gtc',
    'day',
    '1',
    '0.5',
    '1e9',
    1,
    true,
    null,
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.double(),
  fc.jsonValue({ maxDepth: 3 }),
);
const bodies = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 8 })), values, { maxKeys: 10 });
const segments = fc.oneof(
  fc.constantFrom(
    'v2',
    'orders',
    'orders:by_client_order_id',
    'positions',
    'account',
    'activities',
    'FILL',
    'AAPL',
    '..',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => encodeURIComponent(text.toWellFormed())),
  fc.webPath(),
);
const queries = fc.array(
  fc.tuple(
    fc.constantFrom(
      'status',
      'limit',
      'after',
      'until',
      'qty',
      'percentage',
      'page_token',
      'page_size',
      'date',
      'symbols',
      '__proto__',
    ),
    fc.oneof(
      fc.constantFrom('all', '1', '2026-01-01', 'true', '%'),
      fc.string({ maxLength: 8 }).map((text) => encodeURIComponent(text.toWellFormed())),
    ),
  ),
  { maxLength: 3 },
);
const requests = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'HEAD', 'OPTIONS'),
  path: fc.array(segments, { maxLength: 4 }),
  query: queries,
  body: fc.option(
    fc.oneof(
      bodies.map((body) => JSON.stringify(body)),
      fc.string({ unit: 'binary', maxLength: 40 }),
    ),
    { nil: '' },
  ),
});

test('no request, however odd, is answered with a 500 or hangs', async () => {
  await using venue = await startVenue();
  venue.show(aQuote({ askSz: '1000000' }));
  await fc.assert(
    fc.asyncProperty(requests, async ({ method, path, query, body }) => {
      const search = query.map(([name, value]) => `${name}=${value}`).join('&');
      const target = `/${path.join('/')}${search === '' ? '' : `?${search}`}`;
      const answer = await answerTo(
        venue,
        rawRequest(`${method} ${target}`, { 'content-type': 'application/json' }, body),
      );
      const status = Number(answer.split(' ')[1]);
      assert.ok(status >= 200 && status < 500, `${method} ${target} ${body}: ${answer.slice(0, 400)}`);
    }),
    { numRuns: 400 * SOAK },
  );
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const { status } = await venue.request('POST', '/v2/orders', { ...ORDER, ...body });
      assert.ok(status < 500, `${status} ${JSON.stringify(body)}`);
    }),
    { numRuns: 200 * SOAK },
  );
  assert.deepEqual(
    venue.log.filter(({ message }) => message === 'a request failed'),
    [],
  );
});
