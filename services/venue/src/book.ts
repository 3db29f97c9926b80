import { type Committed, type Journal, JournalError, type JournalEvent, type Json } from '@tickpath/journal';
import { type DecimalText, decimal } from '@tickpath/trading';
import type { AccountIdentity } from './core/account/identity.ts';
import { applyEvent, createExchangeState, resumeExchange } from './core/orders/exchange-core.ts';
import {
  accountOf,
  accountOpened,
  changeOf,
  journaled,
  type OrderJournalEvent,
  type VenueEvents,
} from './core/orders/journal-events.ts';
import type { RunJson } from './core/orders/journal-payloads.ts';
import { eventOfChange } from './core/orders/order-change.ts';
import type { ExchangeOutput, ExchangeState, SessionAt, VenueRules } from './core/orders/state.ts';
import type { Asset } from './core/reference/asset.ts';
import type { Assets } from './core/reference/assets.ts';

export type VenueJournal = Journal<VenueEvents>;

/** One start of a market. The venue names it, and keeps it while it goes on where it was. */
export interface MarketRun {
  readonly runId: string;
  readonly source: string;
  /** Tells one tape or seed from another. */
  readonly sourceId: string;
  /** Unix nanoseconds of the wall clock. */
  readonly startedNs: bigint;
}

/** The account and all that became of its orders, and how far the market came, as the journal has them. */
export interface Book {
  readonly state: ExchangeState;
  /** The run that was played last; `null` when none was. */
  readonly run: MarketRun | null;
  /** How far that run came; `null` when nothing was noted of it. */
  readonly lastPosition: Json | null;
}

export interface BookSettings {
  /** Makes the ids of a run's executions and events differ from those of others. */
  readonly idScope: string;
  readonly rules: VenueRules;
  /** Symbols of the journal that are not listed are listed as `instrumentOf` lists them. */
  readonly assets: Pick<Assets, 'assetOf' | 'instrumentOf'>;
  readonly phaseAt: SessionAt;
  /** What a new journal begins with. One that has an account keeps it. */
  readonly newAccount: AccountIdentity;
  readonly initialCashUsd: DecimalText;
  readonly log: { warn(fields: object, message: string): void };
}

const ACCOUNT_STREAM = 'account';
const RUN_STREAM = 'run';

/** The book as it was when the journal was last written, or a new one. Its open orders wait for the market. */
export async function openBook(journal: VenueJournal, settings: BookSettings): Promise<Book> {
  const { idScope, rules, assets, phaseAt, newAccount, initialCashUsd, log } = settings;
  if (journal.lastSeq === 0) {
    const opening = accountOpened({ account: newAccount, cashUsd: initialCashUsd });
    // Before the first client: the account it is told of is on the disk.
    await journal.flushed(journal.transact((tx) => tx.append(ACCOUNT_STREAM, [opening], 0)));
  }
  const [opened] = journal.readAll();
  if (opened?.type !== 'AccountOpened') {
    throw new JournalError('JOURNAL_FOREIGN', `the venue's journal begins with ${opened?.type}, not AccountOpened`);
  }
  const { cash } = opened.payload;
  if (!decimal(cash).eq(decimal(initialCashUsd))) {
    const text = `the account was opened with ${cash} USD and keeps that; venue.initialCashUsd ${initialCashUsd} is for a new one`;
    log.warn({ openedWith: cash, configured: initialCashUsd }, text);
  }
  const state = createExchangeState({
    // A run may go on over several starts, and each of these counts from 1.
    idScope: `${idScope} ${journal.lastSeq}`,
    ...{ rules, assetOf: assets.assetOf, phaseAt },
    account: accountOf(opened.payload),
    cashUsd: cash,
  });
  const played = await fold(journal, state, assets);
  resumeExchange(state);
  return { state, ...played };
}

async function fold(
  journal: VenueJournal,
  state: ExchangeState,
  assets: BookSettings['assets'],
): Promise<Pick<Book, 'run' | 'lastPosition'>> {
  let run: MarketRun | null = null;
  let lastPosition: Json | null = null;
  await journal.recover({
    snapshot: ({ seq }) => {
      throw new JournalError(
        'JOURNAL_FOREIGN',
        `the venue's journal has a snapshot at event ${seq}; the venue makes none`,
      );
    },
    event: (event) => {
      switch (event.type) {
        case 'AccountOpened': {
          const { payload } = event;
          return applyEvent(state, { kind: 'account-opened', account: accountOf(payload), cashUsd: payload.cash });
        }
        case 'RunStarted':
          run = runOf(event.payload);
          lastPosition = null;
          return;
        case 'MarketAt':
          if (event.payload.runId === run?.runId) lastPosition = event.payload.position;
          return;
        default:
          applyStored(state, assets, event);
      }
    },
  });
  return { run, lastPosition };
}

function applyStored(
  state: ExchangeState,
  assets: BookSettings['assets'],
  event: OrderJournalEvent & { readonly seq: number },
): void {
  const assetOf = (symbol: string): Asset | undefined => {
    assets.instrumentOf(symbol);
    return assets.assetOf(symbol);
  };
  try {
    applyEvent(state, eventOfChange(state, changeOf(state, assetOf, event)));
  } catch (error) {
    const text = `event ${event.seq} (${event.type}) does not fit the venue: ${(error as Error).message}`;
    throw new JournalError('JOURNAL_FOREIGN', text, error);
  }
}

/** What is noted with a step: which run, and how far its source has come. */
export interface MarketAt {
  readonly runId: string;
  readonly position: Json;
}

/** What goes into the journal: what follows from a step, or that a run begins, and what is played from here on is that. */
export type BookEntry =
  | Exclude<ExchangeOutput, { kind: 'refused' }>
  | { readonly kind: 'run-started'; readonly run: MarketRun };

/** Commits entries together: all of them are there after a start, or none. */
export function record(
  journal: Pick<VenueJournal, 'transact'>,
  entries: readonly BookEntry[],
  marketAt: MarketAt | null,
): Committed<readonly BookEntry[], JournalEvent<VenueEvents>> {
  return journal.transact((tx) => {
    for (const entry of entries) {
      switch (entry.kind) {
        case 'account-opened':
          tx.append(ACCOUNT_STREAM, [accountOpened(entry)], 'any');
          break;
        case 'run-started':
          tx.append(RUN_STREAM, [{ type: 'RunStarted', payload: runJson(entry.run) }], 'any');
          break;
        default: {
          const { orderId, clOrdId } = entry.order;
          tx.append(`order/${orderId}`, [{ ...journaled(entry), correlationId: clOrdId }], 'any');
        }
      }
    }
    if (marketAt !== null) tx.append(RUN_STREAM, [{ type: 'MarketAt', payload: marketAt }], 'any');
    return entries;
  });
}

function runJson({ runId, source, sourceId, startedNs }: MarketRun): RunJson {
  return { runId, source, sourceId, startedNs: String(startedNs) };
}

function runOf({ runId, source, sourceId, startedNs }: RunJson): MarketRun {
  return { runId, source, sourceId, startedNs: BigInt(startedNs) };
}
