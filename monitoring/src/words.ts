import type { Query, Words } from './panels.ts';

/** Trading states as numbers, worst lowest. */
export const TRADING_WORDS: Words = {
  0: ['HALTED', 'red'],
  1: ['WARMING', 'blue'],
  2: ['CATCHING_UP', 'orange'],
  3: ['REDUCING', 'yellow'],
  4: ['ACTIVE', 'green'],
};

export const SERVICE_WORDS: Words = {
  0: ['unhealthy', 'red'],
  1: ['starting', 'blue'],
  2: ['stopping', 'purple'],
  3: ['degraded', 'orange'],
  4: ['ready', 'green'],
};

export const YES_NO: Words = { 0: ['no', 'red'], 1: ['yes', 'green'] };

/** The trading state of the services that trade, as a number of `TRADING_WORDS`. */
export function tradingState(selector: string): Query {
  return [stateNumber('tickpath_trading_state', selector, TRADING_WORDS), '{{service}}'];
}

/** The state of each service, as a number of `SERVICE_WORDS`. */
export function serviceState(selector: string): Query {
  return [stateNumber('tickpath_service_state', selector, SERVICE_WORDS), '{{service}}'];
}

/** A gauge with one series a state, 1 for the one that holds, as one number a service. */
function stateNumber(metric: string, selector: string, words: Words): string {
  const terms = Object.entries(words).map(([value, [state]]) => `${value} * ${metric}{state="${state}"${selector}}`);
  return `sum by (service) (${terms.join(' or ')})`;
}

/** 0 where there is no series yet. `on ()` keeps the 0 away from what has series. */
export function orZero(expr: string): string {
  return `${expr} or on () vector(0)`;
}
