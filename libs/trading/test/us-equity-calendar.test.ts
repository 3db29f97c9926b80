import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addDays,
  nextTradingDay,
  nsOfNewYork,
  settlementDateOf,
  tradingDayOf,
  tradingDays,
  weekdayOf,
} from '../src/index.ts';
import { absent, readZippedRows } from './recorded-data.ts';
import './seed.ts';

const DAILY = ['spy', 'ibm', 'aapl', 'bac', 'aig'].map((symbol) => `equities/daily/${symbol}.zip`);

test('the trading days are those on which five recorded stocks traded, 1998 to 2021, to the day', {
  skip: DAILY.map(absent).find(Boolean) ?? false,
}, (t) => {
  for (const path of DAILY) {
    const recorded = readZippedRows(path).map(([time]) => isoDate(time ?? ''));
    const [first = '', last = ''] = [recorded[0], recorded.at(-1)];
    t.diagnostic(`${path}: ${recorded.length} days from ${first} to ${last}`);
    assert.ok(recorded.length > 5000, path);
    assert.deepEqual(
      tradingDays(first, last).map(({ date }) => date),
      recorded,
    );
  }
});

function isoDate(time: string): string {
  return `${time.slice(0, 4)}-${time.slice(4, 6)}-${time.slice(6, 8)}`;
}

/** Weekdays without trading, as the New York Stock Exchange has announced them. */
const ANNOUNCED: Readonly<Record<string, string>> = {
  2022: '01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26',
  2023: '01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25',
  2024: '01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25',
  2025: '01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25',
  2026: '01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25',
  2027: '01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24',
  2028: '01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25',
};

test('the holidays from 2022 on are those that the exchange has announced', () => {
  for (const [year, expected] of Object.entries(ANNOUNCED)) {
    const closed: string[] = [];
    for (let date = `${year}-01-01`; date <= `${year}-12-31`; date = addDays(date, 1)) {
      if (weekdayOf(date) % 6 !== 0 && tradingDayOf(date) === undefined) closed.push(date.slice(5));
    }
    assert.equal(closed.join(' '), expected, year);
  }
});

/** Days that closed early, or are announced to: from the list of special closings of the exchange, and its calendars. */
const EARLY_CLOSES: Readonly<Record<string, string>> = {
  ...{ 1990: '12-24', 1991: '12-24', 1992: '11-27 12-24', 1993: '11-26', 1994: '02-11 11-25', 1995: '07-03 11-24' },
  ...{ 1996: '01-08 07-05 11-29 12-24', 1997: '07-03 10-27 11-28 12-24 12-26', 1998: '11-27 12-24' },
  ...{ 1999: '11-26 12-31', 2000: '07-03 11-24', 2001: '07-03 11-23 12-24', 2002: '07-05 11-29 12-24' },
  ...{ 2003: '07-03 11-28 12-24 12-26', 2004: '11-26', 2005: '11-25', 2006: '07-03 11-24', 2007: '07-03 11-23 12-24' },
  ...{ 2008: '07-03 11-28 12-24', 2009: '11-27 12-24', 2010: '11-26', 2011: '11-25', 2012: '07-03 11-23 12-24' },
  ...{ 2013: '07-03 11-29 12-24', 2014: '07-03 11-28 12-24', 2015: '11-27 12-24', 2016: '11-25' },
  ...{ 2017: '07-03 11-24', 2018: '07-03 11-23 12-24', 2019: '07-03 11-29 12-24', 2020: '11-27 12-24' },
  ...{ 2021: '11-26', 2022: '11-25', 2023: '07-03 11-24', 2024: '07-03 11-29 12-24', 2025: '07-03 11-28 12-24' },
  ...{ 2026: '11-27 12-24', 2027: '11-26', 2028: '07-03 11-24' },
};

test('the days that close early are those that the exchange lists, 1990 to 2028', () => {
  for (const [year, expected] of Object.entries(EARLY_CLOSES)) {
    const early = tradingDays(`${year}-01-01`, `${year}-12-31`).filter(({ isEarlyClose }) => isEarlyClose);
    assert.equal(early.map(({ date }) => date.slice(5)).join(' '), expected, year);
  }
});

test('the exchange was closed on the days of mourning, storms and elections that its list has since 1970', () => {
  const closed = '1972-11-07 1972-12-28 1973-01-25 1976-11-02 1977-07-14 1980-11-04 1985-09-27 1994-04-27'.split(' ');
  for (const date of closed) assert.equal(tradingDayOf(date), undefined, date);
  for (const date of ['1970-05-29', '1971-02-15', '1971-05-31', '1970-02-23']) {
    assert.equal(tradingDayOf(date), undefined, `${date} is a holiday as it was kept then`);
  }
  for (const date of ['1971-12-31', '1997-01-20', '2021-06-18', '1984-11-06', '2010-12-31', '2021-12-31']) {
    assert.equal(tradingDayOf(date)?.date, date, `${date} is none`);
  }
});

test('a day trades from 4:00 to 20:00, one that closes early until 17:00', () => {
  const day = tradingDayOf('2026-11-25');
  assert.deepEqual(day, {
    date: '2026-11-25',
    preOpenNs: nsOfNewYork('2026-11-25', 4),
    openNs: nsOfNewYork('2026-11-25', 9, 30),
    closeNs: nsOfNewYork('2026-11-25', 16),
    postCloseNs: nsOfNewYork('2026-11-25', 20),
    isEarlyClose: false,
  });
  const short = tradingDayOf('2026-11-27');
  assert.equal(short?.closeNs, nsOfNewYork('2026-11-27', 13));
  assert.equal(short?.postCloseNs, nsOfNewYork('2026-11-27', 17));
  assert.equal(tradingDayOf('2002-09-11')?.openNs, nsOfNewYork('2002-09-11', 12));
});

test('sessions follow each other without overlap, in every order of asking', () => {
  const anyDate = fc.integer({ min: 0, max: 25_000 }).map((days) => addDays('1970-01-01', days));
  fc.assert(
    fc.property(anyDate, (date) => {
      const next = nextTradingDay(date);
      assert.ok(next.date > date && next.date <= addDays(date, 7), `${date} ${next.date}`);
      assert.deepEqual(tradingDays(addDays(date, 1), next.date), [next]);
      const { preOpenNs, openNs, closeNs, postCloseNs } = next;
      assert.ok(preOpenNs < openNs && openNs < closeNs && closeNs < postCloseNs);
      assert.ok(postCloseNs < nextTradingDay(next.date).preOpenNs);
      const settled = settlementDateOf(date);
      assert.ok(settled > date && tradingDayOf(settled) !== undefined);
      assert.ok(settlementDateOf(addDays(date, 1)) >= settled, 'what is traded later settles no earlier');
    }),
  );
});

test('trades settle after as many days as the rules of their time say, and not when banks are closed', () => {
  assert.equal(settlementDateOf('2026-11-25'), '2026-11-27');
  assert.equal(settlementDateOf('2026-11-27'), '2026-11-30');
  assert.equal(settlementDateOf('2025-07-03'), '2025-07-07');
  assert.equal(settlementDateOf('2024-05-24'), '2024-05-29');
  assert.equal(settlementDateOf('2024-05-28'), '2024-05-29');
  assert.equal(settlementDateOf('2017-09-01'), '2017-09-07');
  assert.equal(settlementDateOf('2013-10-07'), '2013-10-10');
  assert.equal(settlementDateOf('2025-10-10'), '2025-10-14', 'over Columbus Day');
  assert.equal(settlementDateOf('2025-11-10'), '2025-11-12', 'over Veterans Day');
});
