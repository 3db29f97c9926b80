import type { Metrics } from '@tickpath/runtime';
import type { SourceEvent } from './core/market/event.ts';

const ORDER_RESULTS = ['accepted', 'refused', 'filled', 'canceled', 'expired', 'replaced', 'rejected'] as const;
/** Kinds of events that come by market-data's stream. */
const STREAM_KINDS = ['trade', 'quote', 'book', 'status'] as const;

/** What the venue counts. A port, so that the servers do not know who collects it. */
export interface VenueMetrics {
  ticks(kind: SourceEvent['kind'], count: number): void;
  /** Of market-data's stream, because more came than could be played. */
  dropped(kind: SourceEvent['kind'], count: number): void;
  clients(endpoint: 'market-data' | 'trade-updates', count: number): void;
  order(result: (typeof ORDER_RESULTS)[number]): void;
  fill(): void;
  /** Time that matching took where it had an order to serve. */
  match(seconds: number): void;
  httpRequest(route: string, status: number): void;
}

export function createVenueMetrics(metrics: Metrics, view: { openOrders(): number }): VenueMetrics {
  const ticks = metrics.counter('tickpath_venue_ticks_total', 'Events that the market has shown', ['kind']);
  const dropped = metrics.counter(
    'tickpath_venue_stream_dropped_total',
    "Events of market-data's stream that were not played, because more came than could be",
    ['kind'],
  );
  const clients = metrics.gauge('tickpath_venue_clients', 'WebSocket clients connected', ['endpoint']);
  const orders = metrics.counter('tickpath_venue_orders_total', 'Orders by what became of them', ['result']);
  const fills = metrics.counter('tickpath_venue_fills_total', 'Executions, partial ones included');
  const requests = metrics.counter('tickpath_venue_http_requests_total', 'REST requests', ['route', 'status']);
  const openOrders = metrics.gauge('tickpath_venue_open_orders', 'Orders that can still fill or be canceled');
  metrics.beforeScrape(() => openOrders.set(view.openOrders()));
  for (const result of ORDER_RESULTS) orders.inc({ result }, 0);
  for (const kind of STREAM_KINDS) dropped.inc({ kind }, 0);
  return {
    match: metrics.stage('match'),
    ticks: (kind, count) => ticks.inc({ kind }, count),
    dropped: (kind, count) => dropped.inc({ kind }, count),
    clients: (endpoint, count) => clients.set({ endpoint }, count),
    order: (result) => orders.inc({ result }),
    fill: () => fills.inc(),
    httpRequest: (route, status) => requests.inc({ route, status: String(status) }),
  };
}
