import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { toJournalError } from './errors.ts';
import { cutWalBehind } from './wal-file.ts';

/** KiB of pages that a connection keeps in memory, at most. */
const CACHE_KIB = 8 * 1024;

/** A row of a statement that returns arrays. */
export type Row = readonly unknown[];

/** Frames of the WAL: all of them, and those that are in the main file already. */
export interface WalState {
  readonly frames: number;
  readonly copied: number;
}

/** A connection whose errors name the file and are ours. Statements return arrays and are prepared once. */
export class Database {
  readonly path: string;
  readonly #sqlite: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Creates the file unless `readOnly`. Throws a `JournalError`. */
  constructor(path: string, options: { readonly readOnly?: boolean; readonly location?: string } = {}) {
    this.path = path;
    try {
      this.#sqlite = new DatabaseSync(options.location ?? path, { readOnly: options.readOnly ?? false, timeout: 0 });
    } catch (error) {
      throw toJournalError(error, path, 'cannot be opened');
    }
  }

  /** Never writes pages of a transaction before its commit, never checkpoints on its own, bounds its cache. */
  configure(synchronous: 'OFF' | 'NORMAL' | 'FULL'): void {
    this.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_spill = OFF;
      PRAGMA synchronous = ${synchronous}; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;`);
  }

  statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    return this.guard('cannot be read', () => {
      const made = this.#sqlite.prepare(sql);
      made.setReturnArrays(true);
      this.#statements.set(sql, made);
      return made;
    });
  }

  exec(sql: string): void {
    this.guard('cannot be changed', () => this.#sqlite.exec(sql));
  }

  run(sql: string, ...cells: SQLInputValue[]): void {
    const statement = this.statement(sql);
    this.guard('cannot be written', () => statement.run(...cells));
  }

  get(sql: string, ...cells: SQLInputValue[]): Row | undefined {
    const statement = this.statement(sql);
    return this.guard('cannot be read', () => statement.get(...cells)) as Row | undefined;
  }

  all(sql: string, ...cells: SQLInputValue[]): readonly Row[] {
    const statement = this.statement(sql);
    return this.guard('cannot be read', () => statement.all(...cells)) as unknown as readonly Row[];
  }

  /** The first cell of the first row as a number; undefined for none and for null. */
  number(sql: string, ...cells: SQLInputValue[]): number | undefined {
    const cell = this.get(sql, ...cells)?.[0];
    return typeof cell === 'number' ? cell : undefined;
  }

  /** Begins a transaction unless there is one. A read outside of any takes the locks of one of its own. */
  begin(): void {
    if (!this.#sqlite.isTransaction) this.run('BEGIN IMMEDIATE');
  }

  /** Runs `work` in one transaction, the one begun or a new one: all of it or nothing. */
  transaction<R>(work: () => R): R {
    this.begin();
    try {
      const result = work();
      this.run('COMMIT');
      return result;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** As `transaction` for work that is one statement: SQLite makes it one by itself, a tenth faster. */
  single<R>(work: () => R): R {
    return this.#sqlite.isTransaction ? this.transaction(work) : work();
  }

  /** Leaves no transaction open, whatever the one before ended with. */
  rollback(): void {
    if (this.#sqlite.isTransaction) this.run('ROLLBACK');
  }

  walState(): WalState {
    return this.#checkpoint('NOOP');
  }

  /** True if the WAL is empty now. False if somebody reads from it still. Never waits for a lock. */
  truncateWal(): boolean {
    return this.#checkpoint('TRUNCATE').frames === 0;
  }

  /** Removes what an unfinished commit has left behind the WAL's end. For its writer, with no transaction open. */
  cutWal(): void {
    const { frames } = this.walState();
    this.guard('cannot be cut', () => cutWalBehind(`${this.path}-wal`, frames, this.number('PRAGMA page_size') ?? 0));
  }

  /** Copies what no reader holds back into the main file and syncs both files, as `synchronous` says. */
  checkpoint(): WalState {
    return this.#checkpoint('PASSIVE');
  }

  close(): void {
    this.#statements.clear();
    if (this.#sqlite.isOpen) this.guard('cannot be closed', () => this.#sqlite.close());
  }

  guard<R>(doing: string, work: () => R): R {
    try {
      return work();
    } catch (error) {
      throw toJournalError(error, this.path, doing);
    }
  }

  #checkpoint(mode: string): WalState {
    const [, frames = 0, copied = 0] = this.get(`PRAGMA wal_checkpoint(${mode})`) as readonly number[];
    return { frames, copied };
  }
}
