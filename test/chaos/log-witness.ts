import { randomUUID } from 'node:crypto';
import { type Envelope, LogFollower, type LogPosition, NO_METRICS, Requester } from '@tickpath/wire';
import type { VenueFill } from './venue-witness.ts';

/** One generation of a log, as far as it was seen before its owner was killed. */
export interface SeenLog {
  /** `uuid/generation`, as approvals name it. */
  readonly name: string;
  readonly events: Envelope[];
}

/** Where the owner of the log publishes and answers. */
export interface LogWitnessOptions {
  readonly hints: string;
  readonly requests: string;
}

/** Follows a log from outside and keeps all its generations. */
export class LogWitness {
  readonly logs: SeenLog[] = [];
  readonly #requester: Requester;
  readonly #follower: LogFollower;

  constructor({ hints, requests }: LogWitnessOptions) {
    const common = { source: 'witness', epoch: 1, nowNs: () => process.hrtime.bigint() };
    this.#requester = new Requester({ ...common, connect: requests, timeoutMs: 500, retries: 0 });
    this.#follower = new LogFollower({
      name: 'witness',
      hints: { type: 'sub', connect: hints },
      requester: this.#requester,
      metrics: NO_METRICS,
      newRequestId: randomUUID,
      from: undefined,
      heartbeatMs: 1000,
      apply: (event, position) => this.#seen(event, position),
      onCaughtUp: () => {},
      onNewLog: () => {},
      onSilence: () => {},
    });
  }

  get latest(): SeenLog | undefined {
    return this.logs.at(-1);
  }

  close(): void {
    this.#follower.close();
    this.#requester.close();
  }

  #seen(event: Envelope, { uuid, generation }: LogPosition): void {
    const name = `${uuid}/${generation}`;
    if (this.latest?.name !== name) this.logs.push({ name, events: [] });
    this.latest?.events.push(event);
  }
}

/** When an incident struck, by the wall clock, and what it was. */
export interface Strike {
  readonly atMs: number;
  readonly text: string;
}

export interface Evidence {
  readonly riskLogs: readonly SeenLog[];
  readonly executionLogs: readonly SeenLog[];
  readonly fills: readonly VenueFill[];
  /** Accounts in which each order was taken. */
  readonly accountsOf: ReadonlyMap<string, ReadonlySet<string>>;
  readonly accountSinceMs: ReadonlyMap<string, number>;
  /** In the order in which they struck. */
  readonly strikes: readonly Strike[];
  /** While execution stood still it could tell nobody that the venue had begun anew. */
  readonly blindMs: readonly { readonly from: number; readonly to: number }[];
}

interface Approval {
  readonly clOrdId: string;
  readonly symbol: string;
  readonly atMs: number;
  /** The account of the execution log that it names. */
  readonly accountId: string;
  /** What risk held of the symbol, and the orders for which it had a reservation. */
  readonly position: string;
  readonly reserved: ReadonlySet<string>;
}

/** A fill this young may still be on its way to risk. */
const ON_ITS_WAY_MS = 30;

/**
 * Everything that cannot be justified, one line each. At the moment of an approval the account it is for must be the
 * venue's, and every fill of the symbol must be in risk's position or belong to an order for which risk holds a
 * reservation. No order is taken in another account than it was approved for.
 */
export function faultsOf(evidence: Evidence): string[] {
  const { fills, accountsOf, accountSinceMs, strikes, blindMs } = evidence;
  const starts = [...accountSinceMs];
  return approvalsOf(evidence).flatMap((approval) => {
    const { clOrdId, symbol, atMs, accountId, position } = approval;
    const name = `${timeOf(atMs, strikes)}: ${clOrdId}, approved at ${position} ${symbol}`;
    const faults: string[] = [];
    const other = [...(accountsOf.get(clOrdId) ?? [])].find((taken) => taken !== accountId);
    if (other !== undefined) faults.push(`${name} for account ${accountId}, was taken in ${other}`);
    const [current, sinceMs = 0] = starts.findLast(([, since]) => since <= atMs) ?? [];
    const isBlind = blindMs.some(({ from, to }) => from <= atMs && atMs <= to);
    const isKnown = accountSinceMs.has(accountId);
    if (isKnown && current !== undefined && current !== accountId) {
      if (!isBlind)
        faults.push(`${name} for account ${accountId}, ${atMs - sinceMs} ms after the venue began ${current}`);
      return faults;
    }
    const told = fills.filter((fill) => fill.accountId === accountId && fill.symbol === symbol);
    if (isJustified(told, approval)) return faults;
    const last = told.findLast(({ tsMs }) => tsMs <= atMs);
    return [...faults, `${name}, while the venue had ${last?.positionQty} for ${atMs - (last?.tsMs ?? 0)} ms`];
  });
}

/** The incident in whose time that was. */
function timeOf(atMs: number, strikes: readonly Strike[]): string {
  const index = strikes.findLastIndex((strike) => strike.atMs <= atMs);
  const strike = strikes[index];
  if (strike === undefined) return 'before all incidents';
  return `${atMs - strike.atMs} ms after incident ${index + 1} (${strike.text})`;
}

function approvalsOf({ riskLogs, executionLogs }: Evidence): Approval[] {
  const accountOf = new Map(
    executionLogs.flatMap(({ name, events: [first] }) =>
      first?.kind === 'AccountRebased' ? [[name, first.payload.accountId] as const] : [],
    ),
  );
  return riskLogs.flatMap(({ events }) => {
    const positions = new Map<string, string>();
    const reserved = new Set<string>();
    return events.flatMap((event): Approval[] => {
      if (event.kind === 'PositionUpdated') positions.set(event.payload.symbol, event.payload.qty);
      else if (event.kind === 'OrderAdopted') reserved.add(event.payload.clOrdId);
      else if (event.kind === 'ReservationFreed') reserved.delete(event.payload.clOrdId);
      if (event.kind !== 'OrderApproved') return [];
      const { clOrdId, symbol, executionLog } = event.payload;
      const before = new Set(reserved);
      reserved.add(clOrdId);
      const accountId = accountOf.get(executionLog ?? '');
      // A generation may have come and gone while the witness itself was reconnecting.
      if (accountId === undefined) return [];
      const position = positions.get(symbol) ?? '0';
      return [{ clOrdId, symbol, atMs: Number(event.tsNs / 1_000_000n), accountId, position, reserved: before }];
    });
  });
}

function isJustified(told: readonly VenueFill[], { position, atMs, reserved }: Approval): boolean {
  const candidates = [-1, ...told.keys()].filter((k) => (told[k]?.positionQty ?? '0') === position);
  return candidates.some((k) => {
    if ((told[k]?.tsMs ?? 0) > atMs + ON_ITS_WAY_MS) return false;
    const missing = told.slice(k + 1).filter(({ tsMs }) => tsMs <= atMs - ON_ITS_WAY_MS);
    return missing.every(({ clOrdId }) => reserved.has(clOrdId));
  });
}
