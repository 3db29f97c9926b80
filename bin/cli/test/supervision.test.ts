import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXIT_UNRECOVERABLE } from '@tickpath/runtime';
import fc from 'fast-check';
import {
  backOffMs,
  beginSupervision,
  FIRST_BACK_OFF_MS,
  HEALTHY_AFTER_MS,
  LONGEST_BACK_OFF_MS,
  type Step,
  type SupervisionAction,
  type SupervisionEvent,
  supervise,
} from '../src/supervision.ts';

const SERVICES = ['venue', 'risk', 'signal'] as const;

/** The steps of a run of events, the beginning included. */
function run(events: readonly SupervisionEvent[], services: readonly string[] = SERVICES): Step[] {
  const steps = [beginSupervision(services)];
  for (const event of events) steps.push(supervise(lastOf(steps).next, event));
  return steps;
}

function lastOf(steps: readonly Step[]): Step {
  const last = steps.at(-1);
  assert.ok(last);
  return last;
}

const died = (service: string, code: number, nowMs = 0): SupervisionEvent => ({
  kind: 'exited',
  service,
  nowMs,
  code,
  signal: null,
});
const backOffPassed = (service: string): SupervisionEvent => ({ kind: 'backOffPassed', service });
const ready = (service: string, nowMs = 0): SupervisionEvent => ({ kind: 'ready', service, nowMs });
const kinds = (actions: readonly SupervisionAction[]) => actions.map(({ kind }) => kind);

describe('in any order of exits, timers and signals', () => {
  const service = fc.constantFrom(...SERVICES);
  const event: fc.Arbitrary<SupervisionEvent> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('ready' as const), service, nowMs: fc.nat(100_000) }) },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('exited' as const),
        service,
        nowMs: fc.nat(200_000),
        code: fc.constantFrom(0, 1, 70, EXIT_UNRECOVERABLE, null),
        signal: fc.constantFrom(null, 'SIGKILL'),
      }),
    },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('backOffPassed' as const), service }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'stopRequested' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'stopDeadlinePassed' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'killRequested' as const }) },
  );

  test('no service runs twice, none starts after the stop, and the end comes once, with nobody alive', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const alive = new Set<string>();
        let current = beginSupervision(SERVICES);
        let isStopping = false;
        let finishes = 0;
        const apply = ({ next, actions }: Step) => {
          for (const action of actions) {
            if (action.kind === 'start') {
              assert.ok(!alive.has(action.service), 'started while alive');
              assert.ok(!isStopping, 'started after the stop');
              alive.add(action.service);
            }
            if (action.kind === 'signal') assert.ok(alive.has(action.service), 'signalled while dead');
            if (action.kind === 'startLater') {
              assert.ok(action.delayMs >= FIRST_BACK_OFF_MS && action.delayMs <= LONGEST_BACK_OFF_MS);
            }
            if (action.kind === 'finish') {
              finishes += 1;
              assert.equal(alive.size, 0, 'finished with a live process');
            }
          }
          isStopping = next.exitCode !== undefined;
        };
        const happen = (each: SupervisionEvent) => {
          // A process can only exit once.
          if (each.kind === 'exited' && !alive.delete(each.service)) return;
          current = supervise(current.next, each);
          apply(current);
        };
        apply(current);
        for (const each of events) happen(each);
        happen({ kind: 'stopRequested' });
        happen({ kind: 'stopDeadlinePassed' });
        for (const name of SERVICES) happen(died(name, 0));
        assert.equal(finishes, 1);
        assert.equal(alive.size, 0);
      }),
    );
  });

  test('an event that its service does not expect changes nothing', () => {
    const { next } = beginSupervision(SERVICES);
    assert.deepEqual(supervise(next, backOffPassed('venue')), { next, actions: [] });
    assert.deepEqual(supervise(next, ready('nobody')), { next, actions: [] });
  });
});

describe('a service that dies by itself', () => {
  test('is reported and starts again after its back-off', () => {
    const steps = run([ready('risk'), died('risk', 70, 10), backOffPassed('risk')]);
    assert.deepEqual(steps[2]?.actions, [
      { kind: 'reportDeath', service: 'risk', ending: { code: 70, signal: null }, restartInMs: 250 },
      { kind: 'startLater', service: 'risk', delayMs: 250 },
    ]);
    assert.deepEqual(steps[3]?.actions, [{ kind: 'start', service: 'risk' }]);
  });

  test('waits twice as long after each death, up to ten seconds', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6, 7, 50, 5000].map(backOffMs),
      [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000],
    );
  });

  test('waits as after a first death again once it was ready for 30 s', () => {
    const delayAfter = (healthyMs: number) => {
      const events = [
        died('risk', 1),
        backOffPassed('risk'),
        died('risk', 1),
        backOffPassed('risk'),
        ready('risk', 1000),
      ];
      const [, later] = lastOf(run([...events, died('risk', 1, 1000 + healthyMs)])).actions;
      assert.equal(later?.kind, 'startLater');
      return later.delayMs;
    };
    assert.equal(delayAfter(HEALTHY_AFTER_MS - 1), 1000);
    assert.equal(delayAfter(HEALTHY_AFTER_MS), 250);
  });
});

describe('a service that cannot run', () => {
  test('ends all the others and the run with exit code 1', () => {
    const steps = run([died('signal', EXIT_UNRECOVERABLE), died('risk', 0), died('venue', 0)]);
    assert.deepEqual(steps[1]?.actions, [
      { kind: 'signal', service: 'venue', signal: 'SIGTERM' },
      { kind: 'signal', service: 'risk', signal: 'SIGTERM' },
      { kind: 'killLater', delayMs: 2500 },
    ]);
    assert.equal(lastOf(steps).next.culprit, 'signal');
    assert.deepEqual(lastOf(steps).actions, [{ kind: 'finish', exitCode: 1 }]);
  });

  test('ends the run at once when it is alone', () => {
    assert.deepEqual(lastOf(run([died('venue', EXIT_UNRECOVERABLE)], ['venue'])).actions, [
      { kind: 'finish', exitCode: 1 },
    ]);
  });

  test('stops all even if it could run before: a restart does not cure it', () => {
    const events = [ready('signal'), died('signal', 1), backOffPassed('signal'), died('signal', EXIT_UNRECOVERABLE)];
    assert.deepEqual(kinds(lastOf(run(events)).actions), ['signal', 'signal', 'killLater']);
  });
});

describe('a stop', () => {
  test('asks first and kills what is alive at the deadline', () => {
    const steps = run([{ kind: 'stopRequested' }, died('venue', 0), { kind: 'stopDeadlinePassed' }]);
    assert.deepEqual(kinds(steps[1]?.actions ?? []), ['signal', 'signal', 'signal', 'killLater']);
    assert.deepEqual(lastOf(steps).actions, [
      { kind: 'signal', service: 'risk', signal: 'SIGKILL' },
      { kind: 'signal', service: 'signal', signal: 'SIGKILL' },
    ]);
  });

  test('of services that all wait to start again ends at once', () => {
    const steps = run([died('venue', 1), { kind: 'stopRequested' }], ['venue']);
    assert.deepEqual(lastOf(steps).actions, [{ kind: 'finish', exitCode: 0 }]);
    assert.deepEqual(supervise(lastOf(steps).next, backOffPassed('venue')).actions, []);
  });

  test('by killing does not ask', () => {
    const steps = run([{ kind: 'killRequested' }]);
    assert.deepEqual(
      lastOf(steps).actions.map((action) => action.kind === 'signal' && action.signal),
      ['SIGKILL', 'SIGKILL', 'SIGKILL'],
    );
  });
});
