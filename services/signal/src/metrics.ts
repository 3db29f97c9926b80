import type { Metrics } from '@tickpath/runtime';
import type { SignalState } from './core/index.ts';

export interface SignalMetrics {
  /** Counts an order asked for, by what risk said. */
  answered(result: string): void;
  /** A bar was given to the strategy. */
  bar(seconds: number): void;
  /** An order was decided, so long after market-data had received its cause. */
  decided(seconds: number): void;
  roundTrip(seconds: number): void;
}

/** Registers signal's metrics; gauges are computed when scraped. */
export function exportSignalMetrics(metrics: Metrics, state: SignalState): SignalMetrics {
  const intents = metrics.counter('tickpath_signal_intents_total', 'Orders asked for, by what risk said', ['result']);
  const open = metrics.gauge('tickpath_signal_open_orders', 'Orders that may still change a position');
  const warm = metrics.gauge('tickpath_signal_warm_symbols', 'Symbols whose strategy has its history');
  metrics.beforeScrape(() => {
    open.set(state.openOrders.size);
    warm.set(Array.from(state.symbols.values()).filter(({ heldBars }) => heldBars === undefined).length);
  });
  return {
    answered: (result) => intents.inc({ result }),
    bar: metrics.stage('strategy'),
    decided: metrics.stage('tick_to_intent'),
    roundTrip: metrics.stage('risk_round_trip'),
  };
}
