/** What wire asks of a metrics library; prom-client's counters fit as they are. */
export interface CounterPort {
  inc(labels: Record<string, string>, value?: number): void;
}
export interface MetricsPort {
  counter(name: string, help: string, labelNames?: readonly string[]): CounterPort;
}

/** The counters of the transport: one set a process, handed to every socket in it. */
export interface WireMetrics {
  dropped(reason: string): void;
  published(stream: string, envelopes: number): void;
  received(stream: string, envelopes: number): void;
  missed(stream: string, envelopes: number): void;
}

export function createWireMetrics(port: MetricsPort): WireMetrics {
  const dropped = port.counter('tickpath_wire_dropped_total', 'Messages dropped, by reason', ['reason']);
  const published = port.counter('tickpath_wire_published_total', 'Envelopes published', ['stream']);
  const received = port.counter('tickpath_wire_received_total', 'Envelopes received', ['stream']);
  const missed = port.counter('tickpath_wire_missed_total', 'Envelopes that did not arrive', ['stream']);
  return {
    dropped: (reason) => dropped.inc({ reason }),
    published: (stream, envelopes) => published.inc({ stream }, envelopes),
    received: (stream, envelopes) => received.inc({ stream }, envelopes),
    missed: (stream, envelopes) => missed.inc({ stream }, envelopes),
  };
}

export const NO_METRICS: WireMetrics = {
  dropped: () => {},
  published: () => {},
  received: () => {},
  missed: () => {},
};
