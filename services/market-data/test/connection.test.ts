import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Connection,
  type ConnectionInput,
  type ConnectionOutput,
  openConnection,
  stepConnection,
} from '../src/core/connection.ts';
import './seed.ts';

const OPTIONS = {
  backoffFirstMs: 1_000,
  backoffLastMs: 30_000,
  stableMs: 60_000,
  handshakeMs: 10_000,
  pingMs: 15_000,
  idleMs: 40_000,
};

/** A connection, and a clock that is moved by hand. */
class Driven {
  readonly connection: Connection = openConnection(OPTIONS);
  nowMs = 0;

  step(type: ConnectionInput['type'], fields: object = {}): readonly ConnectionOutput[] {
    return stepConnection(this.connection, { type, ...fields } as ConnectionInput, this.nowMs);
  }

  after(ms: number): readonly ConnectionOutput[] {
    this.nowMs += ms;
    return this.step('clock');
  }

  /** Dialled, opened, authenticated, subscribed. */
  up(): void {
    if (this.connection.state === 'disconnected') this.step('start');
    this.step('opened');
    this.step('authenticated');
    this.step('subscribed');
  }
}

function waitOf(outputs: readonly ConnectionOutput[]): number {
  const wait = outputs.find((output) => output.kind === 'wait');
  assert.ok(wait?.kind === 'wait');
  return wait.ms;
}

test('a start dials, and the states follow one another', () => {
  const driven = new Driven();
  assert.deepEqual(driven.step('start'), [{ kind: 'state', state: 'connecting' }, { kind: 'dial' }]);
  assert.deepEqual(driven.step('start'), []);
  assert.deepEqual(driven.step('subscribed'), [], 'not before authenticated');
  driven.step('opened');
  assert.deepEqual(driven.step('authenticated'), [{ kind: 'state', state: 'authenticated' }]);
  assert.deepEqual(driven.step('subscribed'), [{ kind: 'state', state: 'subscribed' }]);
});

test('failed attempts are repeated after waits that grow from 1–2 s to 1–30 s, drawn at random', () => {
  for (const [random, waits] of [
    [0, [1_000, 1_000, 1_000, 1_000, 1_000, 1_000]],
    [0.5, [1_500, 2_500, 4_500, 8_500, 15_500, 15_500]],
    [1 - 2 ** -53, [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]],
  ] as const) {
    const driven = new Driven();
    driven.step('start');
    for (const expected of waits) {
      const ms = waitOf(driven.step('closed', { random }));
      assert.ok(Math.abs(ms - expected) < 1, `${ms} is not ${expected}`);
      assert.deepEqual(driven.after(ms - 1), []);
      assert.deepEqual(driven.after(1), [{ kind: 'state', state: 'connecting' }, { kind: 'dial' }]);
    }
  }
});

test('only a connection that stayed subscribed for a while makes the next wait short again', () => {
  const driven = new Driven();
  driven.step('start');
  for (let failure = 0; failure < 5; failure += 1) {
    driven.up();
    driven.nowMs += 59_999;
    const ms = waitOf(driven.step('closed', { random: 0.999 }));
    assert.ok(ms > 1_000 * 2 ** Math.min(failure, 4), `${ms} after ${failure} failures`);
    driven.after(ms);
  }
  driven.up();
  driven.nowMs += 60_000;
  assert.ok(waitOf(driven.step('closed', { random: 0.999 })) < 2_000);
});

test('a silent connection is pinged, and closed as half-open when nothing answers', () => {
  const driven = new Driven();
  driven.up();
  assert.deepEqual(driven.after(14_999), []);
  assert.deepEqual(driven.after(1), [{ kind: 'send-ping' }]);
  assert.deepEqual(driven.after(1_000), [], 'one ping at a time');
  assert.deepEqual(driven.after(14_000), [{ kind: 'send-ping' }]);
  assert.deepEqual(driven.after(10_000), [{ kind: 'close', reason: 'nothing heard for 40000 ms, allowed are 40000' }]);
  assert.deepEqual(driven.after(1_000), [], 'it is closed once');
  assert.equal(driven.connection.state, 'subscribed', 'until the socket says so');
  assert.equal(driven.step('closed', { random: 0 })[0]?.kind, 'state');
});

test('anything heard, a pong too, keeps the connection', () => {
  const driven = new Driven();
  driven.up();
  for (let at = 0; at < 10; at += 1) {
    assert.deepEqual(driven.after(14_000), []);
    driven.step('traffic');
  }
});

test('a paused reader hears nothing and is not cut off for it', () => {
  const driven = new Driven();
  driven.up();
  driven.step('paused', { paused: true });
  assert.deepEqual(driven.after(500_000), []);
  driven.step('paused', { paused: false });
  assert.deepEqual(driven.after(14_000), []);
  assert.deepEqual(
    driven.after(26_000).map(({ kind }) => kind),
    ['close'],
  );
});

test('a connection that is not authenticated in time is closed; waiting to subscribe may take any time', () => {
  const driven = new Driven();
  driven.step('start');
  driven.step('opened');
  assert.deepEqual(driven.after(10_000), [
    { kind: 'close', reason: 'not authenticated after 10000 ms, allowed are 10000' },
  ]);
  const patient = new Driven();
  patient.step('start');
  patient.step('opened');
  patient.step('authenticated');
  for (let at = 0; at < 20; at += 1) {
    patient.step('traffic');
    assert.deepEqual(patient.after(10_000), []);
  }
});

test('a stop closes for good', () => {
  const driven = new Driven();
  driven.up();
  assert.deepEqual(
    driven.step('stop').map(({ kind }) => kind),
    ['state', 'close'],
  );
  assert.deepEqual(driven.step('closed', { random: 0 }), []);
  assert.deepEqual(driven.after(100_000), []);
});

test('whatever happens, it dials only when no socket is left, and always comes back after a loss', () => {
  const input = fc.oneof(
    fc.constantFrom('opened', 'authenticated', 'subscribed', 'traffic', 'clock', 'clock').map((type) => ({ type })),
    fc.record({ type: fc.constant('closed'), random: fc.double({ min: 0, max: 0.999, noNaN: true }) }),
    fc.record({ type: fc.constant('give-up'), reason: fc.constant('why') }),
    fc.record({ type: fc.constant('paused'), paused: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(input, fc.nat({ max: 20_000 })), { maxLength: 100 }), (inputs) => {
      const driven = new Driven();
      let sockets = 0;
      const count = (outputs: readonly ConnectionOutput[]) => {
        for (const output of outputs) {
          if (output.kind === 'dial') sockets += 1;
          if (output.kind === 'wait') assert.ok(output.ms >= 1_000 && output.ms <= 30_000, String(output.ms));
          assert.ok(sockets <= 1, 'two sockets at once');
        }
      };
      count(driven.step('start'));
      for (const [{ type, ...fields }, ms] of inputs) {
        driven.nowMs += ms;
        if (type === 'closed' && sockets === 0) continue;
        if (type === 'closed') sockets = 0;
        count(driven.step(type as ConnectionInput['type'], fields));
      }
      if (sockets === 1) {
        sockets = 0;
        count(driven.step('closed', { random: 0.5 }));
      }
      count(driven.after(30_000));
      assert.equal(sockets, 1);
    }),
  );
});
