import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ServiceName } from '@tickpath/runtime';
import { eventually } from '@tickpath/testkit';
import { ChurnStack, RECOVERY_MS } from './churn-stack.ts';

const ROUNDS = Number(process.env.TICKPATH_SOAK ?? 1);

/** Between any two steps that belong together a service can die. */
const POINTS: readonly (readonly [service: ServiceName, point: string])[] = [
  ['risk', 'before-commit'],
  ['risk', 'after-commit'],
  ['risk', 'after-publish'],
  ['risk', 'before-apply-commit'],
  ['risk', 'after-apply-commit'],
  ['execution', 'before-venue-call'],
  ['execution', 'after-venue-call'],
  ['execution', 'before-commit'],
  ['execution', 'after-commit'],
  ['execution', 'after-publish'],
  ['venue', 'before-commit'],
  ['venue', 'after-commit'],
  ['venue', 'after-flush'],
];

describe('a service with a book dies between two steps that belong together', {
  timeout: 120_000 + ROUNDS * POINTS.length * 60_000,
}, () => {
  let churn: ChurnStack;
  before(async () => {
    churn = await ChurnStack.start();
  });
  after(() => churn?.stop());

  for (const [service, point] of Array.from({ length: ROUNDS }, () => POINTS).flat()) {
    test(`${service} ${point}: nothing is lost, nothing is there twice`, async (t) => {
      const from = churn.lines.length;
      const armed = join(churn.failpointsDir, `${service}.${point}`);
      writeFileSync(armed, '');
      await eventually(`${service} reaches ${point}`, () => (existsSync(armed) ? undefined : true), RECOVERY_MS);
      await churn.ready(service, from);
      await churn.tradesOn();
      const { approvals, fills } = await churn.holdsTogether();
      t.diagnostic(`${approvals} approvals, ${fills} fills`);
    });
  }

  test('the journals are whole, and nothing was sent twice', () => churn.holdsWhole());
});
