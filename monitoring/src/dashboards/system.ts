import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, labelVariable } from '../dashboard.ts';
import { chart, states, table } from '../panels.ts';
import { orZero, SERVICE_WORDS, serviceState } from '../words.ts';

const S = 'service=~"$service"';

const services = [
  states({
    title: 'Services',
    description: 'State of each service; a gap is a time in which it did not answer.',
    unit: 'none',
    queries: [serviceState(`, ${S}`)],
    words: SERVICE_WORDS,
  }),
  table({
    title: 'Processes',
    description: 'Whether each answers, how long it has run, its memory and open files.',
    unit: 'none',
    by: 'service',
    height: 7,
    queries: [
      [`max by (service) (up{job="tickpath", ${S}})`, 'up'],
      [`time() - max by (service) (tickpath_process_start_time_seconds{${S}})`, 'running for'],
      [`max by (service) (tickpath_process_resident_memory_bytes{${S}})`, 'memory'],
      [`max by (service) (tickpath_process_open_fds{${S}})`, 'open files'],
      [`max by (service) (tickpath_log_errors_total{${S}})`, 'errors logged'],
    ],
    units: { 'running for': 'dtdurations', memory: 'bytes' },
  }),
  table({
    title: 'Versions',
    description: 'Services by the version they run. More than one row is an upgrade under way.',
    unit: 'none',
    by: 'version',
    height: 7,
    queries: [[`count by (version) (tickpath_build_info{${S}})`, 'services']],
  }),
  chart({
    title: 'Restarts',
    description: 'How often each process started anew within 10 minutes.',
    unit: 'none',
    min: 0,
    height: 7,
    queries: [[`max by (service) (changes(tickpath_process_start_time_seconds{${S}}[10m]))`, '{{service}}']],
    thresholds: [[3, 'red']],
  }),
];

const processes = [
  chart({
    title: 'CPU',
    description: 'Cores used by each process. One core is the most that the main thread can use.',
    unit: 'percentunit',
    min: 0,
    queries: [[`service:tickpath_process_cpu_seconds:rate1m{${S}}`, '{{service}}']],
    thresholds: [[0.9, 'red']],
  }),
  chart({
    title: 'Delay of the event loop, p99',
    description: 'How late the event loop of each process runs. From 100 ms on an alert fires.',
    unit: 's',
    min: 0,
    queries: [[`max by (service) (tickpath_nodejs_eventloop_lag_p99_seconds{${S}})`, '{{service}}']],
    thresholds: [[0.1, 'red']],
  }),
  chart({
    title: 'Memory',
    description: 'Resident memory of each process. Over hours it is flat; Compose stops a process above 512 MiB.',
    unit: 'bytes',
    min: 0,
    queries: [[`max by (service) (tickpath_process_resident_memory_bytes{${S}})`, '{{service}}']],
    thresholds: [[4.3e8, 'red']],
  }),
  chart({
    title: 'Heap used',
    description: 'JavaScript heap in use of each process.',
    unit: 'bytes',
    min: 0,
    queries: [[`max by (service) (tickpath_nodejs_heap_size_used_bytes{${S}})`, '{{service}}']],
  }),
  chart({
    title: 'Garbage collection',
    description: 'Share of the time that each process spends collecting garbage.',
    unit: 'percentunit',
    min: 0,
    queries: [[`sum by (service) (rate(tickpath_nodejs_gc_duration_seconds_sum{${S}}[1m]))`, '{{service}}']],
  }),
  chart({
    title: 'Open files',
    description: 'Share of the file descriptors a process may have that are open.',
    unit: 'percentunit',
    min: 0,
    queries: [[`service:tickpath_process_open_fds:limit_ratio{${S}}`, '{{service}}']],
    thresholds: [[0.8, 'red']],
  }),
];

const telling = [
  chart({
    title: 'Errors logged',
    description: 'Log lines at error or fatal, within 5 minutes.',
    unit: 'none',
    min: 0,
    queries: [[`sum by (service) (increase(tickpath_log_errors_total{${S}}[5m]))`, '{{service}}']],
    thresholds: [[5, 'red']],
  }),
  chart({
    title: 'Spans',
    description: 'Spans exported to Jaeger a second, those that wait, and those dropped within 5 minutes.',
    unit: 'none',
    min: 0,
    queries: [
      [orZero(`sum(rate(tickpath_spans_exported_total{${S}}[1m]))`), 'exported a second'],
      [orZero(`sum(tickpath_spans_queued{${S}})`), 'waiting'],
      [`sum(service:tickpath_spans_dropped:increase5m{${S}})`, 'dropped in 5 min'],
    ],
  }),
  chart({
    title: 'Alerts',
    description: 'Alerts that are pending or fire, by severity.',
    unit: 'none',
    min: 0,
    queries: [[orZero('count by (severity, alertstate) (ALERTS)'), '{{severity}} {{alertstate}}']],
  }),
  chart({
    title: 'Series per service',
    description: 'Series that Prometheus gets from each service. It does not grow with the number of symbols.',
    unit: 'none',
    min: 0,
    queries: [[`max by (service) (scrape_samples_scraped{job="tickpath", ${S}})`, '{{service}}']],
  }),
];

const journals = [
  chart({
    title: 'Events journaled',
    description: 'Events that each journal has taken a second.',
    unit: 'ops',
    min: 0,
    span: 8,
    queries: [[`sum by (service) (rate(tickpath_journal_events_total{${S}}[1m]))`, '{{service}}']],
  }),
  chart({
    title: 'Commit, p99',
    description: 'How long a transaction takes: tens of microseconds, a few milliseconds on a busy disk.',
    unit: 's',
    min: 0,
    span: 8,
    logarithmic: true,
    queries: [[`service:tickpath_journal_commit_seconds:p99_5m{${S}}`, '{{service}}']],
    thresholds: [[0.05, 'red']],
  }),
  chart({
    title: 'Syncs to the disk',
    description:
      'Syncs a second that somebody waited for, each for all who waited: they make commits outlive a loss of power.',
    unit: 'ops',
    min: 0,
    span: 8,
    queries: [[`sum by (service) (rate(tickpath_journal_syncs_total{${S}}[1m]))`, '{{service}}']],
  }),
  chart({
    title: 'Write-ahead log',
    description:
      'Its size after the last checkpoint: a few megabytes, unless a reader of the journal keeps it from being emptied.',
    unit: 'bytes',
    min: 0,
    span: 8,
    queries: [[`max by (service) (tickpath_journal_wal_bytes{${S}})`, '{{service}}']],
    thresholds: [[2.56e8, 'red']],
  }),
  chart({
    title: 'Snapshots and retention',
    description: 'Last event in the newest snapshot that was read back, and the events removed since the start.',
    unit: 'none',
    min: 0,
    span: 8,
    queries: [
      [`max by (service) (tickpath_journal_snapshot_seq{${S}})`, '{{service}} snapshot'],
      [`max by (service) (tickpath_journal_compacted_total{${S}})`, '{{service}} removed'],
    ],
  }),
  chart({
    title: 'Archive of the logs',
    description: 'Events of the logs of risk and execution that store has still to archive, and those it never will.',
    unit: 'none',
    min: 0,
    span: 8,
    queries: [
      ['max by (log) (tickpath_store_log_lag_events)', '{{log}} behind'],
      ['max by (log) (tickpath_store_log_events_missing_total)', '{{log}} missing'],
    ],
    thresholds: [[1000, 'red']],
  }),
];

/** The processes themselves. */
export function system(): Dashboard {
  return dashboard({
    uid: 'tickpath-system',
    title: 'System',
    description: 'Processes: state, CPU, memory, event loop, journals, logs and spans.',
    variables: [labelVariable('service', 'Service', 'up{job="tickpath"}')],
    rows: [
      { title: 'Services', panels: services },
      { title: 'Processes', panels: processes },
      { title: 'Journals', panels: journals },
      { title: 'What they tell', panels: telling },
    ],
  });
}
