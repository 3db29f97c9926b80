import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RiskConfig, type RiskInput, type RiskSnapshot, restoreRisk, stepRisk } from '@tickpath/risk/core';
import { readRecordedConfig, readRecordedStep, recordedText } from '@tickpath/runtime';
import { openSignal, type SignalConfig, type SignalInput, stepSignal } from '@tickpath/signal/core';
import { momentum } from '@tickpath/strategy';
import { eventually, TestStack } from '@tickpath/testkit';
import type { Payload } from '@tickpath/wire';
import { recompute } from './independent-ledger.ts';
import { testTape } from './tape.ts';

const INITIAL_CASH_USD = '1000000';
const LIMITS = {
  maxOrderNotionalUsd: '100000',
  maxPositionQty: '10000',
  maxPositionNotionalUsd: '250000',
  maxGrossNotionalUsd: '1000000',
};
const MOMENTUM = { interval: '1s', fastBars: 5, slowBars: 15, qty: '100', allowShort: true } as const;
const ALL = Number.MAX_SAFE_INTEGER;

describe('a recorded day, replayed through the real processes as fast as they take it', { timeout: 240_000 }, () => {
  const tape = testTape();
  const folder = mkdtempSync(join(tmpdir(), 'tickpath-e2e-'));
  const recordings = { signal: join(folder, 'signal.jsonl'), risk: join(folder, 'risk.jsonl') };
  let stack: TestStack;
  let streams: Payload<'streams'>['topics'] = [];
  let portfolio: Payload<'portfolio'>;
  let fills: Payload<'OrderFilled'>[] = [];
  let stopped: { code: number | null; tookMs: number };

  before(async () => {
    console.log(`tape: ${tape.origin}`);
    stack = await TestStack.start([
      `--replay=${tape.files.join(',')}`,
      '--pace=max',
      `--signal.symbols=${tape.symbol}`,
      '--execution.requestTimeoutMs=1000',
      '--execution.maxInFlightMs=1000',
      ...Object.entries(MOMENTUM).map(([key, value]) => `--signal.momentum.${key}=${value}`),
      `--venue.initialCashUsd=${INITIAL_CASH_USD}`,
      ...Object.entries(LIMITS).map(([key, value]) => `--risk.limits.${key}=${value}`),
      `--signal.recordTo=${recordings.signal}`,
      `--risk.recordTo=${recordings.risk}`,
    ]);
    await stack.process.line(/tape ended/, { boundMs: 180_000 });
    streams = await eventually('every tick of the tape in store', async () => {
      const { reply } = await stack.ask('storeQueries', ['streamsQuery', 'streams'], { requestId: 'e2e' });
      return receivedOf(reply.topics, 'trade') + receivedOf(reply.topics, 'quote') >= tape.trades + tape.quotes
        ? reply.topics
        : undefined;
    });
    portfolio = await eventually('risk at the end of the execution log', async () => {
      const { reply } = await stack.ask('riskRequests', ['portfolioQuery', 'portfolio'], { requestId: 'e2e' });
      const { lastSeq } = await readExecutionLog(stack);
      return reply.executionSeq > 0 && reply.executionSeq === lastSeq ? reply : undefined;
    });
    fills = (await readExecutionLog(stack, portfolio.executionSeq)).fills;
    stopped = await stack.stop();
  });

  after(async () => {
    await stack?.stop();
    tape.remove();
    rmSync(folder, { recursive: true });
  });

  function receivedOf(topics: Payload<'streams'>['topics'], kind: string): number {
    return topics.find(({ topic }) => topic === `${tape.symbol}/${kind}`)?.received ?? 0;
  }

  test('every trade and quote of the file reaches store, with no gap in any topic', () => {
    assert.equal(receivedOf(streams, 'trade'), tape.trades);
    assert.equal(receivedOf(streams, 'quote'), tape.quotes);
    assert.deepEqual(
      streams.filter(({ gaps, lost }) => gaps !== 0 || lost !== 0),
      [],
    );
  });

  test('orders are filled, and cash, position and realised P&L equal a recomputation from the fills', () => {
    assert.ok(fills.length >= 1, 'at least one fill');
    console.log(`${fills.length} fills, realised ${portfolio.realizedPnl}, cash ${portfolio.cash}`);
    const expected = recompute(INITIAL_CASH_USD, fills);
    assert.equal(portfolio.cash, expected.cash);
    const actual = portfolio.positions.map(({ symbol, qty, cost, realizedPnl }) => [
      symbol,
      { qty, cost, realizedPnl },
    ]);
    assert.deepEqual(actual, [...expected.positions]);
    assert.equal(portfolio.imbalance, '0');
  });

  test('the cores of signal and risk, fed the recorded inputs, give the recorded outputs byte for byte', () => {
    const checks = rerun(recordings.signal, (config) => {
      const signal = openSignal(config as SignalConfig, momentum(MOMENTUM));
      return (input) => stepSignal(signal, input as SignalInput);
    });
    const decisions = rerun(recordings.risk, (opened) => {
      const { config, snapshot } = opened as { readonly config: RiskConfig; readonly snapshot: RiskSnapshot };
      const risk = restoreRisk(config, snapshot);
      return (input) => stepRisk(risk, input as RiskInput);
    });
    assert.ok(checks >= fills.length / 2, `${checks} outputs of signal`);
    assert.ok(decisions >= fills.length, `${decisions} outputs of risk`);
  });

  test('Ctrl-C stops every process cleanly within 3 seconds', () => {
    assert.equal(stopped.code, 0);
    assert.ok(stopped.tookMs < 3000, `took ${stopped.tookMs} ms`);
  });
});

/** Reads the execution log up to an event, as any follower would. */
async function readExecutionLog(
  stack: TestStack,
  upTo = ALL,
): Promise<{ fills: Payload<'OrderFilled'>[]; lastSeq: number }> {
  const fills: Payload<'OrderFilled'>[] = [];
  for (let after = 0; ; ) {
    const request = { requestId: `since-${after}`, after, maxBytes: ALL };
    const { reply, attached } = await stack.ask('executionRequests', ['since', 'sinceReply'], request);
    for (const event of attached) if (event.kind === 'OrderFilled' && event.seq <= upTo) fills.push(event.payload);
    after += attached.length;
    if (after >= reply.lastSeq) return { fills, lastSeq: reply.lastSeq };
  }
}

/** Runs a recording through a core and compares every step; returns how many outputs there were. */
function rerun(file: string, open: (config: unknown) => (input: unknown) => readonly unknown[]): number {
  const [first = '', ...lines] = readFileSync(file, 'utf8').split('\n');
  const step = open(readRecordedConfig(first));
  let outputs = 0;
  for (const line of lines) {
    if (line === '') continue;
    const recorded = readRecordedStep(line);
    const out = step(recorded.in);
    outputs += out.length;
    assert.equal(recordedText(out), recordedText(recorded.out));
  }
  return outputs;
}
