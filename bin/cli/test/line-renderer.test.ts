import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { renderLine } from '../src/line-renderer.ts';

const NOON = new Date(2026, 0, 2, 12, 0, 1, 123).getTime();
const PLAIN = { color: false };

function render(fields: Record<string, unknown>): string {
  const text = JSON.stringify({ level: 'info', time: NOON, service: 'execution', ...fields });
  return renderLine({ service: 'execution', text }, PLAIN, 0);
}

describe('a line of a log', () => {
  test('shows time, service, message and the other fields', () => {
    assert.equal(
      render({ msg: 'fill BUY 10 AAPL @ 187.23', clOrdId: 'tp-1', qty: 10, legs: [1, 2], why: 'two words' }),
      '12:00:01.123 execution    fill BUY 10 AAPL @ 187.23 clOrdId=tp-1 qty=10 legs=[1,2] why="two words"',
    );
  });

  test('shows its level from warn on', () => {
    assert.equal(render({ level: 'warn', msg: 'slow' }), '12:00:01.123 execution    WARN slow');
    assert.equal(render({ level: 'fatal', msg: 'over' }), '12:00:01.123 execution    FATAL over');
    assert.equal(render({ level: 'debug', msg: 'detail' }), '12:00:01.123 execution    detail');
  });

  test('shows of an error what the message does not say, and where it was thrown', () => {
    const err = {
      message: 'cash',
      stack: 'Error: cash\n    at check (file:///x/services/risk/src/core/cash.ts:12:5)\n    at b',
    };
    assert.equal(
      render({ level: 'error', msg: 'stopped', err }),
      '12:00:01.123 execution    ERROR stopped cash (at risk/src/core/cash.ts:12)',
    );
    assert.equal(render({ msg: 'no cash', err: { message: 'cash' } }), '12:00:01.123 execution    no cash');
  });

  test('of an order names it, and its trace only where the order is not named', () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    assert.equal(render({ msg: 'fill', clOrdId: 'tp-1', traceId }), '12:00:01.123 execution    fill clOrdId=tp-1');
    assert.equal(render({ msg: 'fill', traceId }), `12:00:01.123 execution    fill traceId=${traceId}`);
  });

  test('cuts a long field off, and not the message', () => {
    const orders = Array.from({ length: 100 }, (_, n) => `tp-${n}`);
    const line = render({ msg: 'm'.repeat(300), orders, last: 1 });
    assert.match(line, / m{300} orders=\["tp-0",.*… last=1$/);
    assert.ok(line.length < 520, `${line.length}`);
  });

  test('is coloured only on request', () => {
    const text = JSON.stringify({ level: 'warn', time: NOON, msg: 'slow' });
    assert.ok(renderLine({ service: 'risk', text }, { color: true }, 0).includes('\x1b[33mWARN\x1b[0m'));
    assert.ok(!renderLine({ service: 'risk', text }, PLAIN, 0).includes('\x1b'));
  });
});

test('a line that is no JSON is shown as it is, with the name', () => {
  assert.equal(
    renderLine({ service: 'risk', text: 'Segmentation fault' }, PLAIN, NOON),
    '12:00:01.123 risk         Segmentation fault',
  );
  assert.equal(renderLine({ service: 'risk', text: '{"half' }, PLAIN, NOON), '12:00:01.123 risk         {"half');
});

test('any line stays one line without control characters', () => {
  const fields = fc.dictionary(fc.string({ unit: 'binary' }), fc.anything());
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fields.map((each) => JSON.stringify(each)),
      ),
      (text) => {
        const line = renderLine({ service: 'venue', text }, PLAIN, NOON);
        assert.doesNotMatch(line, /\p{Cc}/u);
      },
    ),
  );
});
