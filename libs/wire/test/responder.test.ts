import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually } from '@tickpath/testkit';
import fc from 'fast-check';
import { Dealer, Request } from 'zeromq';
import { MemoryAnswers } from '../src/answers.ts';
import { decodeFrame, type Envelope, MAX_FRAME_BYTES } from '../src/envelope.ts';
import { type AnyReply, failure } from '../src/responder.ts';
import { answeredSymbol, barsQuery, barsReply, queryFrame, requester, serve, symbolOf } from './request-service.ts';
import './seed.ts';

const memory = () => new MemoryAnswers({ capacity: 1000, keepMs: 60_000, nowMs: () => performance.now() });

function plainSocket<S extends Request | Dealer>(t: TestContext, socket: S, address: string): S {
  t.after(() => socket.close());
  socket.connect(address);
  return socket;
}

function read(frame: Buffer | undefined): Envelope {
  const envelopes: Envelope[] = [];
  decodeFrame(frame as Buffer, (envelope) => envelopes.push(envelope), assert.fail);
  assert.equal(envelopes.length, 1);
  return envelopes[0] as Envelope;
}

function failureOf(frame: Buffer | undefined): string {
  const reply = read(frame);
  assert.equal(reply.kind, 'failure');
  return (reply.payload as { code: string }).code;
}

test('fifty plain REQ sockets are answered out of order, each with its own answers', async (t) => {
  const CLIENTS = 50;
  const ROUNDS = 20;
  const arrived: string[] = [];
  const answered: string[] = [];
  let waiting: (() => void)[] = [];
  let mostInFlight = 0;
  const { address, drops } = await serve(t, {
    handle: (request) => {
      const { promise, resolve } = Promise.withResolvers<AnyReply>();
      arrived.push(symbolOf(request));
      waiting.push(() => {
        answered.push(symbolOf(request));
        resolve(barsReply(request, symbolOf(request)));
      });
      mostInFlight = Math.max(mostInFlight, waiting.length);
      // Once everybody waits, the last is answered first.
      if (waiting.length === CLIENTS) {
        const all = waiting.reverse();
        waiting = [];
        for (const answer of all) answer();
      }
      return promise;
    },
  });
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    const socket = plainSocket(t, new Request({ linger: 0 }), address);
    for (let round = 0; round < ROUNDS; round += 1) {
      const [symbol, requestId] = [`S${client}.${round}`, `${client}/${round}`];
      await socket.send(queryFrame(symbol, requestId));
      const [frame] = await socket.receive();
      const { payload } = read(frame);
      assert.deepEqual(payload, { requestId, symbol, bars: [] });
    }
  });
  await Promise.all(clients);
  assert.equal(mostInFlight, CLIENTS);
  assert.equal(answered.length, CLIENTS * ROUNDS);
  assert.notDeepEqual(answered, arrived);
  assert.deepEqual(drops, []);
});

test('garbage neither ends the service nor goes unanswered', async (t) => {
  const { address, drops } = await serve(t, { handle: (request) => barsReply(request, symbolOf(request)) });
  const dealer = plainSocket(t, new Dealer({ linger: 0 }), address);
  const garbage = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 4 });
  const good = queryFrame('AAPL', 'good');
  const mutilated = fc.nat({ max: good.length - 1 }).map((length) => [good.subarray(0, length)]);
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(garbage, mutilated), async (frames) => {
      await dealer.send(frames.map((frame) => Buffer.from(frame)));
      assert.equal(failureOf((await dealer.receive()).at(-1)), 'BAD_REQUEST');
      sent += 1;
    }),
    { numRuns: 300 },
  );
  assert.equal(drops.length, sent);

  await dealer.send(['', Buffer.concat([good, good])]);
  assert.equal(failureOf((await dealer.receive()).at(-1)), 'BAD_REQUEST');
  assert.equal(drops.at(-1), 'several-requests');
  const { hostname, port } = new URL(address);
  const noise = connect(Number(port), hostname);
  noise.on('error', () => {});
  noise.write(Buffer.alloc(10_000, 0xa5));
  await dealer.send(['', Buffer.alloc(3 * MAX_FRAME_BYTES)]);
  const asker = requester(t, address);
  assert.equal(answeredSymbol(await asker.ask('barsQuery', barsQuery('MSFT'))), 'MSFT');
  noise.destroy();
});

test('an asker that has gone is counted and holds up nobody', async (t) => {
  const unanswered: (() => void)[] = [];
  const { address, drops } = await serve(t, {
    handle: (request) => {
      if (symbolOf(request) !== 'GONE') return barsReply(request, symbolOf(request));
      return new Promise((resolve) => unanswered.push(() => resolve(barsReply(request, 'GONE'))));
    },
  });
  const leaver = plainSocket(t, new Dealer({ linger: 0 }), address);
  for (let count = 0; count < 500; count += 1) await leaver.send(['', queryFrame('GONE', `gone-${count}`)]);
  await eventually('all are being handled', () => (unanswered.length === 500 ? true : undefined));
  leaver.close();
  const asker = requester(t, address);
  await eventually('a reply is refused', async () => {
    unanswered.pop()?.();
    assert.equal(answeredSymbol(await asker.ask('barsQuery', barsQuery('AAPL'))), 'AAPL');
    return drops.length > 0 ? true : undefined;
  });
  assert.deepEqual(drops, ['unreachable']);
});

test('a repeat of an executed request gets the same bytes, and nothing runs', async (t) => {
  let handled = 0;
  let executed = 0;
  const { address } = await serve(t, {
    answers: memory(),
    handle: (request) => {
      handled += 1;
      const effect = () => {
        executed += 1;
      };
      return { ...barsReply(request, `EXECUTED-${handled}`), effect };
    },
  });
  const socket = plainSocket(t, new Request({ linger: 0 }), address);
  const ask = async (symbol: string): Promise<Buffer> => {
    await socket.send(queryFrame(symbol, 'one'));
    return (await socket.receive())[0] as Buffer;
  };
  const first = await ask('AAPL');
  assert.equal(symbolOf(read(first)), 'EXECUTED-1');
  // A plain client may send other header fields (time, trace) with the repeat; the request is its kind and payload.
  assert.ok(first.equals(await ask('AAPL')));
  assert.equal(failureOf(await ask('MSFT')), 'REQUEST_ID_REUSED');
  assert.deepEqual([handled, executed], [1, 1]);
});

test('answers without an effect are not remembered', async (t) => {
  let isReady = false;
  const answers = memory();
  const { address } = await serve(t, {
    answers,
    handle: (request) => {
      const { requestId } = request.payload as { requestId: string };
      if (!isReady) return failure(requestId, 'NOT_READY', 'catching up');
      return { ...barsReply(request, 'DONE'), effect: () => {} };
    },
  });
  const asker = requester(t, address);
  const query = barsQuery('AAPL', 'one');
  const refused = await asker.ask('barsQuery', query);
  assert.equal(!refused.ok && refused.code === 'BAD_REPLY' && refused.failure?.code, 'NOT_READY');
  assert.equal(answers.size, 0);
  isReady = true;
  assert.equal(answeredSymbol(await asker.ask('barsQuery', query)), 'DONE');
  isReady = false;
  assert.equal(answeredSymbol(await asker.ask('barsQuery', query)), 'DONE');
});

test('copies in flight together execute once and get the same reply, also when it is a failure', async (t) => {
  for (const outcome of ['reply', 'error'] as const) {
    const gate = Promise.withResolvers<void>();
    let handled = 0;
    let executed = 0;
    const effect = () => {
      executed += 1;
    };
    const errors: unknown[] = [];
    const { address } = await serve(t, {
      answers: memory(),
      onError: (error) => errors.push(error),
      handle: async (request) => {
        if (symbolOf(request) === 'OPEN') return barsReply(request, 'OPEN');
        handled += 1;
        await gate.promise;
        if (outcome === 'error') throw new Error('no luck');
        return { ...barsReply(request, 'DONE'), effect };
      },
    });
    const copies = Array.from({ length: 5 }, () => plainSocket(t, new Dealer({ linger: 0 }), address));
    for (const socket of copies) {
      await socket.send(['', queryFrame('AAPL', 'one')]);
      // Its answer shows that the copy before it has been read.
      await socket.send(['', queryFrame('OPEN', 'open')]);
      assert.equal(symbolOf(read((await socket.receive()).at(-1))), 'OPEN');
    }
    gate.resolve();
    const replies = await Promise.all(copies.map(async (socket) => (await socket.receive()).at(-1) as Buffer));
    for (const reply of replies) {
      if (outcome === 'reply') assert.ok(reply.equals(replies[0] as Buffer));
      else assert.equal(failureOf(reply), 'INTERNAL');
    }
    assert.deepEqual([handled, executed, errors.length], outcome === 'reply' ? [1, 1, 0] : [1, 0, 1]);
  }
});

test('of two different requests in flight under one id only one is executed', async (t) => {
  const executed: string[] = [];
  const gates = new Map<string, () => void>();
  const { address } = await serve(t, {
    answers: memory(),
    handle: async (request) => {
      const symbol = symbolOf(request);
      await new Promise<void>((resolve) => gates.set(symbol, resolve));
      return { ...barsReply(request, symbol), effect: () => void executed.push(symbol) };
    },
  });
  const ask = async (symbol: string): Promise<Buffer> => {
    const socket = plainSocket(t, new Request({ linger: 0 }), address);
    await socket.send(queryFrame(symbol, 'one'));
    return (await socket.receive())[0] as Buffer;
  };
  const replies = [ask('AAPL'), ask('MSFT')];
  const [aapl, msft] = await eventually('both are handled', () =>
    gates.size === 2 ? [gates.get('AAPL'), gates.get('MSFT')] : undefined,
  );
  msft?.();
  assert.equal(symbolOf(read(await replies[1])), 'MSFT');
  aapl?.();
  assert.equal(failureOf(await replies[0]), 'REQUEST_ID_REUSED');
  assert.deepEqual(executed, ['MSFT']);
});

test('an effect that cannot be committed is answered INTERNAL, and the repeat executes', async (t) => {
  const executed: string[] = [];
  const errors: string[] = [];
  let attempt = 0;
  const { address } = await serve(t, {
    answers: memory(),
    onError: (error) => errors.push((error as Error).message),
    handle: (request) => {
      attempt += 1;
      const effects: (() => void)[] = [
        () => assert.fail('disk full'),
        async () => {},
        () => void executed.push('done'),
      ];
      return { ...barsReply(request, 'DONE'), effect: effects[attempt - 1] as () => void };
    },
  });
  const asker = requester(t, address);
  const query = barsQuery('AAPL', 'one');
  for (const expected of ['disk full', 'the effect of barsQuery is not synchronous']) {
    const result = await asker.ask('barsQuery', query);
    assert.equal(result.ok ? 'OK' : result.text, `INTERNAL: ${expected}`);
    assert.equal(errors.at(-1), expected);
  }
  assert.equal(answeredSymbol(await asker.ask('barsQuery', query)), 'DONE');
  assert.deepEqual(executed, ['done']);
});

test('an effect without a store, without an id or with a full store is refused, not run', async (t) => {
  const withEffect = (request: Envelope): AnyReply => ({ ...barsReply(request, 'DONE'), effect: assert.fail });
  const full = new MemoryAnswers({ capacity: 1, keepMs: 60_000, nowMs: () => 0 });
  full.commit('older', Buffer.alloc(0), () => {});
  for (const [options, requestId, expected] of [
    [{}, 'one', 'INTERNAL'],
    [{ answers: memory() }, '', 'INTERNAL'],
    [{ answers: full }, 'one', 'ANSWER_STORE_FULL'],
  ] as const) {
    const { address } = await serve(t, { ...options, handle: withEffect });
    const socket = plainSocket(t, new Request({ linger: 0 }), address);
    await socket.send(queryFrame('AAPL', requestId));
    assert.equal(failureOf((await socket.receive())[0]), expected);
  }
});

test('a reply too large for a frame is an error of the service, found before anything is committed', async (t) => {
  const answers = memory();
  const { address } = await serve(t, {
    answers,
    handle: (request) => {
      const attached = [Buffer.alloc(MAX_FRAME_BYTES)];
      return { ...barsReply(request, 'LARGE'), attached, effect: assert.fail };
    },
  });
  const result = await requester(t, address).ask('barsQuery', barsQuery('AAPL'));
  assert.match(result.ok ? 'OK' : result.text, /^INTERNAL: bars of \d+ bytes > 1048576$/);
  assert.equal(answers.size, 0);
});
