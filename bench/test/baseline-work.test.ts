import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeFrame, type Envelope } from '@tickpath/wire';
import { baselineOrderId, type HopWork } from '../path/hop-work.ts';
import { messageSizes, relayWork } from '../path/relay-work.ts';
import { straightLineWork } from '../path/straight-line-work.ts';
import { symbolsOf, TICK_LAYOUT, type Tick, TickTape } from '../path/ticks.ts';

const NOW_NS = 1_767_225_600_123_456_789n;

function ticksOf(count: number): Tick[] {
  const tape = new TickTape({ symbols: symbolsOf(8), markEvery: 20, markAt: 'scattered' });
  return Array.from({ length: count }, (_, i) => tape.next(NOW_NS + BigInt(i)));
}

/** Carries a frame through every hop; the answers are the order ids that reach the venue. */
function carry<M>(work: HopWork<M>, frame: Buffer): { ticks: number; orderIds: string[]; sizes: Set<string> } {
  const messages = new Map<string, Buffer[]>();
  work.readFrame(frame, (topic, message) => messages.set(topic, [...(messages.get(topic) ?? []), message]));
  const orderIds: string[] = [];
  const sizes = new Set<string>();
  let ticks = 0;
  for (const parts of messages.values()) {
    ticks += work.takeTicks(Buffer.concat(parts), (tick) => {
      const request = work.riskCheck(tick);
      const { approval, decision } = work.approve(request);
      work.takeDecision(decision);
      sizes.add([request, approval, decision].map(({ length }) => length).join(' '));
      orderIds.push(JSON.parse(String(work.orderBody(approval))).client_order_id);
    });
  }
  return { ticks, orderIds, sizes };
}

test('every tick has the length and the offsets that a relay relies on', () => {
  for (const { text, cause } of ticksOf(500)) {
    const at = ({ at, bytes }: { at: number; bytes: number }) => text.slice(at, at + bytes);
    const { S, i, s } = JSON.parse(text);
    assert.equal(text.length, TICK_LAYOUT.bytes, text);
    assert.deepEqual(
      [at(TICK_LAYOUT.symbol), at(TICK_LAYOUT.tradeId), at(TICK_LAYOUT.size)],
      [S, String(i), String(s)],
    );
    if (cause !== undefined) assert.deepEqual([cause.symbol, cause.tradeId], [S, String(i)]);
  }
});

test('one tick of each window is marked, and the symbols take turns', () => {
  const causes = ticksOf(160).map(({ cause }) => cause?.symbol);
  assert.deepEqual(
    causes.filter((symbol) => symbol !== undefined),
    symbolsOf(8),
  );
});

for (const [name, work] of [
  ['relay', relayWork()],
  ['straight line', straightLineWork()],
] as const) {
  test(`the ${name} turns exactly the marked ticks into their orders`, () => {
    const ticks = ticksOf(200);
    const marked = ticks.flatMap(({ cause }) => (cause === undefined ? [] : [baselineOrderId(cause.tradeId)]));
    const carried = carry(work as HopWork<unknown>, Buffer.from(`[${ticks.map(({ text }) => text).join(',')}]`));
    assert.equal(carried.ticks, 200);
    assert.deepEqual(carried.orderIds.toSorted(), marked);
  });
}

test('the messages of both baselines are as long as those of the stack', () => {
  const frame = Buffer.from(
    `[${ticksOf(200)
      .map(({ text }) => text)
      .join(',')}]`,
  );
  const { riskCheck, approval, decision } = messageSizes();
  assert.deepEqual([...carry(relayWork(), frame).sizes], [`${riskCheck} ${approval} ${decision}`]);
  for (const sizes of carry(straightLineWork(), frame).sizes) {
    const found = sizes.split(' ').map(Number);
    // A sequence number takes one to three bytes.
    assert.ok(
      [riskCheck, approval, decision].every((size, i) => Math.abs(size - (found[i] ?? 0)) <= 8),
      sizes,
    );
  }
});

test('the straight line packs its ticks as Tickpath does: its messages can be decoded', () => {
  const frame = Buffer.from(
    `[${ticksOf(20)
      .map(({ text }) => text)
      .join(',')}]`,
  );
  const decoded: Envelope[] = [];
  straightLineWork().readFrame(frame, (_topic, message) =>
    decodeFrame(
      message,
      (envelope) => decoded.push(envelope),
      (fault) => assert.fail(fault),
    ),
  );
  assert.equal(decoded.length, 20);
});
