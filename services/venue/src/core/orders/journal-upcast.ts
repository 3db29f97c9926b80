/**
 * Payloads of schema 1 held the whole order after each event, of a venue that knew market orders only: they never
 * expired, paid no fee and always took.
 */
import type { FillJson, ReceivedJson, ReportJson } from './journal-payloads.ts';
import type { PositionIntent } from './order.ts';

interface OrderJsonV1 {
  readonly orderId: string;
  readonly clOrdId: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly timeInForce: 'day' | 'gtc';
  readonly orderQty: string;
  readonly positionIntent: PositionIntent;
}

interface OrderEventJsonV1 {
  readonly eventId: string;
  readonly tsNs: string;
  readonly order: OrderJsonV1;
}

interface ReportJsonV1 extends OrderEventJsonV1 {
  readonly execId: string;
}

interface FillJsonV1 extends ReportJsonV1 {
  readonly lastPx: string;
  readonly lastQty: string;
}

export function upcastReceived(payload: unknown): ReceivedJson {
  const { eventId, tsNs, order } = payload as OrderEventJsonV1;
  const { orderId, clOrdId, symbol, side, timeInForce, orderQty, positionIntent } = order;
  return {
    ...{ orderId, eventId, tsNs },
    terms: {
      ...{ clOrdId, symbol, side, type: 'market', timeInForce, orderQty },
      ...{ limitPx: null, stopPx: null, trail: null, hwmPx: null, isTriggered: false, extendedHours: false },
      ...{ positionIntent, reservePx: null, expiresNs: null, replaces: null },
    },
  };
}

export function upcastReport(payload: unknown): ReportJson {
  const { eventId, tsNs, execId, order } = payload as ReportJsonV1;
  return { orderId: order.orderId, eventId, tsNs, execId };
}

export function upcastFill(payload: unknown): FillJson {
  const { lastPx, lastQty } = payload as FillJsonV1;
  return { ...upcastReport(payload), lastQty, lastPx, liquidity: 'taker', fee: '0' };
}
