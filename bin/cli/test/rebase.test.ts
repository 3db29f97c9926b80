import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addresses } from '@tickpath/runtime';
import { freePortOffset, networkAt } from '@tickpath/testkit';
import {
  type AnyReply,
  createKeySet,
  type Envelope,
  NO_METRICS,
  type Payload,
  Responder,
  securityFrom,
  type WireSecurity,
} from '@tickpath/wire';
import { tickpath } from './cli-process.ts';

const ENDPOINTS = { risk: 'riskRequests', execution: 'executionRequests' } as const;
type Service = keyof typeof ENDPOINTS;

/** What a scripted service was asked, `SERVICE: REASON`, in turn. */
interface Asked {
  readonly portOffset: number;
  readonly seen: string[];
}

async function open(
  t: TestContext,
  asked: Asked,
  service: Service,
  { answer, security }: { answer?: (requestId: string) => AnyReply; security?: WireSecurity } = {},
): Promise<void> {
  const at = addresses(networkAt(asked.portOffset));
  const responder = await Responder.open({
    ...{ source: service, epoch: 1, nowNs: () => process.hrtime.bigint(), metrics: NO_METRICS },
    bind: at.bind(ENDPOINTS[service]),
    ...(security === undefined ? {} : { security }),
    handle: ({ kind, payload }: Envelope) => {
      assert.equal(kind, 'rebase');
      const { requestId, reason } = payload as Payload<'rebase'>;
      asked.seen.push(`${service}: ${reason}`);
      return answer?.(requestId) ?? { kind: 'rebaseReply', payload: { requestId, text: `done by ${service}` } };
    },
  });
  t.after(() => responder.close());
}

const failing = (requestId: string): AnyReply => ({
  kind: 'failure',
  payload: { requestId, code: 'INTERNAL', text: 'the venue does not answer' },
});

test('risk is asked, then execution, with the reason, and what each did is printed', async (t) => {
  const asked = { portOffset: await freePortOffset(), seen: [] };
  await open(t, asked, 'risk');
  await open(t, asked, 'execution');
  const where = `--network.portOffset=${asked.portOffset}`;
  const { status, stdout } = await tickpath('rebase', '--reason', 'a new disk', where);
  assert.deepEqual([status, stdout], [0, 'risk: done by risk\nexecution: done by execution\n']);
  assert.deepEqual(asked.seen, ['risk: a new disk', 'execution: a new disk']);
  assert.equal((await tickpath('rebase', where)).status, 0);
  assert.equal(asked.seen[2], 'risk: tickpath rebase');
});

test('it fails when one of the two cannot do it, and asks the other all the same', async (t) => {
  const asked = { portOffset: await freePortOffset(), seen: [] };
  await open(t, asked, 'risk', { answer: failing });
  await open(t, asked, 'execution');
  const { status, stdout, lines } = await tickpath('rebase', `--network.portOffset=${asked.portOffset}`);
  assert.deepEqual([status, stdout], [1, 'execution: done by execution\n']);
  assert.deepEqual(lines, ['tickpath: risk: INTERNAL: the venue does not answer']);
});

test('it fails when one of the two does not answer', async (t) => {
  const asked = { portOffset: await freePortOffset(), seen: [] };
  await open(t, asked, 'risk');
  const { status, stdout, lines } = await tickpath('rebase', `--network.portOffset=${asked.portOffset}`);
  assert.deepEqual([status, stdout, lines.length], [1, 'risk: done by risk\n', 1]);
  assert.match(lines[0] ?? '', /^tickpath: execution: rebase to tcp:.*no connection$/);
});

test('with keys it asks as cli', async (t) => {
  const keysDir = mkdtempSync(join(tmpdir(), 'tickpath-rebase-'));
  t.after(() => rmSync(keysDir, { recursive: true }));
  createKeySet(keysDir, ['risk', 'cli']);
  const security = await securityFrom(keysDir, 'risk', { onRefused: () => {} });
  t.after(() => security.close());
  const asked = { portOffset: await freePortOffset(), seen: [] };
  await open(t, asked, 'risk', { security });
  const where = [`--network.portOffset=${asked.portOffset}`, `--security.keysDir=${keysDir}`];
  const { status, stdout, lines } = await tickpath('rebase', ...where);
  assert.deepEqual([status, stdout], [1, 'risk: done by risk\n']);
  assert.deepEqual(lines, ['tickpath: no public key of execution is known: it is not on the list']);
});

test('what makes no sense is answered with the usage and exit code 2', async () => {
  for (const [argv, fault] of [
    [['rebase', 'risk'], 'tickpath: unknown argument risk'],
    [['rebase', '--reason='], 'tickpath: --reason needs a value'],
    [['rebase', '--force'], 'tickpath: unknown flag --force'],
  ] as const) {
    const { status, lines } = await tickpath(...argv);
    assert.equal(status, 2);
    assert.equal(lines[0], fault);
    assert.match(lines[1] ?? '', /^usage: tickpath rebase /);
  }
});
