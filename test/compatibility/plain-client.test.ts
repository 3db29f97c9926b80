import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { addresses } from '@tickpath/runtime';
import { networkAt, TestStack } from '@tickpath/testkit';
import { Packr, Unpackr } from 'msgpackr';
import { Request, Subscriber } from 'zeromq';

/** What somebody writes who has `docs/messages.md`, a ZeroMQ and a msgpack library, and nothing of ours. */
const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

describe('a plain ZeroMQ client that knows nothing of the library', { timeout: 120_000 }, () => {
  let stack: TestStack;
  let at: ReturnType<typeof addresses>;

  before(async () => {
    stack = await TestStack.start([]);
    at = addresses(networkAt(stack.portOffset));
    await stack.process.line(/"service":"risk".*"msg":"trading is ACTIVE"/, { boundMs: 60_000 });
  });
  after(() => stack.stop());

  test('a raw SUB gets AAPL and nothing else, each topic numbered without a gap', async () => {
    const socket = new Subscriber({ linger: 0, receiveTimeout: 20_000 });
    socket.connect(at.connect('marketStream'));
    socket.subscribe('AAPL/');
    const last = new Map<string, bigint | number>();
    let read = 0;
    while (read < 100) {
      const [topic, payload] = await socket.receive();
      assert.match(String(topic), /^AAPL\/(trade|quote|bar\.1s|bar\.1m)$/);
      unpackr.unpackMultiple(payload as Buffer, (value) => {
        const [version, kind, source, , seq, tsNs, traceparent, fields] = value as unknown[];
        assert.equal(version, 1);
        assert.equal(source, 'market-data');
        assert.equal(typeof tsNs, 'bigint');
        assert.equal(traceparent, null);
        const before = last.get(String(topic));
        if (before !== undefined) assert.equal(Number(seq), Number(before) + 1, String(topic));
        last.set(String(topic), seq as number);
        if (kind === 'trade') {
          const [price, size] = fields as unknown[];
          assert.match(String(price), /^\d+(\.\d+)?$/);
          assert.match(String(size), /^\d+$/);
        }
        read += 1;
      });
    }
    socket.close();
  });

  test('a raw REQ asks risk about an order and gets its answer, and the same one when it asks again', async () => {
    const socket = new Request({ linger: 0, receiveTimeout: 10_000 });
    socket.connect(at.connect('riskRequests'));
    const expiresNs = BigInt(Date.now() + 60_000) * 1_000_000n;
    const intent = ['plain-1', 'AAPL', 'BUY', '1', 'MARKET', 'DAY', 'by-hand', 'manual:test', 0n, expiresNs];
    const ask = async (requestId: string, fields: readonly unknown[]) => {
      const envelope = [1, 'riskCheck', 'plain', 1n, 0, BigInt(Date.now()) * 1_000_000n, null, [requestId, ...fields]];
      await socket.send(packr.pack(envelope));
      const [reply] = await socket.receive();
      const [, kind, source, , , , , payload] = unpackr.unpack(reply as Buffer);
      assert.equal(source, 'risk');
      return { kind, payload };
    };
    const first = await ask('request-1', intent);
    assert.deepEqual(first, { kind: 'riskDecision', payload: ['request-1', 'plain-1', true, null, null] });
    assert.deepEqual(await ask('request-1', intent), first);
    const duplicate = await ask('request-2', intent);
    assert.deepEqual(duplicate.payload.slice(0, 4), ['request-2', 'plain-1', false, 'DUPLICATE_ORDER']);
    const tooLarge = await ask('request-3', ['plain-2', 'AAPL', 'BUY', '999999', ...intent.slice(4)]);
    assert.equal(tooLarge.payload[3], 'ORDER_EXCEEDS_LIMIT');
    assert.match(tooLarge.payload[4], /order notional [\d.]+ > limit 100000/);

    await socket.send('this is no envelope');
    const [answer] = await socket.receive();
    assert.equal(unpackr.unpack(answer as Buffer)[1], 'failure');
    socket.close();
    await stack.process.line(/"msg":"fill BUY 1 AAPL /, { boundMs: 20_000 });
  });
});
