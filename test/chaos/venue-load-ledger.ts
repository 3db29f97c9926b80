import { recompute } from '../e2e/independent-ledger.ts';

/** What the venue of the load charges, as flags and as this ledger's own rules. */
export const FEE_FLAGS = [
  '--venue.fees.perShareUsd=0.0035',
  '--venue.fees.makerBps=0.5',
  '--venue.fees.takerBps=0.5',
  '--venue.fees.regulatory=true',
];

export interface Execution {
  readonly symbol: string;
  readonly side: string;
  readonly qty: string;
  readonly price: string;
}

/** Amounts in whole 1e-18 USD; quantities and prices come in with at most six decimals, so that every product is exact. */
const SCALE = 18;
const UNIT = 10n ** BigInt(SCALE);
const CENT = UNIT / 100n;
const AMOUNT_DECIMALS = 6;

export function scaled(text: string, decimals = SCALE): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  const [, sign = '', whole = '', fraction = ''] = match ?? [];
  if (match === null || fraction.length > decimals)
    throw new Error(`${text} is no decimal of at most ${decimals} places`);
  const magnitude = BigInt(whole + fraction.padEnd(decimals, '0'));
  return sign === '-' ? -magnitude : magnitude;
}

/**
 * Commission of 0.0035 USD a share and half a basis point; for sells the SEC's 27.80 USD per million and FINRA's
 * 0.000166 USD a share, at most 8.30 USD, each of the two rounded up to the cent.
 */
export function feeOf({ side, qty, price }: Execution): bigint {
  const shares = scaled(qty, AMOUNT_DECIMALS);
  const notional = shares * scaled(price, AMOUNT_DECIMALS) * 10n ** BigInt(SCALE - 2 * AMOUNT_DECIMALS);
  const perShare = (rate: string) => shares * scaled(rate, SCALE - AMOUNT_DECIMALS);
  const commission = perShare('0.0035') + notional / 20_000n;
  if (side === 'buy') return commission;
  const sec = upToCent(notional * 278n, 10_000_000n);
  const taf = upToCent(perShare('0.000166'), 1n);
  const mostTaf = 830n * CENT;
  return commission + sec + (taf < mostTaf ? taf : mostTaf);
}

function upToCent(numerator: bigint, denominator: bigint): bigint {
  const cents = (numerator + denominator * CENT - 1n) / (denominator * CENT);
  return cents * CENT;
}

export interface Account {
  readonly cash: bigint;
  readonly fees: bigint;
  readonly realized: bigint;
  readonly held: ReadonlyMap<string, { readonly qty: bigint; readonly cost: bigint }>;
}

/** The account that these executions make of a first deposit, in integers alone. */
export function accountOf(depositUsd: string, executions: readonly Execution[]): Account {
  const fills = executions.map(({ symbol, side, qty, price }) => {
    return { symbol, side: side === 'buy' ? ('BUY' as const) : ('SELL' as const), lastQty: qty, lastPx: price };
  });
  const { cash, positions } = recompute(depositUsd, fills);
  const fees = executions.reduce((sum, execution) => sum + feeOf(execution), 0n);
  const realized = [...positions.values()].reduce((sum, { realizedPnl }) => sum + scaled(realizedPnl), 0n);
  const held = [...positions]
    .filter(([, { qty }]) => qty !== '0')
    .map(([symbol, { qty, cost }]) => [symbol, { qty: scaled(qty), cost: scaled(cost) }] as const);
  return { cash: scaled(cash) - fees, fees, realized, held: new Map(held) };
}
