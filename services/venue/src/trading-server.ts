import type { FastifyInstance } from 'fastify';
import { registerAccount } from './account-routes.ts';
import type { CredentialCheck } from './core/protocol/trade-stream-session.ts';
import { registerHttpFrame } from './http-frame.ts';
import type { VenueMetrics } from './metrics.ts';
import { type OrderRoutesOptions, registerOrders } from './order-routes.ts';
import { registerPositions } from './position-routes.ts';

export interface TradingOptions extends OrderRoutesOptions {
  readonly areValid: CredentialCheck;
  readonly metrics: VenueMetrics;
  readonly log: { error(fields: object, message: string): void };
}

/**
 * Alpaca's trading REST on a Fastify instance made with `HTTP_OPTIONS`: orders, the account, its positions and
 * activities. It also sets what all paths of the instance share (`registerHttpFrame`).
 */
export function registerTrading(app: FastifyInstance, options: TradingOptions): void {
  const { exchange, areValid, metrics, log } = options;
  registerHttpFrame(app, { areValid, settled: () => exchange.settled(), metrics, log });
  registerOrders(app, options);
  registerPositions(app, options);
  registerAccount(app, options);
}
