import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { readZipped, recordingAt } from './recorded-data.ts';

/** An SQL database that shares nothing with the code under test, not even how it reads a recording. */
export interface Duck {
  /** The text of the first column of every row. */
  texts(sql: string): Promise<string[]>;
  run(sql: string): Promise<void>;
  /** Where a file lies that only this database needs; gone when it is closed. */
  put(name: string, content: Buffer | string): string;
}

/**
 * Opens a database of its own for `work`. Its table `trades` is empty: number `n` in the order they were recorded, Unix
 * ns, exact decimal price and size, sale conditions and tape. `rules` says what conditions do, and is empty as well.
 */
export async function withDuck(work: (duck: Duck) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tickpath-duck-'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const duck: Duck = {
      async texts(sql) {
        const reader = await connection.runAndReadAll(sql);
        return reader.getRows().map(([text]) => String(text));
      },
      async run(sql) {
        await connection.run(sql);
      },
      put(name, content) {
        const path = join(folder, name);
        writeFileSync(path, content);
        return path;
      },
    };
    await duck.run(`
      SET autoinstall_known_extensions = false;
      CREATE TABLE trades (
        n BIGINT PRIMARY KEY, tsNs BIGINT, px DECIMAL(18, 8), sz DECIMAL(18, 8), conditions VARCHAR[], tape VARCHAR
      );
      CREATE TABLE rules (condition VARCHAR, tapes VARCHAR, periods VARCHAR, openClose VARCHAR, highLow VARCHAR, volume VARCHAR);
      CREATE MACRO plain(amount) AS rtrim(rtrim(amount::VARCHAR, '0'), '.')`);
    await work(duck);
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A path or text between quotes. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** New York is four hours behind in summer. */
const HOURS_BEHIND = 4;

/** IBM's trades of a day in the summer of New York, as the provider's CSV has them. */
export async function addIbmTrades(duck: Duck, date: string): Promise<void> {
  const name = `${date.replaceAll('-', '')}_trade`;
  const csv = duck.put(`${name}.csv`, readZipped(`equities/tick/ibm/${name}.zip`));
  await duck.run(`
    INSERT INTO trades
    SELECT (SELECT count(*) FROM trades) + row_number() OVER (),
      epoch_ns(TIMESTAMP ${quoted(date)} + INTERVAL ${HOURS_BEHIND} HOUR) + ms * 1000000,
      px * 0.0001::DECIMAL(4, 4), sz, [], ''
    FROM read_csv(${quoted(csv)}, header = false, columns = {
      'ms': 'BIGINT', 'px': 'BIGINT', 'sz': 'BIGINT', 'exchange': 'VARCHAR', 'flags': 'VARCHAR', 'suspicious': 'VARCHAR'
    })`);
}

/** Trades among Binance's raw frames, from the packed file itself. */
export async function addBinanceTrades(duck: Duck, path: string): Promise<void> {
  await duck.run(`
    INSERT INTO trades
    SELECT row_number() OVER (), (frame ->> '$.data.T')::BIGINT * 1000000,
      (frame ->> '$.data.p')::DECIMAL(18, 8), (frame ->> '$.data.q')::DECIMAL(18, 8), [], ''
    FROM (
      SELECT substr(line, strpos(line, ' ') + 1) AS frame
      FROM read_csv(${quoted(fileURLToPath(recordingAt(path)))}, header = false, columns = {'line': 'VARCHAR'},
        delim = '\\t', quote = '', escape = '', compression = 'gzip', max_line_size = 16777216)
      WHERE line LIKE '%@trade"%'
    )`);
}

/** A page of Kraken's trades: `[price, volume, seconds, side, type, misc, id]` each. */
export async function addKrakenTrades(duck: Duck, path: string): Promise<void> {
  await duck.run(`
    INSERT INTO trades
    SELECT row_number() OVER (), (round((trade ->> 2)::DECIMAL(24, 12), 6) * 1000000)::BIGINT * 1000,
      (trade ->> 0)::DECIMAL(18, 8), (trade ->> 1)::DECIMAL(18, 8), [], ''
    FROM (
      SELECT unnest(json_extract(content, '$.result.XBTUSDT[*]')) AS trade
      FROM read_text(${quoted(fileURLToPath(recordingAt(path)))})
    )`);
}

/** Alpaca's rules, as the recorded facts have them. */
export async function addRules(duck: Duck, path: string): Promise<void> {
  await duck.run(`
    INSERT INTO rules
    SELECT rule[1], rule[2], rule[3], rule[4], rule[5], rule[6]
    FROM (
      SELECT unnest(json_extract(content, '$.rules')::VARCHAR[][]) AS rule
      FROM read_text(${quoted(fileURLToPath(recordingAt(path)))})
    )`);
}
