import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { addresses, type ServiceName } from '@tickpath/runtime';
import { eventually, networkAt, TestStack } from '@tickpath/testkit';

const KEYS = { keyId: 'PKTEST', secretKey: 'service-killed' };
/** Fast bars make orders every few seconds; a short window keeps what may be in flight short. */
const FLAGS = [
  '--signal.momentum.fastBars=2',
  '--signal.momentum.slowBars=4',
  '--execution.requestTimeoutMs=1000',
  '--execution.maxInFlightMs=1000',
  `--alpaca.keyId=${KEYS.keyId}`,
  `--alpaca.secretKey=${KEYS.secretKey}`,
];

const KILLED: readonly (readonly ServiceName[])[] = [
  ['market-data'],
  ['store'],
  ['signal'],
  ['risk'],
  ['execution'],
  ['venue'],
  ['risk', 'execution'],
  ['risk', 'execution', 'signal', 'venue'],
];

interface Book {
  readonly cash: string;
  readonly positions: Readonly<Record<string, { readonly qty: string; readonly cost: string }>>;
}

describe('services are killed while they trade', { timeout: 300_000 }, () => {
  let stack: TestStack;
  beforeEach(async () => {
    stack = await TestStack.start(FLAGS);
    await stack.process.line(/"msg":"fill /, { boundMs: 60_000 });
  });
  afterEach(() => stack.stop());

  const venueBook = async (): Promise<Book> => {
    const url = addresses(networkAt(stack.portOffset)).httpUrl('venue');
    const headers = { 'apca-api-key-id': KEYS.keyId, 'apca-api-secret-key': KEYS.secretKey };
    const get = async (path: string) => (await fetch(`${url}${path}`, { headers })).json();
    const account = (await get('/v2/account')) as { cash: string };
    const positions = (await get('/v2/positions')) as { symbol: string; qty: string; cost_basis: string }[];
    const held = positions.map(({ symbol, qty, cost_basis }) => [symbol, { qty, cost: cost_basis }]);
    return { cash: account.cash, positions: Object.fromEntries(held) };
  };
  const riskPortfolio = async () =>
    (await stack.ask('riskRequests', ['portfolioQuery', 'portfolio'], { requestId: 'book' })).reply;
  const riskBook = async (): Promise<Book> => {
    const { cash, positions } = await riskPortfolio();
    const held = positions.filter(({ qty }) => qty !== '0').map(({ symbol, qty, cost }) => [symbol, { qty, cost }]);
    return { cash, positions: Object.fromEntries(held) };
  };

  test('each is ready again, trading goes on, and the book of risk is that of the venue to the last decimal', async () => {
    for (const services of KILLED) {
      const from = stack.process.lines.length;
      const pids = await Promise.all(services.map(async (service) => (await stack.health(service)).pid));
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      for (const service of services) {
        await stack.process.line(new RegExp(`"service":"${service}".*"lifecycle":"ready"`), { from, boundMs: 30_000 });
      }
      const ready = stack.process.lines.length;
      await stack.process.line(/"msg":"fill /, { from: ready, boundMs: 60_000 });

      await eventually(`the books of risk and venue agree after ${services.join(', ')}`, async () =>
        isDeepStrictEqual(await riskBook(), await venueBook()) ? true : undefined,
      );
      const { state, imbalance } = await riskPortfolio();
      assert.equal(state, 'ACTIVE', services.join(', '));
      assert.equal(imbalance, '0');
      const halts = stack.process.lines.slice(from).filter((line) => line.includes('trading is HALTED'));
      assert.deepEqual(halts, [], services.join(', '));
      if (services.includes('venue')) assertNoApprovalOnAnotherBook(stack.process.lines.slice(from));
    }
  });
});

/** Between the moment the venue is up with a new book and the moment that execution has read it, risk approves nothing. */
function assertNoApprovalOnAnotherBook(lines: readonly string[]): void {
  const venueUp = lines.findIndex((line) => /"service":"venue".*"lifecycle":"ready"/.test(line));
  const taken = lines.findIndex((line, index) => index > venueUp && line.includes('account taken from the venue'));
  assert.ok(venueUp >= 0 && taken > venueUp, 'execution takes the account of the new book');
  const approvals = lines.slice(venueUp, taken).filter((line) => /"service":"risk".*"msg":"approved /.test(line));
  assert.deepEqual(approvals, []);
}
