import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, labelVariable } from '../dashboard.ts';
import { chart, stat, table } from '../panels.ts';
import { orZero } from '../words.ts';

const now = [
  stat({
    title: 'Lost, 5 min',
    description: 'Envelopes declared lost. Any is a hole in what a service knows of the market.',
    unit: 'none',
    span: 6,
    decimals: 0,
    queries: [['sum(service:tickpath_wire_lost:increase5m)', 'lost']],
    thresholds: [[1, 'red']],
  }),
  stat({
    title: 'Dropped, 5 min',
    description: 'Messages that were malformed or found no room.',
    unit: 'none',
    span: 6,
    decimals: 0,
    queries: [['sum(service:tickpath_wire_dropped:increase5m)', 'dropped']],
    thresholds: [[1, 'orange']],
  }),
  stat({
    title: 'Asked for again, 5 min',
    description: 'Envelopes that were missed and asked for again.',
    unit: 'none',
    span: 6,
    decimals: 0,
    queries: [['sum(service:tickpath_wire_missed:increase5m)', 'missed']],
    thresholds: [[1000, 'orange']],
  }),
  stat({
    title: 'Peers refused, 5 min',
    description: 'Connections that were not let in: a wrong key, or a stranger.',
    unit: 'none',
    span: 6,
    decimals: 0,
    queries: [['sum(service:tickpath_wire_refused:increase5m)', 'refused']],
    thresholds: [[1, 'red']],
  }),
];

const flow = [
  chart({
    title: 'Published',
    description: 'Envelopes a second that each service publishes, by stream.',
    unit: 'mps',
    queries: [
      [
        'sum by (service, stream) (rate(tickpath_wire_published_total{service=~"$service"}[$__rate_interval]))',
        '{{service}} {{stream}}',
      ],
    ],
  }),
  chart({
    title: 'Received',
    description: 'Envelopes a second that each service receives, by stream.',
    unit: 'mps',
    queries: [
      [
        'sum by (service, stream) (rate(tickpath_wire_received_total{service=~"$service"}[$__rate_interval]))',
        '{{service}} {{stream}}',
      ],
    ],
  }),
  chart({
    title: 'Waiting to be sent',
    description: 'Messages that wait in each outgoing queue. A queue that stays long has a slow reader.',
    unit: 'none',
    min: 0,
    queries: [['max by (service, queue) (tickpath_wire_queue_length{service=~"$service"})', '{{service}} {{queue}}']],
    thresholds: [[5000, 'red']],
  }),
  chart({
    title: 'Sockets made anew',
    description: 'Silent sockets that were replaced, within 10 minutes.',
    unit: 'none',
    min: 0,
    queries: [
      [
        orZero('sum by (service, stream) (increase(tickpath_wire_reconnected_total{service=~"$service"}[10m]))'),
        '{{service}} {{stream}}',
      ],
    ],
  }),
];

const faults = [
  chart({
    title: 'Dropped by reason',
    description: 'Messages dropped a second, by reason.',
    unit: 'mps',
    min: 0,
    queries: [
      [
        orZero('sum by (service, reason) (rate(tickpath_wire_dropped_total{service=~"$service"}[$__rate_interval]))'),
        '{{service}} {{reason}}',
      ],
    ],
  }),
  chart({
    title: 'Gaps, healed and not',
    description: 'Envelopes a second that were asked for again, came again, and were declared lost.',
    unit: 'mps',
    min: 0,
    queries: [
      [orZero('sum(rate(tickpath_wire_missed_total{service=~"$service"}[$__rate_interval]))'), 'asked for again'],
      [orZero('sum(rate(tickpath_wire_recovered_total{service=~"$service"}[$__rate_interval]))'), 'recovered'],
      [orZero('sum(rate(tickpath_wire_lost_total{service=~"$service"}[$__rate_interval]))'), 'lost'],
    ],
  }),
  table({
    title: 'Since the start',
    description: 'What each service has published, received, asked for again and lost since it started.',
    unit: 'short',
    by: 'service',
    span: 24,
    queries: [
      [orZero('sum by (service) (tickpath_wire_published_total{service=~"$service"})'), 'published'],
      [orZero('sum by (service) (tickpath_wire_received_total{service=~"$service"})'), 'received'],
      [orZero('sum by (service) (tickpath_wire_missed_total{service=~"$service"})'), 'asked for again'],
      [orZero('sum by (service) (tickpath_wire_lost_total{service=~"$service"})'), 'lost'],
      [orZero('sum by (service) (tickpath_wire_dropped_total{service=~"$service"})'), 'dropped'],
    ],
  }),
];

/** What lies between the services: streams, gaps and queues. */
export function wire(): Dashboard {
  return dashboard({
    uid: 'tickpath-wire',
    title: 'Wire',
    description: 'Streams between the services: rates, gaps, losses, queues.',
    variables: [labelVariable('service', 'Service', 'up{job="tickpath"}')],
    rows: [
      { title: 'Now', panels: now },
      { title: 'Flow', panels: flow },
      { title: 'Faults', panels: faults },
    ],
  });
}
