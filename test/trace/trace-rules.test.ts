import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { traceFaults } from './trace-rules.ts';
import type { TraceSpan } from './trace-span.ts';

const CL_ORD_ID = 'tp-rules';
const TRACE = 'f'.repeat(32);
const CHECK = { name: 'order notional', value: '10', limit: '100', passed: true };

interface Line {
  readonly id: string;
  readonly parent?: string;
  readonly span: string;
  readonly link?: string;
  readonly event?: string;
}

/** A filled order, its spans one after the other below the root. */
const FILLED: readonly Line[] = [
  { id: 'order', span: 'signal internal order AAPL' },
  { id: 'receive', parent: 'order', span: 'market-data consumer receive market data' },
  { id: 'decode', parent: 'receive', span: 'market-data internal decode' },
  { id: 'publish', parent: 'receive', span: 'market-data producer publish AAPL/bar.1s' },
  { id: 'process', parent: 'order', span: 'signal consumer process AAPL/bar.1s', link: 'publish' },
  { id: 'strategy', parent: 'process', span: 'signal internal strategy momentum' },
  { id: 'ask', parent: 'order', span: 'signal client send riskCheck' },
  { id: 'check', parent: 'ask', span: 'risk server process riskCheck' },
  { id: 'approval', parent: 'check', span: 'risk producer publish risk.log', event: 'OrderApproved' },
  { id: 'approved', parent: 'order', span: 'execution consumer process risk.log', link: 'approval' },
  { id: 'submitted', parent: 'approved', span: 'execution producer publish execution.log', event: 'OrderSubmitted' },
  { id: 'submit', parent: 'order', span: 'execution client POST /v2/orders' },
  { id: 'served', parent: 'submit', span: 'venue server POST /v2/orders' },
  { id: 'fill', parent: 'order', span: 'venue internal fill' },
  { id: 'update', parent: 'order', span: 'execution consumer process trade_updates', event: 'fill' },
  { id: 'filled', parent: 'update', span: 'execution producer publish execution.log', event: 'OrderFilled' },
  { id: 'noted', parent: 'order', span: 'risk consumer process execution.log', link: 'submitted' },
  {
    id: 'applied',
    parent: 'order',
    span: 'risk consumer process execution.log',
    link: 'filled',
    event: 'OrderFilled',
  },
  { id: 'position', parent: 'applied', span: 'risk internal update position' },
  { id: 'updated', parent: 'applied', span: 'risk producer publish risk.log', event: 'PositionUpdated' },
  { id: 'freed', parent: 'applied', span: 'risk producer publish risk.log', event: 'ReservationFreed' },
];

function traceOf(lines: readonly Line[], change: Readonly<Record<string, Partial<TraceSpan>>> = {}): TraceSpan[] {
  return lines.map(({ id, parent, span, link, event }) => {
    const [service = '', kind, ...name] = span.split(' ');
    return {
      traceId: TRACE,
      spanId: id,
      parentId: parent,
      links: link === undefined ? [] : [{ traceId: TRACE, spanId: link }],
      service,
      name: name.join(' '),
      startUs: 1000,
      endUs: 2000,
      attributes: {
        'tickpath.cl_ord_id': CL_ORD_ID,
        'span.kind': kind,
        'tickpath.event': event,
        'tickpath.ord_status': id === 'order' ? 'FILLED' : undefined,
      },
      events: id === 'check' ? [{ name: 'check', timeUs: 1500, attributes: CHECK }] : [],
      warnings: [],
      ...change[id],
    };
  });
}

function faultsWith(change: Readonly<Record<string, Partial<TraceSpan>>>): string {
  return traceFaults(CL_ORD_ID, traceOf(FILLED, change)).join('\n');
}

describe('the rules for a trace', () => {
  test('find nothing in the trace of a filled order', () => {
    assert.deepEqual(traceFaults(CL_ORD_ID, traceOf(FILLED)), []);
  });

  for (const { id } of FILLED) {
    test(`miss the span ${id}`, () => {
      const rest = FILLED.filter((line) => line.id !== id);
      assert.notDeepEqual(traceFaults(CL_ORD_ID, traceOf(rest)), []);
    });
  }

  test('find an orphan, a second root, a wrong parent and a repeated id', () => {
    assert.match(faultsWith({ fill: { parentId: 'gone' } }), /is an orphan of gone/);
    assert.match(faultsWith({ fill: { parentId: undefined } }), /is below nothing/);
    assert.match(faultsWith({ fill: { parentId: 'ask' } }), /is below ask/);
    assert.match(faultsWith({ decode: { spanId: 'fill' } }), /1 spans have the id of another/);
  });

  test('allow a child 100 µs outside of its parent at either end and no more', () => {
    assert.equal(faultsWith({ served: { startUs: 900, endUs: 2100 } }), '');
    assert.match(faultsWith({ served: { startUs: 899 } }), /begins 101 µs before its parent POST/);
    assert.match(faultsWith({ served: { endUs: 2101 } }), /ends 101 µs after its parent POST/);
  });

  test('find a link to nothing, a link to the wrong span and a missing one', () => {
    const linkTo = (spanId: string) => ({ links: [{ traceId: TRACE, spanId }] });
    assert.match(faultsWith({ applied: linkTo('gone') }), /links to gone, which is not there/);
    assert.match(faultsWith({ applied: linkTo('approval') }), /links to riskLog instead of executionLog/);
    assert.match(faultsWith({ applied: { links: [] } }), /links to nothing instead of executionLog/);
  });

  test('find a span without the clOrdId, an unknown one, a bare check and a warning', () => {
    assert.match(faultsWith({ fill: { attributes: {} } }), /is not marked with tp-rules/);
    assert.match(faultsWith({ fill: { name: 'filled' } }), /is none of an order's spans/);
    const bare = { name: 'check', timeUs: 1500, attributes: { name: 'form' } };
    assert.match(faultsWith({ check: { events: [bare] } }), /a check lacks a field/);
    assert.match(faultsWith({ check: { warnings: ['clock skew'] } }), /warning: clock skew/);
  });
});
