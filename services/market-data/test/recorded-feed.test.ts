import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createZstdCompress } from 'node:zlib';
import { createClock, createLogger } from '@tickpath/runtime';
import { createBinanceProtocol } from '../src/core/feeds/binance.ts';
import type { FeedOutput } from '../src/core/feeds/protocol.ts';
import { RecordedFeed } from '../src/recorded-feed.ts';
import { openRecording, type RecordedLine, type Recording } from '../src/recording.ts';
import { absent } from './feeds/captures.ts';
import { FeedObserver } from './feeds/feed-observer.ts';

const CAPTURE = 'captures/BINANCE.jsonl.zst';
const HEADER = '{"t":"header","format":1,"recording":"raw","exchange":"BINANCE","symbols":["BTC-USDT"],"part":1}';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-recording-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

async function packed(text: string): Promise<Buffer> {
  const packer = createZstdCompress();
  const chunks: Buffer[] = [];
  packer.on('data', (chunk: Buffer) => chunks.push(chunk));
  packer.write(text);
  await new Promise<void>((resolve) => packer.flush(resolve));
  packer.destroy();
  return Buffer.concat(chunks);
}

async function read(recording: Recording): Promise<RecordedLine[]> {
  const lines: RecordedLine[] = [];
  for await (const line of recording.lines()) lines.push(line);
  return lines;
}

test('a recording is read over its files, up to where one of them was cut', async (t) => {
  const dir = folder(t);
  const [first, second] = [join(dir, '1.jsonl.zst'), join(dir, '2.jsonl.zst')];
  writeFileSync(first, await packed(`${HEADER}\n{"t":"recv","ts":1,"ns":"1000000001","data":"a"}\n`));
  writeFileSync(second, await packed(`${HEADER}\n{"t":"clock","ts":2.5}\n{"t":"disconnect","ns":"3"}\n`));
  const warnings: string[] = [];
  const recording = await openRecording([first, second], { warn: (_fields, text) => void warnings.push(text) });
  assert.deepEqual([recording.exchange, recording.symbols, recording.hasClock], ['binance', ['BTC-USDT'], true]);
  assert.deepEqual(await read(recording), [
    { t: 'recv', ns: 1_000_000_001n, data: 'a' },
    { t: 'clock', ns: 2_500_000_000n },
    { t: 'disconnect', ns: 3n },
  ]);
  assert.deepEqual(warnings, [`${first} is cut off behind line 2`, `${second} is cut off behind line 3`]);
});

for (const [what, content, found] of [
  ['has no JSON', `${HEADER}\nnonsense\n`, /1\.jsonl has no JSON in line 2/],
  [
    'has a line of something else',
    `${HEADER}\n{"t":"tick","ns":"1"}\n`,
    /1\.jsonl has no line of a recording in line 2/,
  ],
  ['has a line without a time', `${HEADER}\n{"t":"recv","data":"a"}\n`, /no line of a recording in line 2/],
  ['has no header', '{"t":"recv","ns":"1","data":"a"}\n', /begins with no header/],
  ['is normalised', HEADER.replace('raw', 'normalised'), /a raw one can be played/],
  ['is empty', '', /is empty/],
] as const) {
  test(`a file that ${what} is no recording`, async (t) => {
    const file = join(folder(t), '1.jsonl');
    writeFileSync(file, content);
    const opening = openRecording([file], { warn: () => {} }).then(read);
    await assert.rejects(opening, { code: 'RECORDING_UNREADABLE', message: found });
  });
}

test('a file that is not there is no recording', async () => {
  const opening = openRecording(['/nowhere/1.jsonl.zst'], { warn: () => {} });
  await assert.rejects(opening, { code: 'RECORDING_UNREADABLE', message: /ENOENT/ });
});

test('a capture of others is played through the protocol, with its snapshots, and is disconnected at its end', {
  skip: absent(CAPTURE),
}, async () => {
  const path = fileURLToPath(new URL(`../../../../shared/data/${CAPTURE}`, import.meta.url));
  const log = createLogger({ service: 'market-data', level: 'silent' });
  const recording = await openRecording([path], log);
  assert.deepEqual([recording.exchange, recording.hasClock], ['binance', false]);
  const observer = new FeedObserver();
  const states: string[] = [];
  let clocks = 0;
  let booksAtEnd = 0;
  const over = Promise.withResolvers<void>();
  const take = (outputs: readonly FeedOutput[]) => {
    booksAtEnd = Math.max(booksAtEnd, observer.books.size);
    observer.take(outputs);
  };
  const feed = new RecordedFeed({
    ...{ recording, log, clock: createClock(), pace: 'max' },
    createProtocol: () => createBinanceProtocol({ market: 'spot', snapshotDepth: 5_000 }),
    onOutputs: take,
    onConnection(state) {
      states.push(state);
      if (state === 'disconnected') over.resolve();
    },
    onClock: () => {
      clocks += 1;
    },
    onUpgrade: () => feed.subscribe(['NKN-USDT', 'BLZ-ETH', 'LRC-BTC', 'RUNE-EUR']),
    onFailure: (error) => over.reject(error),
  });
  feed.start();
  await over.promise;
  feed.close();
  assert.deepEqual([states[0], states.at(-1)], ['connecting', 'disconnected']);
  assert.ok(clocks > 10, `${clocks} looks at the clock`);
  assert.ok(observer.events('quote').length > 20, JSON.stringify(observer.count()));
  assert.equal(observer.books.size, 0);
  assert.ok(booksAtEnd > 0, JSON.stringify(observer.count()));
});
