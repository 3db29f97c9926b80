import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, loadConfig } from '@tickpath/runtime';
import { type VenueConfig, venueSchema } from '../src/config.ts';
import { createAssets } from '../src/core/reference/assets.ts';
import type { TapePosition } from '../src/feed/feed.ts';
import { type LastRun, newRunId, openSource, type Source, sourceSymbols } from '../src/feed/source.ts';
import { aTrade, scratchFiles, tapeText } from './builders.ts';

function configOf(...argv: string[]): VenueConfig {
  return loadConfig({ section: 'venue', schema: venueSchema, argv, env: {} }).config;
}

function open(config: VenueConfig, last: LastRun | null = null): Promise<Source> {
  const { instrumentOf } = createAssets([], { symbols: sourceSymbols(config) });
  const follow = () => ({ close() {} });
  const log = createLogger({ service: 'venue', level: 'silent' });
  return openSource(config, { instrumentOf, startNs: 1000n, last, follow, log });
}

const POSITION: TapePosition = { kind: 'tape', events: 2, shown: 2, tsNs: '7', isEnded: false };

test('a new synthetic market begins a run; the same one goes on, another does not', async () => {
  const config = configOf();
  const first = await open(config);
  assert.deepEqual([first.kind, first.pace, first.runId, first.openedNs], ['synthetic', 'live', null, 1000n]);
  const position = { kind: 'synthetic', resumptions: 0, tsNs: '900', prices: { AAPL: 1_800_000 } };
  const last = { runId: newRunId(first.sourceId, 5n), sourceId: first.sourceId, position };
  assert.equal((await open(config, last)).runId, last.runId);
  assert.equal((await open(configOf('--venue.synthetic.ticksPerSecond=5'), last)).runId, last.runId);
  assert.equal((await open(configOf('--venue.synthetic.seed=2'), last)).runId, null);
  for (const damaged of [null, 7, {}, { ...position, tsNs: 'now' }, { ...position, prices: null }, POSITION]) {
    assert.equal((await open(config, { ...last, position: damaged })).runId, null, JSON.stringify(damaged));
  }
});

test('a tape goes on behind its position, unless it has ended, is another, or is to begin anew', async () => {
  using files = scratchFiles();
  const rows = [aTrade({ tsNs: 5n }), aTrade({ tsNs: 7n }), aTrade({ tsNs: 9n })];
  const file = files.write('a.csv', tapeText(rows));
  const other = files.write('b.csv', tapeText(rows));
  const argv = ['--venue.source=replay', `--venue.replay.files=${file}`];
  const first = await open(configOf(...argv));
  assert.deepEqual([first.kind, first.pace, first.runId, first.openedNs], ['replay', 'replay', null, 5n]);
  const last = { runId: 'run', sourceId: first.sourceId, position: POSITION };
  const resumed = await open(configOf(...argv), last);
  assert.deepEqual([resumed.runId, resumed.openedNs], ['run', 7n]);
  assert.equal((await open(configOf(...argv), { ...last, position: { ...POSITION, isEnded: true } })).runId, null);
  assert.equal((await open(configOf(...argv), { ...last, position: null })).runId, null);
  assert.equal((await open(configOf(...argv, '--venue.replay.resume=false'), last)).runId, null);
  assert.equal((await open(configOf('--venue.source=replay', `--venue.replay.files=${other}`), last)).runId, null);
});

test('a tape that cannot be played ends the start', async () => {
  using files = scratchFiles();
  const at = (file: string) => open(configOf('--venue.source=replay', `--venue.replay.files=${file}`));
  await assert.rejects(at('/nowhere/tape.csv'), { code: 'TAPE_UNREADABLE', message: /no such file/ });
  await assert.rejects(at(files.write('empty.csv', tapeText([]))), {
    code: 'TAPE_EMPTY',
    message: /no row in .*empty/,
  });
});

test('a stream begins a run at every start, with the symbols that are named', async () => {
  const config = configOf('--venue.source=stream', '--venue.stream.symbols=["BTC/USDT"]');
  assert.deepEqual(sourceSymbols(config), ['BTC/USDT']);
  assert.equal(sourceSymbols(configOf('--venue.source=stream')), null);
  const { kind, pace, sourceId, runId } = await open(config);
  assert.deepEqual([kind, pace, runId], ['stream', 'live', null]);
  const last = { runId: 'run', sourceId, position: { kind: 'stream' } };
  assert.equal((await open(config, last)).runId, null);
});
