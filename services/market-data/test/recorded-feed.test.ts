import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
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

/** Whole lines that are in what is left of a packed file, by the other way of unpacking. */
async function unpackedLines(bytes: Buffer): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let lines = 0;
  const unpacker = createZstdDecompress();
  unpacker.on('data', (chunk: Buffer) => {
    lines += chunk.toString().split('\n').length - 1;
  });
  unpacker.on('error', () => resolve());
  unpacker.on('end', resolve);
  unpacker.end(bytes);
  await promise;
  return lines;
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

for (const [what, second, found] of [
  ['of another exchange', HEADER.replace('BINANCE', 'KRAKEN'), /2\.jsonl is a raw recording of kraken, .*of binance/],
  ['a capture', '{"t":"header","exchange":"BINANCE"}', /2\.jsonl is a capture of binance, .* is a raw recording of/],
  ['normalised', HEADER.replace('raw', 'normalised'), /2\.jsonl is a normalised recording of binance/],
] as const) {
  test(`a file that is ${what} is not played behind a raw recording`, async (t) => {
    const dir = folder(t);
    const files = [join(dir, '1.jsonl'), join(dir, '2.jsonl')] as const;
    writeFileSync(files[0], `${HEADER}\n`);
    writeFileSync(files[1], `${second}\n`);
    const opening = openRecording(files, { warn: () => {} });
    await assert.rejects(opening, { code: 'RECORDING_UNREADABLE', message: found });
  });
}

test('a file that was begun right before a kill ends the recording, and does not make it unreadable', async (t) => {
  const dir = folder(t);
  const files = ['1.jsonl', '2.jsonl.zst', '3.jsonl.zst', '4.jsonl'].map((name) => join(dir, name));
  const [first = '', empty = '', begun = '', unpacked = ''] = files;
  writeFileSync(first, `${HEADER}\n{"t":"clock","ns":"1"}\n`);
  writeFileSync(empty, '');
  writeFileSync(begun, (await packed(HEADER)).subarray(0, 5));
  writeFileSync(unpacked, `${HEADER}\n{"t":"clock","ns":"2"}\n{"t":"recv","n`);
  const warnings: string[] = [];
  const recording = await openRecording(files, { warn: (_fields, text) => void warnings.push(text) });
  assert.deepEqual(
    (await read(recording)).map(({ ns }) => ns),
    [1n, 2n],
  );
  assert.deepEqual(warnings, [
    `${empty} is cut off behind line 0`,
    `${begun} is cut off behind line 0`,
    `${unpacked} is cut off behind line 2`,
  ]);
});

test('a recording without its first part, or with one left out, says so', async (t) => {
  const dir = folder(t);
  const files = [2, 3, 5, 1].map((part) => {
    const file = join(dir, `${part}.jsonl`);
    writeFileSync(file, `${HEADER.replace('"part":1', `"part":${part}`)}\n`);
    return file;
  });
  const warnings: string[] = [];
  await openRecording(files, { warn: (_fields, text) => void warnings.push(text) });
  assert.deepEqual(warnings, [
    `${files[0]} is part 2; what part 1 subscribed and connected is not played`,
    `${files[2]} is part 5, and that before it part 3`,
  ]);
});

test('of a file that was cut, all that can be unpacked is read, however slowly', async (t) => {
  const file = join(folder(t), '1.jsonl.zst');
  const lines = Array.from({ length: 20_000 }, (_, at) => `{"t":"clock","ns":"${at + 1}"}`);
  const whole = await packed(`${[HEADER, ...lines].join('\n')}\n`);
  for (const bytes of [whole.length, Math.floor(whole.length / 2), 40]) {
    writeFileSync(file, whole.subarray(0, bytes));
    const readable = await unpackedLines(whole.subarray(0, bytes));
    if (readable === 0) continue;
    const recording = await openRecording([file], { warn: () => {} });
    assert.equal((await read(recording)).length, readable - 1, `${bytes} of ${whole.length} bytes`);
  }
});

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

for (const [what, only, wanted] of [
  ['as they changed when it was recorded', undefined, [['BTC-USDT'], ['BTC-USDT', 'ETH-USDT'], ['ETH-USDT']]],
  ['but for those that are not to be played', ['ETH-USDT'], [[], ['ETH-USDT'], ['ETH-USDT']]],
] as const) {
  test(`the symbols of a recording are those that were subscribed, ${what}`, async (t) => {
    const file = join(folder(t), '1.jsonl');
    const said = [['BTC-USDT'], ['BTC-USDT', 'ETH-USDT'], ['ETH-USDT']].map((symbols, at) =>
      JSON.stringify({ t: 'subscribe', ns: String(at + 3), symbols, excluded: ['XRP-USDT'] }),
    );
    writeFileSync(file, [HEADER, '{"t":"upgrade","ns":"2"}', ...said, '{"t":"stop","ns":"9"}', ''].join('\n'));
    const log = createLogger({ service: 'market-data', level: 'silent' });
    const over = Promise.withResolvers<bigint>();
    const followed: unknown[] = [];
    const feed = new RecordedFeed({
      ...{ recording: await openRecording([file], log), log, clock: createClock(), pace: 'max', only },
      createProtocol: () => createBinanceProtocol({ market: 'spot', snapshotDepth: 5_000 }),
      onOutputs: () => {},
      onConnection: (state, nowNs) => {
        if (state === 'disconnected') over.resolve(nowNs);
      },
      onWanted: ({ symbols, excluded }) => followed.push([symbols, excluded]),
      onUpgrade: () => feed.subscribe(only ?? ['BTC-USDT']),
      onFailure: (error) => over.reject(error),
    });
    feed.start();
    assert.equal(await over.promise, 9n);
    feed.close();
    assert.deepEqual(
      followed,
      wanted.map((symbols) => [symbols, ['XRP-USDT']]),
    );
  });
}
