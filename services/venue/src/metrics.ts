import type { Metrics } from '@tickpath/runtime';

/** What the venue counts. A port, so that the servers do not know who collects it. */
export interface VenueMetrics {
  ticks(kind: 'trade' | 'quote', count: number): void;
  clients(endpoint: 'market-data' | 'trade-updates', count: number): void;
  order(result: 'accepted' | 'refused' | 'filled' | 'canceled'): void;
  fill(): void;
  httpRequest(route: string, status: number): void;
}

export function createVenueMetrics(metrics: Metrics): VenueMetrics {
  const ticks = metrics.counter('tickpath_venue_ticks_total', 'Trades and quotes the market has shown', ['kind']);
  const clients = metrics.gauge('tickpath_venue_clients', 'WebSocket clients connected', ['endpoint']);
  const orders = metrics.counter('tickpath_venue_orders_total', 'Orders by what became of them', ['result']);
  const fills = metrics.counter('tickpath_venue_fills_total', 'Executions, partial ones included');
  const requests = metrics.counter('tickpath_venue_http_requests_total', 'REST requests', ['route', 'status']);
  return {
    ticks: (kind, count) => ticks.inc({ kind }, count),
    clients: (endpoint, count) => clients.set({ endpoint }, count),
    order: (result) => orders.inc({ result }),
    fill: () => fills.inc(),
    httpRequest: (route, status) => requests.inc({ route, status: String(status) }),
  };
}
