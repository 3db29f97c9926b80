/** What wire asks of a metrics library; prom-client's counters fit as they are. */
export interface CounterPort {
  inc(labels: Record<string, string>, value?: number): void;
}
export interface GaugePort {
  set(labels: Record<string, string>, value: number): void;
}
export interface MetricsPort {
  counter(name: string, help: string, labelNames?: readonly string[]): CounterPort;
  gauge(name: string, help: string, labelNames?: readonly string[]): GaugePort;
  /** Runs before each scrape. */
  beforeScrape(refresh: () => void): void;
}

/** The metrics of the transport: one set a process, handed to every socket in it. */
export interface WireMetrics {
  dropped(reason: string): void;
  published(stream: string, envelopes: number): void;
  received(stream: string, envelopes: number): void;
  /** Asked for again, because they did not arrive. */
  missed(stream: string, envelopes: number): void;
  /** Came by retransmission, after they had been missed. */
  recovered(stream: string, envelopes: number): void;
  /** Declared lost: they will not be delivered. */
  lost(stream: string, reason: string, envelopes: number): void;
  /** A silent socket was made anew: `market`, `market-control` or `log`. */
  reconnected(stream: string): void;
  /** Not let in: `CURVE` with a key that does not open, `other` mechanisms, `unknown`: gone before that was seen. */
  refused(mechanism: string): void;
  /** A queue of outgoing messages, from now on; its length is read when someone looks. */
  queue(name: string, length: () => number): void;
}

export function createWireMetrics(port: MetricsPort): WireMetrics {
  const dropped = port.counter('tickpath_wire_dropped_total', 'Messages dropped, by reason', ['reason']);
  const published = port.counter('tickpath_wire_published_total', 'Envelopes published', ['stream']);
  const received = port.counter('tickpath_wire_received_total', 'Envelopes received', ['stream']);
  const missed = port.counter('tickpath_wire_missed_total', 'Envelopes asked for again', ['stream']);
  const recovered = port.counter('tickpath_wire_recovered_total', 'Missed envelopes that came again', ['stream']);
  const lost = port.counter('tickpath_wire_lost_total', 'Envelopes declared lost, by reason', ['stream', 'reason']);
  const reconnected = port.counter('tickpath_wire_reconnected_total', 'Silent sockets made anew', ['stream']);
  const refused = port.counter('tickpath_wire_refused_total', 'Peers not let in, by security mechanism', ['mechanism']);
  const lengths = port.gauge('tickpath_wire_queue_length', 'Messages waiting in an outgoing queue', ['queue']);
  const queues: { readonly name: string; readonly length: () => number }[] = [];
  port.beforeScrape(() => {
    for (const { name, length } of queues) lengths.set({ queue: name }, length());
  });
  return {
    dropped: (reason) => dropped.inc({ reason }),
    published: (stream, envelopes) => published.inc({ stream }, envelopes),
    received: (stream, envelopes) => received.inc({ stream }, envelopes),
    missed: (stream, envelopes) => missed.inc({ stream }, envelopes),
    recovered: (stream, envelopes) => recovered.inc({ stream }, envelopes),
    lost: (stream, reason, envelopes) => lost.inc({ stream, reason }, envelopes),
    reconnected: (stream) => reconnected.inc({ stream }),
    refused: (mechanism) => refused.inc({ mechanism }),
    queue: (name, length) => void queues.push({ name, length }),
  };
}

export const NO_METRICS: WireMetrics = {
  dropped: () => {},
  published: () => {},
  received: () => {},
  missed: () => {},
  recovered: () => {},
  lost: () => {},
  reconnected: () => {},
  refused: () => {},
  queue: () => {},
};
