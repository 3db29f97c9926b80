/** What risk believes and what the venue says, read at about one time. */
export interface AccountSample {
  /** When risk's process began: what it counts begins anew with it. */
  readonly riskStarted: number;
  readonly approvals: number;
  /** Times risk took its book anew from the venue. */
  readonly rebases: number;
  /** Approved orders that have not ended: while there are any, fills may be on their way. */
  readonly openOrders: number;
  readonly risk: Positions;
  /** The same before and after risk was read, or `undefined`. */
  readonly venue: Positions | undefined;
}

/** Quantities by symbol, flat ones left out. */
export type Positions = Readonly<Record<string, number>>;

/** True if nothing is on its way between the two, so that their positions can be held against each other. */
export function isComparable(sample: AccountSample): sample is AccountSample & { venue: Positions } {
  return sample.venue !== undefined && sample.openOrders === 0;
}

export function isEqual(a: Positions, b: Positions): boolean {
  const symbols = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...symbols].every((symbol) => (a[symbol] ?? 0) === (b[symbol] ?? 0));
}

/** The approvals that risk gave while its book was not the venue's, one line each; samples in order of time. */
export function wrongfulApprovals(samples: readonly AccountSample[]): string[] {
  return samples.flatMap((before, index) => {
    const after = samples[index + 1];
    if (after === undefined || !isComparable(before) || isEqual(before.risk, before.venue)) return [];
    const isSameBook = after.riskStarted === before.riskStarted && after.rebases === before.rebases;
    if (!isSameBook || after.approvals === before.approvals) return [];
    return [`approved with ${JSON.stringify(before.risk)} while the venue had ${JSON.stringify(before.venue)}`];
  });
}

/** The positions in risk's exposition. */
export function readRisk(exposition: string): Omit<AccountSample, 'venue'> {
  const value = (sample: string) => Number(new RegExp(`^${sample} (\\S+)$`, 'm').exec(exposition)?.[1] ?? 0);
  const positions = exposition.matchAll(/^tickpath_risk_position_qty\{symbol="([^"]+)"\} (\S+)$/gm);
  return {
    riskStarted: value('tickpath_process_start_time_seconds'),
    approvals: value('tickpath_risk_decisions_total\\{result="APPROVED"\\}'),
    rebases: value('tickpath_risk_rebases_total'),
    openOrders: value('tickpath_risk_open_orders'),
    risk: withoutFlat(Array.from(positions, ([, symbol = '', qty]) => [symbol, Number(qty)])),
  };
}

/** The positions in the venue's answer to `GET /v2/positions`. */
export function readVenue(body: unknown): Positions {
  const positions = body as readonly { readonly symbol: string; readonly qty: string }[];
  return withoutFlat(positions.map(({ symbol, qty }) => [symbol, Number(qty)]));
}

function withoutFlat(positions: readonly [symbol: string, qty: number][]): Positions {
  return Object.fromEntries(positions.filter(([, qty]) => qty !== 0));
}
