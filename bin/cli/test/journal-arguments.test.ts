import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseJournalArguments, rfc3339, unixNs } from '../src/journal-arguments.ts';

const faultOf = (...argv: string[]) => {
  const parsed = parseJournalArguments(argv);
  return 'fault' in parsed ? parsed.fault : undefined;
};

describe('the arguments of tickpath journal', () => {
  test('choose what to do, where, and which events', () => {
    const argv = ['cat', 'state', '--stream=a', '--stream', 'b', '--type=T', '--from=12', '--to=2026-01-31T14:30:00Z'];
    assert.deepEqual(parseJournalArguments(argv), {
      action: 'cat',
      dir: 'state',
      filter: {
        streams: ['a', 'b'],
        types: ['T'],
        from: { seq: 12 },
        to: { tsNs: BigInt(Date.UTC(2026, 0, 31, 14, 30)) * 1_000_000n },
      },
      follow: false,
      json: false,
      out: undefined,
    });
    assert.deepEqual(parseJournalArguments(['-h']), { help: true });
  });

  test('that make no sense are told with what was found and what is allowed', () => {
    assert.match(faultOf() ?? '', /ls, cat, verify, export/);
    assert.match(faultOf('mend', 'state') ?? '', /unknown: mend/);
    assert.match(faultOf('ls') ?? '', /no folder/);
    assert.match(faultOf('ls', 'a', 'b') ?? '', /a, b/);
    assert.match(faultOf('verify', 'a', '--stream=x') ?? '', /--stream means nothing to journal verify/);
    assert.match(faultOf('cat', 'a', '--out=x') ?? '', /--out means nothing/);
    assert.match(faultOf('cat', 'a', '--nothing') ?? '', /--nothing/);
    for (const wrong of ['yesterday', '2026-01-31', '2026-13-01T00:00:00Z', '-5', '1.5', '2026-01-31T14:30:00']) {
      assert.match(faultOf('cat', 'a', `--from=${wrong}`) ?? '', /--from: found .*allowed: /, wrong);
    }
  });

  test('take a time to the nanosecond and in any zone', () => {
    assert.equal(unixNs('1970-01-01T00:00:00.000000001Z'), 1n);
    assert.equal(unixNs('1970-01-01T02:00:00.5+02:00'), 500_000_000n);
    assert.equal(unixNs('1970-01-01t00:00:01z'), 1_000_000_000n);
    assert.equal(unixNs('1970-01-01T00:00:00.0000000001Z'), undefined);
  });

  test('a time is written as it is read', () => {
    const days = 100_000n * 86_400n * 1_000_000_000n;
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: days }), (ns) => assert.equal(unixNs(rfc3339(ns)), ns)));
  });
});
