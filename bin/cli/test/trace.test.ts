import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { traceIdOf } from '@tickpath/trading';
import fc from 'fast-check';
import { spansOf } from '../src/jaeger.ts';
import { widthOf } from '../src/text-table.ts';
import { renderTrace } from '../src/trace-renderer.ts';
import { treeOf } from '../src/trace-tree.ts';
import { tickpath } from './cli-process.ts';

/** What Jaeger 2.13 answered to `GET /api/traces/{id}` after spans of an order were posted to it as OTLP. */
const RECORDED = readFileSync(new URL('jaeger-2.13-answer.json', import.meta.url), 'utf8');
/** What it answers for a trace that it does not have, with status 404. */
const NOT_FOUND = '{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,"msg":"trace not found"}]}';
const ORDER = 'tp-demo0001';

const SHOWN = `tp-demo0001  trace 35dfe373f4f7c675e7b3cacde15c423d  13 spans of 5 services, 5.2 ms
1 orphan: spans whose parent is not here (yet)
signal       order AAPL                        +0    5.2 ms  cause=bar.1s:1700000000000000000 ord_status=FILLED qty=10 side=BUY strategy=momentum symbol=AAPL
market-data  ├─ receive sip                    +0     60 µs  (reconstructed)
market-data  │  ├─ decode                   +2 µs     12 µs  (reconstructed)
market-data  │  └─ publish AAPL/bar.1s     +14 µs     46 µs  (reconstructed)
signal       ├─ process AAPL/bar.1s       +220 µs     80 µs  ← publish AAPL/bar.1s
signal       │  └─ strategy momentum      +230 µs     50 µs  feature.fast=190.25 feature.slow=190.11
signal       ├─ send riskCheck            +300 µs    680 µs  attempt=1
risk         │  └─ process riskCheck      +520 µs    240 µs
             │     │  · ✓ order notional 1902.50 limit 100000  +530 µs
             │     │  · ✗ gross notional 260000 limit 250000  +533 µs
risk         │     └─ publish risk.log    +700 µs     50 µs
execution    ├─ process risk.log            +1 ms    150 µs  ← publish risk.log
execution    └─ POST /v2/orders          +1.15 ms   1.85 ms  http.response.status_code=200
venue           └─ POST /v2/orders        +1.6 ms    1.1 ms  http.response.status_code=200
execution    publish execution.log          +4 ms     50 µs  ORPHAN of 58e5e98f509a2c4d  ERROR no room in the queue
`;

describe('tickpath trace', () => {
  let server: Server;
  let url: string;
  before(async () => {
    server = createServer((request, response) => {
      if (request.url?.startsWith('/garbage/')) response.end('<html>');
      else if (request.url === `/api/traces/${traceIdOf(ORDER)}`) response.end(RECORDED);
      else response.writeHead(404).end(request.url?.startsWith('/api/traces/') ? NOT_FOUND : 'no such page');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => void server.close());

  test('prints the trace of the order as a tree', async () => {
    const { status, stdout, lines } = await tickpath('trace', ORDER, '--jaeger', url);
    assert.deepEqual([status, lines], [0, ['']]);
    assert.equal(stdout, SHOWN);
  });

  test('asks where the configuration says', async () => {
    const { status, stdout } = await tickpath('trace', `--tracing.queryUrl=${url}/`, ORDER);
    assert.deepEqual([status, stdout], [0, SHOWN]);
  });

  test('prints one object of JSON on request', async () => {
    const { status, stdout } = await tickpath('trace', ORDER, `--jaeger=${url}`, '--json');
    assert.equal(status, 0);
    const { clOrdId, traceId, roots } = JSON.parse(stdout);
    assert.deepEqual([clOrdId, traceId], [ORDER, traceIdOf(ORDER)]);
    assert.deepEqual(
      roots.map((root: { span: { name: string }; isOrphan: boolean; children: unknown[] }) => [
        root.span.name,
        root.isOrphan,
        root.children.length,
      ]),
      [
        ['order AAPL', false, 5],
        ['publish execution.log', true, 0],
      ],
    );
  });

  test('answers with one line and exit code 1 what Jaeger does not know or does not say', async () => {
    const { port } = server.address() as AddressInfo;
    const unused = createServer();
    await new Promise<void>((resolve) => unused.listen(0, '127.0.0.1', resolve));
    const silent = `http://127.0.0.1:${(unused.address() as AddressInfo).port}`;
    await new Promise((resolve) => unused.close(resolve));
    for (const [args, line] of [
      [['tp-other', '--jaeger', url], `Jaeger at ${url} has no trace ${traceIdOf('tp-other')} of order tp-other`],
      [[ORDER, '--jaeger', silent], `Jaeger at ${silent}: nothing listens there`],
      [
        [ORDER, '--jaeger', `${url}/garbage`],
        `Jaeger at ${url}/garbage: its answer is not one of the Jaeger query API`,
      ],
      [[ORDER, '--jaeger', `${url}/x`], `Jaeger at http://127.0.0.1:${port}/x: it answered with status 404`],
    ] as const) {
      const { status, lines, stdout } = await tickpath('trace', ...args);
      assert.deepEqual([status, lines, stdout], [1, [`tickpath: ${line}`], '']);
    }
  });

  test('answers what makes no sense with one line, the usage and exit code 2', async () => {
    for (const argv of [[], ['a', 'b'], ['a', '--jaeger'], ['a', '--jaeger=here'], ['a', '--color'], ['']]) {
      const { status, lines, stdout } = await tickpath('trace', ...argv);
      assert.equal(status, 2, argv.join(' '));
      assert.equal(lines.length, 2, lines.join('\n'));
      assert.match(lines[1] ?? '', /^usage: tickpath trace CLORDID /);
      assert.equal(stdout, '');
    }
  });
});

describe('a trace in a terminal', () => {
  const tree = treeOf(spansOf(JSON.parse(RECORDED)) ?? []);
  const render = (style: { color: boolean; width: number | undefined }) =>
    renderTrace(ORDER, traceIdOf(ORDER), tree, style);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what is looked for
  const ESCAPES = /\x1b\[[\d;]*m/g;

  test('keeps to its width', () => {
    for (const width of [1, 20, 40, 80, 120, 200]) {
      for (const line of render({ color: false, width })) assert.ok(widthOf(line) <= width, `${width}: ${line}`);
      for (const line of render({ color: true, width })) assert.ok(widthOf(line.replace(ESCAPES, '')) <= width);
    }
  });

  test('says the same in colours', () => {
    const plain = render({ color: false, width: undefined });
    const colored = render({ color: true, width: undefined });
    assert.deepEqual(
      colored.map((line) => line.replace(ESCAPES, '').trimEnd()),
      plain,
    );
    assert.ok(colored.some((line) => line.includes('\x1b[31mERROR no room in the queue\x1b[0m')));
    assert.ok(!plain.some((line) => line.includes('\x1b')));
  });

  test('is lines without control characters, whatever the spans hold', () => {
    const word = fc.string({ unit: 'binary' });
    const tag = fc.record({ key: word, value: fc.oneof(word, fc.integer(), fc.boolean(), fc.anything()) });
    const span = fc.record({
      traceID: fc.constant('t'),
      spanID: fc.constantFrom('a', 'b', 'c'),
      operationName: word,
      references: fc.array(
        fc.record({ refType: fc.constantFrom('CHILD_OF', 'FOLLOWS_FROM'), traceID: fc.constant('t'), spanID: word }),
      ),
      startTime: fc.nat(),
      duration: fc.nat(),
      tags: fc.array(tag),
      logs: fc.array(fc.record({ timestamp: fc.nat(), fields: fc.array(tag) })),
      processID: fc.constantFrom('p1', '__proto__', 'nope'),
    });
    const answer = fc.record({
      data: fc.array(
        fc.record({ spans: fc.array(span, { minLength: 1 }), processes: fc.constant({ p1: { serviceName: 'risk' } }) }),
        {
          minLength: 1,
        },
      ),
    });
    fc.assert(
      fc.property(answer, fc.nat(200), (said, width) => {
        const lines = renderTrace('tp-1', 't', treeOf(spansOf(said) ?? []), { color: false, width });
        for (const line of lines) assert.doesNotMatch(line, /\p{Cc}/u);
      }),
    );
  });

  test('is read from any answer without throwing', () => {
    fc.assert(fc.property(fc.anything(), (answer) => void spansOf(answer)));
  });
});
