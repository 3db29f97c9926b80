import type { BareArguments } from './bare-arguments.ts';
import { bareOrders } from './bare-orders.ts';
import { bareRelay } from './bare-relay.ts';
import { bareTicks } from './bare-ticks.ts';

const ROLES: Readonly<Record<BareArguments['role'], (given: BareArguments) => Promise<void>>> = {
  ticks: bareTicks,
  orders: bareOrders,
  relay: bareRelay,
};

/** A baseline's process. */
const given: BareArguments = JSON.parse(process.argv[2] ?? '{}');
await ROLES[given.role](given);
for (const end of ['disconnect', 'SIGTERM', 'SIGINT']) process.on(end, () => process.exit());
process.send?.({ ready: true });
