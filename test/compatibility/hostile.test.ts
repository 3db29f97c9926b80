import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually } from '@tickpath/testkit';
import { KEY_LINES, openSocket, postText, sendRaw } from './hostile-sockets.ts';
import {
  CHANGE_FIELDS,
  LIMIT_ORDER,
  ORDER_FIELDS,
  QUERIES,
  QUERY_VALUES,
  STRANGE_PATHS,
  VALUES,
  withField,
} from './hostile-values.ts';
import { type HttpAnswer, SYMBOLS, VenueUnderTest } from './venue-under-test.ts';

/** How much more the process may hold after an attack than before all of them. */
const GROWTH_BYTES = 128 * 2 ** 20;
/** Where a limit of the server cuts off a client that does not finish its request, and some slack. */
const SLOW_REQUEST_BOUND_MS = 40_000;

/** Market data refuses with a message alone, as Alpaca's does. */
const DATA_PATH = /^(?:GET )?\/(?:v2\/stocks|v1beta3)\b/;

interface Refused {
  readonly code: number;
  readonly message: string;
}

describe('hostile requests', { timeout: 300_000 }, () => {
  let venue: VenueUnderTest;
  let calmBytes = 0;

  before(async () => {
    venue = await VenueUnderTest.start({ 'synthetic.symbols': SYMBOLS, 'synthetic.ticksPerSecond': 5 });
    for (let count = 0; count < 50; count += 1) await ordinaryClient();
    calmBytes = venue.residentBytes();
  });
  after(() => venue?.stop());
  afterEach(async () => {
    await ordinaryClient();
    const grownBytes = venue.residentBytes() - calmBytes;
    console.log(`resident ${megabytes(grownBytes)} MB more than at rest, of at most ${megabytes(GROWTH_BYTES)}`);
    assert.ok(grownBytes < GROWTH_BYTES, `${megabytes(grownBytes)} MB more than before`);
  });

  /** What must go on working whatever others do: an order comes in, is found, and is canceled. */
  async function ordinaryClient(): Promise<void> {
    const { id } = await venue.ask<{ id: string }>('POST', '/v2/orders', LIMIT_ORDER);
    await eventually('a resting order', async () => {
      const { status } = await venue.ask<{ status: string }>('GET', `/v2/orders/${id}`);
      return status === 'new' || undefined;
    });
    assert.equal((await venue.request('DELETE', `/v2/orders/${id}`)).status, 204);
  }

  /** Holds that an answer is one of the API's own refusals. */
  function refused(answer: HttpAnswer, what: string, statuses?: readonly number[]): Refused {
    assert.ok(answer.status >= 400 && answer.status < 500, `${what}: ${answer.status} ${answer.text.slice(0, 200)}`);
    if (statuses !== undefined) assert.ok(statuses.includes(answer.status), `${what}: ${answer.status} ${answer.text}`);
    const { code, message } = (answer.json ?? {}) as Refused;
    const isCoded = Number.isInteger(code) || (code === undefined && DATA_PATH.test(what));
    assert.ok(isCoded && typeof message === 'string' && message !== '', `${what}: ${answer.text}`);
    return { code, message };
  }

  /** An answer is a success or a refusal, never a failure of the server. */
  function isSound(answer: HttpAnswer, what: string): boolean {
    if (answer.status >= 200 && answer.status < 300) return true;
    refused(answer, what);
    return false;
  }

  test('each field of an order as every kind of JSON value is taken or refused, never a failure', async () => {
    let taken = 0;
    let count = 0;
    const takenAs = new Map<string, string[]>();
    for (const field of ORDER_FIELDS) {
      for (const [kind, raw] of Object.entries(VALUES)) {
        count += 1;
        const answer = await venue.request('POST', '/v2/orders', { body: withField(LIMIT_ORDER, field, raw) });
        if (!isSound(answer, `${field} as ${kind}`)) continue;
        taken += 1;
        takenAs.set(field, [...(takenAs.get(field) ?? []), kind]);
      }
    }
    console.log(`${count} orders, ${taken} taken`);
    // Absent is not the same as wrong: without these an order is none.
    for (const field of ['symbol', 'side', 'type', 'time_in_force'])
      assert.deepEqual(takenAs.get(field) ?? [], [], field);
    for (const kind of takenAs.get('qty') ?? []) assert.match(kind, /^(text of digits|fraction|text of a float)$/);
    for (const kind of takenAs.get('limit_price') ?? [])
      assert.match(kind, /^(fraction|text of digits|text of a float)$/);
    for (const kind of takenAs.get('extended_hours') ?? []) assert.match(kind, /^(null|empty text|true|false)$/);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    await venue.request('DELETE', '/v2/orders');
  });

  test('each field of a change as every kind of JSON value', async () => {
    let taken = 0;
    for (const field of CHANGE_FIELDS) {
      const { id } = await venue.ask<{ id: string }>('POST', '/v2/orders', LIMIT_ORDER);
      let current = id;
      for (const [kind, raw] of Object.entries(VALUES)) {
        const answer = await venue.request('PATCH', `/v2/orders/${current}`, { body: withField({}, field, raw) });
        if (!isSound(answer, `${field} as ${kind}`)) continue;
        taken += 1;
        current = (answer.json as { id: string }).id;
      }
    }
    console.log(`${CHANGE_FIELDS.length * Object.keys(VALUES).length} changes, ${taken} taken`);
    await venue.request('DELETE', '/v2/orders');
  });

  test('each query of every listing with strange values', async () => {
    let taken = 0;
    let count = 0;
    for (const [path, names] of Object.entries(QUERIES)) {
      for (const name of names) {
        for (const value of QUERY_VALUES) {
          count += 1;
          const needed = path.endsWith('bars') && name !== 'timeframe' ? '&timeframe=1Min' : '';
          const symbols = name === 'symbols' || !path.includes('stocks/') ? '' : '&symbols=AAPL';
          const answer = await venue.request('GET', `${path}?${name}=${value}${needed}${symbols}`);
          taken += Number(isSound(answer, `${path} ${name}=${value.slice(0, 40)}`));
        }
        const twice = await venue.request('GET', `${path}?${name}=1&${name}=2&${name}=`);
        isSound(twice, `${path} with three of ${name}`);
      }
    }
    console.log(`${count} queries, ${taken} answered`);
  });

  test('unknown paths and methods are refused in the words of the API', async () => {
    for (const path of STRANGE_PATHS) {
      const answer = await venue.request('GET', path);
      if (answer.status === 200) assert.fail(`GET ${path.slice(0, 80)} is answered: ${answer.text.slice(0, 100)}`);
      refused(answer, `GET ${path.slice(0, 80)}`);
    }
    for (const method of ['PUT', 'PATCH', 'OPTIONS', 'DELETE'])
      refused(await venue.request(method, '/v2/account'), method);
  });

  test('bodies that are no JSON, nested, oversized or of another type are refused', async () => {
    const order = JSON.stringify(LIMIT_ORDER);
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const bodies: [string, string, readonly number[]][] = [
      ['cut off', order.slice(0, -1), [400, 422]],
      ['two values', `${order}${order}`, [400, 422]],
      ['a comma too much', order.replace('}', ',}'), [400, 422]],
      ['single quotes', order.replaceAll('"', "'"), [400, 422]],
      ['nothing', '', [400, 422]],
      ['null', 'null', [400, 422]],
      ['a list', `[${order}]`, [400, 422]],
      ['a text', '"order"', [400, 422]],
      ['deeply nested', deep, [400, 413, 422]],
      ['deeply nested in a field', withField(LIMIT_ORDER, 'take_profit', deep), [400, 403, 413, 422]],
      ['objects in objects', `${'{"a":'.repeat(8000)}1${'}'.repeat(8000)}`, [400, 413, 422]],
      ['too large', withField(LIMIT_ORDER, 'client_order_id', JSON.stringify('x'.repeat(200_000))), [413]],
      ['much too large', ' '.repeat(20_000_000), [413]],
      ['many fields', `{${Array.from({ length: 6000 }, (_, n) => `"f${n}":1`).join(',')}}`, [400, 413, 422]],
      ['a byte order mark', `\ufeff${order}`, [200, 400, 422]],
    ];
    for (const [what, body, statuses] of bodies) {
      const answer = await venue.request('POST', '/v2/orders', { body }).catch(closedEarly);
      if (answer === 'closed')
        assert.ok(body.length > 1_000_000, `${what}: the connection was closed without an answer`);
      else if (answer.status !== 200) refused(answer, what, statuses);
    }
    for (const type of [
      'text/plain',
      'application/xml',
      'multipart/form-data; boundary=x',
      'application/json; charset=utf-16',
      'nonsense',
    ]) {
      const answer = await venue.request('POST', '/v2/orders', { body: order, headers: { 'content-type': type } });
      if (answer.status !== 200) refused(answer, type, [400, 415, 422]);
    }
    const invalid = Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d]);
    refused(await venue.request('POST', '/v2/orders', { body: invalid }), 'bytes that are no UTF-8', [400, 422]);
    await venue.request('DELETE', '/v2/orders');
  });

  test('what is no HTTP, or wrong HTTP, is refused or cut off', async () => {
    const order = JSON.stringify(LIMIT_ORDER);
    const length = `Content-Length: ${order.length}\r\nContent-Type: application/json\r\n`;
    const raw: [string, string | Buffer][] = [
      ['no HTTP', 'hello\r\n\r\n'],
      ['binary', Buffer.from(Array.from({ length: 4096 }, (_, n) => (n * 131) % 256))],
      ['TLS', Buffer.from('16030100a5010000a10303', 'hex')],
      ['no host', 'GET /v2/account HTTP/1.1\r\n\r\n'],
      ['an unknown version', 'GET /v2/account HTTP/9.9\r\nHost: a\r\n\r\n'],
      ['a header without a name', `GET /v2/account HTTP/1.1\r\nHost: a\r\n: nothing\r\n\r\n`],
      ['a header with a NUL', `GET /v2/account HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n`],
      ['64 KB of headers', `GET /v2/account HTTP/1.1\r\nHost: a\r\n${'X-Y: z\r\n'.repeat(8000)}\r\n`],
      ['a path of 64 KB', `GET /${'a'.repeat(65_536)} HTTP/1.1\r\nHost: a\r\n\r\n`],
      ['a negative length', postText(order, 'Content-Type: application/json\r\nContent-Length: -5\r\n')],
      ['two lengths', postText(order, `${length}Content-Length: 3\r\n`)],
      ['a length and chunks', postText(order, `${length}Transfer-Encoding: chunked\r\n`)],
      [
        'chunks that are none',
        postText('zz\r\nhello\r\n', 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n'),
      ],
      ['an unknown coding', postText(order, `${length}Transfer-Encoding: brainfuck\r\n`)],
      ['a folded header', `GET /v2/account HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n`],
      [
        'an upgrade without a key',
        `GET /v2/iex HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      ],
      ['an upgrade elsewhere', upgradeText('/v2/nowhere')],
      ['an upgrade of the account', upgradeText('/v2/account')],
      ['an upgrade to something else', upgradeText('/v2/iex').replace('websocket', 'h2c')],
    ];
    for (const [what, bytes] of raw) {
      const { status, isClosed, text } = await sendRaw(venue, bytes);
      const isRefused = status >= 400 && status < 500;
      assert.ok(isRefused || (status === 0 && isClosed), `${what}: ${status} ${isClosed} ${text.slice(0, 100)}`);
      const body = text.slice(text.indexOf('\r\n\r\n') + 4);
      if (isRefused && body.startsWith('{')) assert.match(body, /"message"/, what);
    }
    const huge = await sendRaw(
      venue,
      postText('', `Content-Type: application/json\r\nContent-Length: 99999999999\r\n`),
    );
    assert.equal(huge.status, 413, huge.text.slice(0, 200));
  });

  test('keys that are wrong, half, doubled or no text are refused', async () => {
    const half = { 'apca-api-key-id': 'PKCOMPATIBILITY' };
    const attempts: Record<string, string>[] = [
      ...[{}, half, { ...half, 'apca-api-secret-key': '' }, { ...half, 'apca-api-secret-key': 'x'.repeat(7000) }],
      ...[{ authorization: 'Bearer x' }, { 'apca-api-key-id': '__proto__', 'apca-api-secret-key': 'constructor' }],
    ];
    for (const headers of attempts) {
      const answer = await venue.request('GET', '/v2/account', { isKeyed: false, headers });
      refused(answer, JSON.stringify(headers).slice(0, 80), [401, 403, 431]);
    }
    const doubled = await sendRaw(venue, `GET /v2/account HTTP/1.1\r\nHost: a\r\n${KEY_LINES}${KEY_LINES}\r\n`);
    assert.ok([400, 401, 403].includes(doubled.status), doubled.text.slice(0, 100));
  });

  test('half a request holds nothing up, and is cut off in the end', { timeout: 60_000 }, async () => {
    const begunMs = performance.now();
    const sockets = await Promise.all(Array.from({ length: 200 }, () => openSocket(venue)));
    let closed = 0;
    for (const [index, socket] of sockets.entries()) {
      socket.on('close', () => {
        closed += 1;
      });
      socket.resume();
      const half =
        index % 2 === 0
          ? 'GET /v2/account HTTP/1.1\r\nHost: a\r\nX-'
          : postText('{"sym', 'Content-Length: 900\r\nContent-Type: application/json\r\n');
      socket.write(half);
    }
    await ordinaryClient();
    await eventually(
      'the end of all half requests',
      () => closed === sockets.length || undefined,
      SLOW_REQUEST_BOUND_MS,
      250,
    );
    console.log(
      `${closed} half requests cut off after ${((performance.now() - begunMs) / 1000).toFixed(1)} s at the latest`,
    );
  });

  test('a thousand requests at once on one connection, and a thousand connections, are all answered', async () => {
    const line = `GET /v2/orders?limit=1 HTTP/1.1\r\nHost: a\r\n${KEY_LINES}\r\n`;
    const { text } = await sendRaw(venue, line.repeat(1000), 30_000);
    assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 1000);
    const answers = await Promise.all(Array.from({ length: 1000 }, () => sendRaw(venue, line, 30_000)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1000);
  });
});

function upgradeText(path: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  );
}

/** A server may close the connection under a body it will not read to its end. */
function closedEarly(error: unknown): 'closed' {
  if (error instanceof TypeError) return 'closed';
  throw error;
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
