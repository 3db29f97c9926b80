import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { RestClient, type RestClientOptions } from '../src/rest-client.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

async function served(t: TestContext, answer: Answer, options: Partial<RestClientOptions> = {}) {
  const requests: { path: string; key: string | undefined; atMs: number }[] = [];
  const server = createServer((request, response) => {
    const key = request.headers['apca-api-key-id'];
    requests.push({
      path: String(request.url),
      key: typeof key === 'string' ? key : undefined,
      atMs: performance.now(),
    });
    answer(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new RestClient({
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers: { 'APCA-API-KEY-ID': 'key' },
    requestsPerMinute: 60_000,
    timeoutMs: 2_000,
    bodyTimeoutMs: 2_000,
    retries: 3,
    maxBodyBytes: 1_000,
    ...options,
  });
  t.after(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { client, requests, server };
}

test('a body comes as it is, asked for with the headers given', async (t) => {
  const { client, requests } = await served(t, (_request, response) => response.end('{"a":1.50}'));
  assert.deepEqual(await client.get('/v2/x?symbols=A%2CB'), { ok: true, body: '{"a":1.50}' });
  assert.deepEqual(
    requests.map(({ path, key }) => [path, key]),
    [['/v2/x?symbols=A%2CB', 'key']],
  );
});

test('a venue that is busy is asked again, not before it said', async (t) => {
  const { client, requests } = await served(t, (_request, response, count) => {
    if (count === 1) response.writeHead(429, { 'retry-after': '1' });
    response.end('ok');
  });
  assert.deepEqual(await client.get('/x'), { ok: true, body: 'ok' });
  const [first, second] = requests.map(({ atMs }) => atMs);
  assert.ok(Number(second) - Number(first) >= 950, `${Number(second) - Number(first)} ms`);
});

test('what the venue refuses is not tried again', async (t) => {
  const { client, requests } = await served(t, (_request, response) => {
    response.statusCode = 400;
    response.end('{"code":-1121,"msg":"Invalid symbol."}');
  });
  const answer = await client.get('/x');
  assert.ok(!answer.ok && answer.reason.startsWith('GET /x: '), JSON.stringify(answer));
  assert.match(answer.ok ? '' : answer.reason, /400/);
  assert.equal(requests.length, 1);
});

test('a failing venue is given up after the tries allowed', async (t) => {
  const { client, requests } = await served(
    t,
    (_request, response) => {
      response.statusCode = 503;
      response.end();
    },
    { retries: 1 },
  );
  const answer = await client.get('/x');
  assert.equal(answer.ok, false);
  assert.equal(requests.length, 2);
});

test('a venue that is not there is an answer, not an error', async (t) => {
  const { client, server } = await served(t, () => {}, { retries: 0 });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const answer = await client.get('/x');
  assert.equal(answer.ok, false);
});

test('a body beyond the limit is refused with the limit', async (t) => {
  const { client } = await served(t, (_request, response) => response.end('x'.repeat(1_001)));
  assert.deepEqual(await client.get('/x'), { ok: false, reason: 'GET /x: body of more than 1000 bytes' });
});

test('answers that trickle in without end are given up, and hold nothing up', async (t) => {
  const { client } = await served(
    t,
    (request, response) => {
      if (request.url === '/whole') return void response.end('ok');
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    },
    { bodyTimeoutMs: 200 },
  );
  // As many as are asked at a time.
  const endless = Array.from({ length: 4 }, () => client.get('/endless'));
  assert.deepEqual(await client.get('/whole'), { ok: true, body: 'ok' });
  for (const answer of await Promise.all(endless)) {
    assert.match(answer.ok ? '' : answer.reason, /^GET \/endless: body not whole after 200 ms, \d+ bytes/);
  }
});

test('requests beyond the rate wait their turn, and none is dropped', async (t) => {
  const { client, requests } = await served(t, (_request, response) => response.end('ok'), {
    requestsPerMinute: 1_200,
  });
  const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => client.get(`/${index}`)));
  assert.ok(answers.every(({ ok }) => ok));
  assert.equal(new Set(requests.map(({ path }) => path)).size, 12);
  // Four at once, then one every 50 ms.
  const spanMs = Number(requests.at(-1)?.atMs) - Number(requests[0]?.atMs);
  assert.ok(spanMs >= 300, `${spanMs} ms`);
});

test('closing answers what waits and what is under way', async (t) => {
  const { client } = await served(t, () => {});
  const answers = Array.from({ length: 8 }, () => client.get('/x'));
  await client.close();
  for (const answer of await Promise.all(answers)) assert.equal(answer.ok, false);
  assert.deepEqual(await client.get('/y'), { ok: false, reason: 'the client is closed' });
});
