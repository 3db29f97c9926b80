import { join } from 'node:path';
import type { Logger, Metrics } from '@tickpath/runtime';
import { toJson } from '@tickpath/wire';
import type { Publication } from './core/index.ts';
import type { FeedTraffic } from './feed-socket.ts';
import { DROP_REASONS, LineFile } from './line-file.ts';

export interface RecorderConfig {
  readonly raw: boolean;
  readonly normalised: boolean;
  readonly dir: string;
  readonly rotateBytes: number;
  readonly rotateMs: number;
  readonly queueChars: number;
}

export interface RecorderOptions {
  readonly config: RecorderConfig;
  /** Whose market data, for the names of the files and their first lines. */
  readonly source: string;
  /** Those that are wanted when a file begins. */
  readonly symbols: () => readonly string[];
  /** What we say of ourselves to the source is recorded without these. */
  readonly secrets: readonly string[];
  readonly nowNs: () => bigint;
  readonly measured: RecorderMetrics;
  readonly log: Logger;
}

/** Takes down what comes in and what goes out. Never throws and never waits. */
export interface Recorder {
  traffic(traffic: FeedTraffic, nowNs: bigint): void;
  published(publication: Publication, nowNs: bigint): void;
  /** Writes what waits. */
  close(): Promise<void>;
}

/** Of the lines' shape; a reader of another refuses. */
export const RECORDING_FORMAT = 1;
/** What a line has beside its data. */
const LINE_CHARS = 80;
/** About what a published payload comes to; a book of 50 levels a side is ten times as much. */
const PAYLOAD_CHARS = 400;
const LEVEL_CHARS = 30;
const KINDS = ['raw', 'normalised'] as const;
type RecordingKind = (typeof KINDS)[number];

/**
 * Recordings of a feed, in files of JSON lines packed with zstd. Raw: what was received and sent, in the lines of a
 * capture (`t`, `ts` in Unix seconds, `data` as it was) with `ns`, the exact receive time. Normalised: every message
 * published, by `topic`, `kind` and `payload`, whose nanoseconds are text.
 */
export function openRecorder(options: RecorderOptions): Recorder {
  const { config } = options;
  const secrets = options.secrets.filter((secret) => secret !== '');
  const counts = options.measured;
  const raw = config.raw ? openFile('raw', options, counts) : undefined;
  const normalised = config.normalised ? openFile('normalised', options, counts) : undefined;
  counts.waiting(() => (raw?.waiting ?? 0) + (normalised?.waiting ?? 0));
  return {
    traffic(traffic, nowNs) {
      raw?.put(LINE_CHARS + charsOf(traffic), () => trafficLine(withoutSecrets(traffic, secrets), nowNs));
    },
    published(publication, nowNs) {
      normalised?.put(sizeOf(publication), () => publishedLine(publication, nowNs));
    },
    close: async () => {
      await Promise.all([raw?.close(), normalised?.close()]);
    },
  };
}

/** Counts of all recordings of the process, opened once. */
export interface RecorderMetrics {
  written(recording: RecordingKind, bytes: number): void;
  dropped(recording: RecordingKind, reason: string, count: number): void;
  /** Adds lines that wait, read when someone scrapes. */
  waiting(read: () => number): void;
}

export function createRecorderMetrics(metrics: Metrics): RecorderMetrics {
  const written = metrics.counter('tickpath_market_data_recorded_bytes_total', 'Bytes of recordings written', [
    'recording',
  ]);
  const dropped = metrics.counter('tickpath_market_data_record_dropped_total', 'Lines that are missing in recordings', [
    'recording',
    'reason',
  ]);
  const depth = metrics.gauge('tickpath_market_data_record_waiting', 'Lines that wait to be written to recordings');
  for (const recording of KINDS) {
    written.inc({ recording }, 0);
    for (const reason of DROP_REASONS) dropped.inc({ recording, reason }, 0);
  }
  const waiting: (() => number)[] = [];
  metrics.beforeScrape(() => depth.set(waiting.reduce((sum, read) => sum + read(), 0)));
  return {
    written: (recording, bytes) => written.inc({ recording }, bytes),
    dropped: (recording, reason, count) => dropped.inc({ recording, reason }, count),
    waiting: (read) => void waiting.push(read),
  };
}

function openFile(recording: RecordingKind, options: RecorderOptions, counts: RecorderMetrics): LineFile {
  const { config, source, symbols, nowNs, log } = options;
  let isDropping = false;
  return new LineFile({
    ...{ dir: join(config.dir, recording), name: source, nowNs },
    ...{ rotateBytes: config.rotateBytes, rotateMs: config.rotateMs, queueChars: config.queueChars },
    header: (part) =>
      line('header', nowNs(), {
        format: RECORDING_FORMAT,
        recording,
        exchange: source.toUpperCase(),
        symbols: symbols(),
        part,
      }),
    hole(dropped) {
      isDropping = false;
      log.warn({ recording, dropped }, `${dropped} lines are missing in the ${recording} recording`);
      return line('dropped', nowNs(), { count: dropped });
    },
    onDropped(reason, count) {
      counts.dropped(recording, reason, count);
      if (isDropping) return;
      isDropping = true;
      log.error({ recording, reason }, `lines of the ${recording} recording are dropped (${reason})`);
    },
    onWritten: (bytes) => counts.written(recording, bytes),
    onError: (error) => log.error({ err: error, recording }, `the ${recording} recording cannot be written`),
  });
}

function charsOf(traffic: FeedTraffic): number {
  return 'data' in traffic ? traffic.data.length : 0;
}

function sizeOf({ kind, payload }: Publication): number {
  const levels = kind === 'book' ? payload.bids.length + payload.asks.length : 0;
  return LINE_CHARS + PAYLOAD_CHARS + levels * LEVEL_CHARS;
}

function withoutSecrets(traffic: FeedTraffic, secrets: readonly string[]): FeedTraffic {
  if (traffic.type !== 'send') return traffic;
  let { data } = traffic;
  for (const secret of secrets) data = data.replaceAll(secret, '[redacted]');
  return { ...traffic, data };
}

function trafficLine(traffic: FeedTraffic, nowNs: bigint): string {
  const { type, ...fields } = traffic;
  return line(type, nowNs, fields);
}

function publishedLine({ topic, kind, payload }: Publication, nowNs: bigint): string {
  return line('publish', nowNs, { topic, kind, payload: toJson(kind, payload) });
}

/** `ts` as captures have it, which is no more than some hundred nanoseconds exact; `ns` is. */
function line(t: string, nowNs: bigint, fields: object): string {
  return JSON.stringify({ t, ts: Number(nowNs / 1_000n) / 1e6, ns: String(nowNs), ...fields });
}
