import { EXIT_UNRECOVERABLE } from '@tickpath/runtime';

export const FIRST_BACK_OFF_MS = 250;
export const LONGEST_BACK_OFF_MS = 10_000;
/** A service that was ready for this long starts again with the first back-off when it dies. */
export const HEALTHY_AFTER_MS = 30_000;
/** Between SIGTERM and SIGKILL: longer than a service gives itself, shorter than what we promise. */
export const STOP_DEADLINE_MS = 2500;

/** A service is alive with a process, waiting for its back-off to pass, or over for good. */
type ServiceState =
  | { readonly kind: 'alive'; readonly readySinceMs: number | undefined }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'over' };

interface Supervised {
  readonly state: ServiceState;
  /** Deaths in a row, without 30 healthy seconds between them. */
  readonly deaths: number;
}

export interface Supervision {
  readonly services: ReadonlyMap<string, Supervised>;
  /** Undefined while running; once set, nothing is started any more and this is the exit code. */
  readonly exitCode: number | undefined;
  /** The one service that ended the run because it cannot start. */
  readonly culprit: string | undefined;
}

/** How a process ended: the exit code, or the signal's name. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

export type SupervisionEvent =
  | { readonly kind: 'ready'; readonly service: string; readonly nowMs: number }
  | ({ readonly kind: 'exited'; readonly service: string; readonly nowMs: number } & Ending)
  | { readonly kind: 'backOffPassed'; readonly service: string }
  | { readonly kind: 'stopRequested' }
  | { readonly kind: 'stopDeadlinePassed' }
  | { readonly kind: 'killRequested' };

export type SupervisionAction =
  | { readonly kind: 'start'; readonly service: string }
  | { readonly kind: 'signal'; readonly service: string; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly kind: 'startLater'; readonly service: string; readonly delayMs: number }
  | { readonly kind: 'reportDeath'; readonly service: string; readonly ending: Ending; readonly restartInMs: number }
  | { readonly kind: 'killLater'; readonly delayMs: number }
  | { readonly kind: 'finish'; readonly exitCode: number };

export interface Step {
  readonly next: Supervision;
  readonly actions: readonly SupervisionAction[];
}

/** All services started at once. */
export function beginSupervision(services: readonly string[]): Step {
  const alive = { state: { kind: 'alive', readySinceMs: undefined }, deaths: 0 } as const;
  return {
    next: { services: new Map(services.map((name) => [name, alive])), exitCode: undefined, culprit: undefined },
    actions: services.map((service) => ({ kind: 'start', service })),
  };
}

/**
 * What an event changes and what is to be done about it. Events may come in any order and late: one that its service's
 * state does not expect changes nothing. `finish` is the last action, and comes only when no process is alive.
 */
export function supervise(current: Supervision, event: SupervisionEvent): Step {
  switch (event.kind) {
    case 'ready':
      return ready(current, event);
    case 'exited':
      return exited(current, event);
    case 'backOffPassed':
      return backOffPassed(current, event.service);
    case 'stopRequested':
      return current.exitCode === undefined ? stopAll(current, { exitCode: 0 }) : nothing(current);
    case 'stopDeadlinePassed':
      return current.exitCode === undefined
        ? nothing(current)
        : { next: current, actions: signalAll(current, 'SIGKILL') };
    case 'killRequested': {
      const { next } = current.exitCode === undefined ? stopAll(current, { exitCode: 0 }) : nothing(current);
      return { next, actions: [...signalAll(next, 'SIGKILL'), ...finishIfOver(current, next)] };
    }
  }
}

function ready(current: Supervision, { service, nowMs }: { service: string; nowMs: number }): Step {
  const supervised = current.services.get(service);
  if (supervised?.state.kind !== 'alive' || supervised.state.readySinceMs !== undefined) return nothing(current);
  return nothing(withService(current, service, { ...supervised, state: { kind: 'alive', readySinceMs: nowMs } }));
}

function exited(current: Supervision, event: { service: string; nowMs: number } & Ending): Step {
  const { service, nowMs, code, signal } = event;
  const supervised = current.services.get(service);
  if (supervised?.state.kind !== 'alive') return nothing(current);
  const over = withService(current, service, { ...supervised, state: { kind: 'over' } });
  if (current.exitCode !== undefined) return { next: over, actions: finishIfOver(current, over) };
  if (code === EXIT_UNRECOVERABLE) return stopAll(over, { exitCode: 1, culprit: service });

  const { readySinceMs } = supervised.state;
  const wasHealthy = readySinceMs !== undefined && nowMs - readySinceMs >= HEALTHY_AFTER_MS;
  const deaths = wasHealthy ? 1 : supervised.deaths + 1;
  const delayMs = backOffMs(deaths);
  return {
    next: withService(current, service, { ...supervised, state: { kind: 'waiting' }, deaths }),
    actions: [
      { kind: 'reportDeath', service, ending: { code, signal }, restartInMs: delayMs },
      { kind: 'startLater', service, delayMs },
    ],
  };
}

function backOffPassed(current: Supervision, service: string): Step {
  const supervised = current.services.get(service);
  if (supervised?.state.kind !== 'waiting') return nothing(current);
  return {
    next: withService(current, service, { ...supervised, state: { kind: 'alive', readySinceMs: undefined } }),
    actions: [{ kind: 'start', service }],
  };
}

function stopAll(current: Supervision, { exitCode, culprit }: { exitCode: number; culprit?: string }): Step {
  const services = new Map(
    [...current.services].map(([name, supervised]) => {
      const state: ServiceState = supervised.state.kind === 'alive' ? supervised.state : { kind: 'over' };
      return [name, { ...supervised, state }];
    }),
  );
  const next = { services, exitCode, culprit };
  const finish = finishIfOver(current, next);
  if (finish.length > 0) return { next, actions: finish };
  return { next, actions: [...signalAll(next, 'SIGTERM'), { kind: 'killLater', delayMs: STOP_DEADLINE_MS }] };
}

/** `finish` on the step that ended the last process, and on no other. */
function finishIfOver(before: Supervision, after: Supervision): SupervisionAction[] {
  const isOver = (each: Supervision) => each.exitCode !== undefined && alive(each).length === 0;
  return !isOver(before) && isOver(after) ? [{ kind: 'finish', exitCode: after.exitCode ?? 0 }] : [];
}

function signalAll(current: Supervision, signal: 'SIGTERM' | 'SIGKILL'): SupervisionAction[] {
  return alive(current).map((service) => ({ kind: 'signal', service, signal }));
}

function alive(current: Supervision): string[] {
  return [...current.services].filter(([, { state }]) => state.kind === 'alive').map(([name]) => name);
}

/** 250 ms after the first death, doubled with each further one, never more than 10 s. */
export function backOffMs(deaths: number): number {
  return Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.max(0, deaths - 1));
}

function withService(current: Supervision, service: string, supervised: Supervised): Supervision {
  return { ...current, services: new Map(current.services).set(service, supervised) };
}

function nothing(next: Supervision): Step {
  return { next, actions: [] };
}
