import { exchangeRound } from './exchange.ts';
import { matchingRound } from './matching.ts';

/** Which core to run, and over how many events. */
export interface CoreOrder {
  readonly core: 'matching' | 'exchange';
  readonly events: number;
}

/** A process for one core after the other, so that nothing else is in its caches. */
process.on('message', ({ core, events }: CoreOrder) => {
  const { eventsPerSecond } = core === 'matching' ? matchingRound(events) : exchangeRound(events);
  process.send?.({ eventsPerSecond });
});
for (const end of ['disconnect', 'SIGTERM', 'SIGINT']) process.on(end, () => process.exit());
process.send?.({});
