import { isDeepStrictEqual } from 'node:util';
import { isDecimalText } from '@tickpath/trading';
import { symbolOfVenue } from '@tickpath/wire';
import {
  type ListedOrder,
  type OpenVenueOrder,
  readListedOrder,
  readOpenOrder,
  readPosition,
  type VenueAccount,
} from './core/index.ts';

/** Asks the venue for a path; undefined when it did not answer. */
export type Get = (path: string) => Promise<unknown>;

const LATEST = '/v2/orders?status=all&limit=500&direction=desc';
/** Alpaca's largest page. */
const PAGE = 500;

/** An order among the latest, whoever sent it; `shown` is undefined for one that lacks what we need. */
export interface LatestOrder {
  readonly clOrdId: string;
  readonly shown: ListedOrder | undefined;
}

/** Id of the account and its latest orders, open and closed; undefined when the venue did not say. */
export async function readLatestOrders(
  get: Get,
): Promise<{ readonly accountId: string; readonly orders: readonly LatestOrder[] } | undefined> {
  const [account, orders] = await Promise.all([get('/v2/account'), get(LATEST)]);
  const accountId = fieldsOf(account).id;
  if (typeof accountId !== 'string' || !Array.isArray(orders)) return undefined;
  return {
    accountId,
    orders: orders.map((raw) => ({ clOrdId: String(fieldsOf(raw).client_order_id), shown: readListedOrder(raw) })),
  };
}

/**
 * The account as it was at one moment: read twice, since a fill between two answers would give cash of before it and
 * positions of after it. Undefined when the two readings differ, or when the venue did not answer.
 */
export async function readAccount(get: Get, prefix: string): Promise<VenueAccount | undefined> {
  // Fills change no names, so these lists, which take longest, stay out of what has to stand still.
  const before = await readLatestNames(get);
  const first = await readOnce(get, prefix);
  const second = first === undefined ? undefined : await readOnce(get, prefix);
  if (second === undefined || !isDeepStrictEqual(first, second)) return undefined;
  const after = await readLatestNames(get);
  if (after?.accountId !== second.accountId || !isDeepStrictEqual(before, after)) return undefined;
  return { ...second, latestClOrdIds: after.clOrdIds };
}

async function readLatestNames(get: Get) {
  const latest = await readLatestOrders(get);
  if (latest === undefined) return undefined;
  return { accountId: latest.accountId, clOrdIds: latest.orders.map(({ clOrdId }) => clOrdId) };
}

/** The names under which the venue knows our open orders. */
export async function openOrderIds(get: Get, prefix: string): Promise<readonly string[]> {
  return ((await readOpenOrders(get, prefix)) ?? []).map(({ orderId }) => orderId);
}

async function readOnce(get: Get, prefix: string): Promise<Omit<VenueAccount, 'latestClOrdIds'> | undefined> {
  const [account, listed, openOrders] = await Promise.all([
    get('/v2/account'),
    get('/v2/positions'),
    readOpenOrders(get, prefix),
  ]);
  const { id: accountId, cash } = fieldsOf(account);
  if (typeof accountId !== 'string' || !isDecimalText(cash) || !Array.isArray(listed)) return undefined;
  if (openOrders === undefined) return undefined;
  const positions = allOf(listed, (raw) => named(readPosition(raw)));
  if (positions === undefined) return undefined;
  return { accountId, cash, positions, openOrders };
}

/** All open orders of ours, page by page in the order of their creation. */
async function readOpenOrders(get: Get, prefix: string): Promise<OpenVenueOrder[] | undefined> {
  const found: OpenVenueOrder[] = [];
  let after = '';
  while (true) {
    const page = await get(`/v2/orders?status=open&limit=${PAGE}&direction=asc${after}`);
    if (!Array.isArray(page)) return undefined;
    const ours = page.filter((raw) => String(fieldsOf(raw).client_order_id).startsWith(`${prefix}-`));
    const orders = allOf(ours, (raw) => named(readOpenOrder(raw)));
    if (orders === undefined) return undefined;
    found.push(...orders);
    if (page.length < PAGE) return found;
    const { submitted_at: last } = fieldsOf(page.at(-1));
    if (typeof last !== 'string') return undefined;
    after = `&after=${encodeURIComponent(last)}`;
  }
}

/** Everything read, or nothing: half an account is none. */
function allOf<T>(raws: readonly unknown[], read: (raw: unknown) => T | undefined): T[] | undefined {
  const found: T[] = [];
  for (const raw of raws) {
    const one = read(raw);
    if (one === undefined) return undefined;
    found.push(one);
  }
  return found;
}

/** Under our name of the symbol. */
function named<T extends { readonly symbol: string }>(one: T | undefined): T | undefined {
  const symbol = one === undefined ? undefined : symbolOfVenue(one.symbol);
  return one === undefined || symbol === undefined ? undefined : { ...one, symbol };
}

function fieldsOf(raw: unknown): Record<string, unknown> {
  return (raw ?? {}) as Record<string, unknown>;
}
