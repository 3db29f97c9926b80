import type { Health, Logger } from '@tickpath/runtime';
import type { Payload } from '@tickpath/wire';
import type { Appended } from './durable-execution.ts';

/** Has an event of our log in the lines of the service, and what it says of trading in its health. */
export function report(log: Logger, health: Health, output: Appended): void {
  if ('clOrdId' in output.payload) reportOrder(log, output as OrderEvent);
  else if (output.kind === 'TradingStateChanged') announce(log, health, output.payload);
  else if (output.kind === 'AccountRebased') reportAccount(log, output.payload);
}

export function announce(
  log: Logger,
  health: Health,
  { state: trading, reasons }: Payload<'TradingStateChanged'>,
): void {
  health.trading(trading, reasons);
  if (trading === 'HALTED') health.set('unhealthy', reasons);
  else health.set(trading === 'ACTIVE' ? 'healthy' : 'degraded', reasons);
  const line = `trading is ${trading}${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`;
  if (trading === 'HALTED') log.error({ trading }, line);
  else log.info({ trading }, line);
}

type OrderEvent = Extract<Appended, { readonly payload: { readonly clOrdId: string } }>;

function reportOrder(log: Logger, output: OrderEvent): void {
  const { clOrdId, symbol } = output.payload;
  if (output.kind === 'OrderFilled') {
    const { side, lastQty, lastPx, cumQty, leavesQty } = output.payload;
    log.info({ clOrdId, cumQty, leavesQty }, `fill ${side} ${lastQty} ${symbol} @ ${lastPx}`);
  } else if (output.kind === 'OrderSubmitted' || output.kind === 'OrderAccepted') {
    log.debug({ clOrdId }, `${output.kind} ${symbol}`);
  } else {
    const reason = 'reason' in output.payload ? `: ${output.payload.reason}` : '';
    log.warn({ clOrdId }, `${output.kind} ${symbol}${reason}`);
  }
}

function reportAccount(log: Logger, account: Payload<'AccountRebased'>): void {
  const { accountId, cash, positions, openOrders, rebase } = account;
  const held = `${positions.length} positions, ${openOrders.length} open orders of ours`;
  log.info({ accountId, rebase, cash, positions }, `account taken from the venue: ${cash} USD, ${held}`);
}
