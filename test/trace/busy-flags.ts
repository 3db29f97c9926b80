import { join } from 'node:path';

const LIMITS = ['maxPositionQty', 'maxPositionNotionalUsd', 'maxGrossNotionalUsd'];

/** Makes a stack send many orders, each caused by one tick among thousands a second. */
export const BUSY = [
  `--signal.strategy=${join(import.meta.dirname, 'busy-strategy.ts')}`,
  '--venue.synthetic.ticksPerSecond=1000',
  ...LIMITS.map((limit) => `--risk.limits.${limit}=1000000000000`),
];

/** A line of execution's log. */
export const FILL = /"msg":"fill /;
