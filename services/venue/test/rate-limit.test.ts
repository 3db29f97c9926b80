import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FastifyReply, fastify } from 'fastify';
import { countRequest, createRateLimit, RATE_LIMIT_WINDOW_MS } from '../src/core/rate-limit.ts';
import type { Refusal } from '../src/core/refusal.ts';
import { registerRateLimit } from '../src/rate-limit.ts';
import './seed.ts';

const anyRequests = fc.array(
  fc.record({ client: fc.constantFrom('a', 'b', 'c'), waitMs: fc.integer({ min: 0, max: 40_000 }) }),
  { maxLength: 200 },
);

test('a client gets its limit in each minute from its first request on, and other clients take nothing of it', () => {
  fc.assert(
    fc.property(anyRequests, fc.integer({ min: 1, max: 5 }), (requests, limit) => {
      const state = createRateLimit(limit);
      /** By client, when each request that was let through came. */
      const begun = new Map<string, { fromMs: number; count: number }>();
      let nowMs = 1_700_000_000_000;
      for (const { client, waitMs } of requests) {
        nowMs += waitMs;
        const before = begun.get(client);
        const minute =
          before === undefined || nowMs >= before.fromMs + RATE_LIMIT_WINDOW_MS ? { fromMs: nowMs, count: 0 } : before;
        begun.set(client, minute);
        const isAllowed = minute.count < limit;
        if (isAllowed) minute.count += 1;
        assert.deepEqual(countRequest(state, client, nowMs), {
          isAllowed,
          limit,
          remaining: limit - minute.count,
          resetMs: minute.fromMs + RATE_LIMIT_WINDOW_MS,
        });
      }
    }),
  );
});

test('it keeps no more clients than it is told, the latest, and forgets those whose minute is over', () => {
  const state = createRateLimit(2, 10);
  for (let i = 0; i < 1000; i += 1) countRequest(state, `client ${i}`, 1000);
  assert.deepEqual(
    [...state.windows.keys()],
    Array.from({ length: 10 }, (_, i) => `client ${990 + i}`),
  );
  countRequest(state, 'a later one', 1000 + RATE_LIMIT_WINDOW_MS);
  assert.deepEqual([...state.windows.keys()], ['a later one']);
});

test("every answer tells the client's limit in Alpaca's headers, and beyond it the answer is 429", async (t) => {
  let nowNs = 1_679_411_557_250_000_000n;
  const app = fastify();
  t.after(() => app.close());
  registerRateLimit(app, { requestsPerMinute: 2, nowNs: () => nowNs });
  for (const path of ['/v2/clock', '/tickpath/v1/tape']) app.get(path, () => ({ ok: true }));
  const ask = async (url: string, keyId = 'PKONE') => {
    const { statusCode, headers, body } = await app.inject({ url, headers: { 'apca-api-key-id': keyId } });
    const told = ['limit', 'remaining', 'reset'].map((name) => headers[`x-ratelimit-${name}`]);
    return { statusCode, told, body: JSON.parse(body) as unknown };
  };
  assert.deepEqual(await ask('/v2/clock'), { statusCode: 200, told: ['2', '1', '1679411618'], body: { ok: true } });
  const unknown = await ask('/v2/nothing');
  assert.deepEqual([unknown.statusCode, unknown.told], [404, ['2', '0', '1679411618']]);
  assert.deepEqual(await ask('/v2/clock'), {
    statusCode: 429,
    told: ['2', '0', '1679411618'],
    body: { code: 42910000, message: 'too many requests.' },
  });
  assert.equal((await ask('/v2/clock', 'PKTWO')).statusCode, 200, 'another key');
  assert.deepEqual((await ask('/tickpath/v1/tape')).told, [undefined, undefined, undefined]);
  nowNs += 60_000_000_000n;
  assert.deepEqual((await ask('/v2/clock')).told, ['2', '1', '1679411678']);
});

test('two faces of a venue count apart, and each refuses in its own way', async (t) => {
  const app = fastify();
  t.after(() => app.close());
  const ask = async (url: string) => {
    const { statusCode, body } = await app.inject({ url });
    return [statusCode, JSON.parse(body)];
  };
  void app.register(async (trading) => {
    registerRateLimit(trading, { requestsPerMinute: 1, nowNs: () => 0n });
    trading.get('/v2/clock', () => ({ ok: true }));
  });
  void app.register(async (data) => {
    const refuse = (reply: FastifyReply, { status, message }: Refusal) => reply.code(status).send({ message });
    registerRateLimit(data, { requestsPerMinute: 1, nowNs: () => 0n, refuse });
    data.get('/v2/stocks/bars', () => ({ ok: true }));
  });
  assert.deepEqual(await ask('/v2/clock'), [200, { ok: true }]);
  assert.deepEqual(await ask('/v2/stocks/bars'), [200, { ok: true }]);
  assert.deepEqual(await ask('/v2/clock'), [429, { code: 42910000, message: 'too many requests.' }]);
  assert.deepEqual(await ask('/v2/stocks/bars'), [429, { message: 'too many requests.' }]);
});

test('without a limit nothing is said of one', async (t) => {
  const app = fastify();
  t.after(() => app.close());
  registerRateLimit(app, { requestsPerMinute: 0, nowNs: () => 0n });
  app.get('/v2/clock', () => ({ ok: true }));
  const { headers } = await app.inject({ url: '/v2/clock' });
  assert.ok(!Object.keys(headers).some((name) => name.startsWith('x-ratelimit')));
});
