import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDataFolder } from './data-folder.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { ServiceContext } from './service.ts';

/** 10 µs … 1 s: a commit takes tens of microseconds, one that waits for the disk milliseconds. */
const COMMIT_BUCKETS = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1];

/**
 * What a service's journal is opened with, as `openJournal` takes it: `DIR/SERVICE.sqlite` in the folder `data.dir`, which
 * is made if it is not there, this service's clock, and its metrics and log for what the journal has to say.
 */
export function journalOptions(context: ServiceContext<unknown>) {
  const { name, shared, clock, metrics, log } = context;
  makeDataFolder(shared.data.dir);
  return {
    path: join(shared.data.dir, `${name}.sqlite`),
    nowNs: () => clock.nowNs(),
    random: randomBytes,
    bootId: bootId(),
    metrics: journalMetrics(metrics),
    onFault: (error: Error) => log.error({ err: error }, `journal: ${error.message}`),
    onProgress: (progress: JournalProgress) => report(log, progress),
  };
}

type JournalProgress =
  | { readonly phase: 'checking' | 'recovering'; readonly done: number; readonly total: number }
  | { readonly phase: 'generation'; readonly generation: number; readonly lastSeq: number; readonly reason: string };

function report(log: Logger, progress: JournalProgress): void {
  if (progress.phase === 'generation') {
    const { generation, lastSeq, reason } = progress;
    log.warn({ generation, lastSeq }, `journal: generation ${generation} begins behind event ${lastSeq}: ${reason}`);
  } else if (progress.total > 0 && progress.done === progress.total) {
    const done = progress.phase === 'checking' ? 'checked' : 'recovered';
    log.info({ events: progress.total }, `journal: ${done} to its last event`);
  }
}

/** Names this start of the machine. Where nothing does, an end of the machine is taken for that of the process. */
function bootId(): string {
  try {
    if (process.platform === 'linux') return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    if (process.platform === 'darwin') return execFileSync('sysctl', ['-n', 'kern.bootsessionuuid']).toString().trim();
  } catch (error) {
    throw new Error('this start of the machine cannot be told from others, which the journal needs', { cause: error });
  }
  return 'unknown';
}

function journalMetrics(metrics: Metrics) {
  const events = metrics.counter('tickpath_journal_events_total', 'Events appended to the journal');
  const seconds = metrics.histogram(
    'tickpath_journal_commit_seconds',
    'Time a transaction of the journal took',
    COMMIT_BUCKETS,
  );
  const syncs = metrics.counter(
    'tickpath_journal_syncs_total',
    'Syncs of the journal to the disk, each for all who waited',
  );
  const walBytes = metrics.gauge('tickpath_journal_wal_bytes', "Size of the journal's WAL after the last checkpoint");
  const snapshot = metrics.gauge('tickpath_journal_snapshot_seq', 'Last event that the newest proved snapshot has');
  const removed = metrics.counter('tickpath_journal_compacted_total', 'Events that retention has removed');
  return {
    committed(count: number, durationNs: bigint): void {
      events.inc(count);
      seconds.observe(Number(durationNs) / 1e9);
    },
    flushed: (_waiters: number): void => syncs.inc(),
    checkpointed: (bytes: number): void => walBytes.set(bytes),
    snapshotProved: (seq: number): void => snapshot.set(seq),
    compacted: (count: number): void => removed.inc(count),
  };
}
