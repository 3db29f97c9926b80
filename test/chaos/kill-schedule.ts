import type { ServiceName } from '@tickpath/runtime';
import { seededNumbers } from '../journal/seeded.ts';

const SERVICES: readonly ServiceName[] = ['venue', 'market-data', 'store', 'signal', 'risk', 'execution'];
/** The services that hold a book are hit more often. */
const URN: readonly ServiceName[] = [...SERVICES, 'venue', 'risk', 'execution', 'risk', 'execution'];

/** One incident: some services are stopped for a while (SIGSTOP), some killed (SIGKILL) at once with it. */
export interface Incident {
  readonly killed: readonly ServiceName[];
  readonly paused: readonly ServiceName[];
  readonly pauseMs: number;
  /** Whether everything has to be well again before the next one comes; otherwise it comes as soon as trading goes on. */
  readonly settles: boolean;
}

/** One service killed again and again while it trades; only after the last everything has to be well first. */
export function killsOf(service: ServiceName, count: number): Incident[] {
  return Array.from({ length: count }, (_, i) => ({
    killed: [service],
    paused: [],
    pauseMs: 0,
    settles: i === count - 1,
  }));
}

/** Incidents that the seed decides. */
export function incidentsOf(seed: number, count: number): Incident[] {
  const random = seededNumbers(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  return Array.from({ length: count }, (_, index) => {
    const kind = pick(['kill', 'kill', 'kill', 'kill both', 'kill three', 'pause', 'kill while paused']);
    const wanted = kind === 'kill three' ? 3 : kind === 'kill' || kind === 'pause' ? 1 : 2;
    const hit = new Set<ServiceName>();
    while (hit.size < wanted) hit.add(pick(URN));
    const services = [...hit];
    const paused = kind === 'pause' ? services : kind === 'kill while paused' ? services.slice(1) : [];
    return {
      paused,
      killed: services.filter((service) => !paused.includes(service)),
      pauseMs: paused.length === 0 ? 0 : 500 + Math.floor(random() * 4500),
      settles: index === count - 1 || random() < 0.6,
    };
  });
}

export function textOf({ killed, paused, pauseMs, settles }: Incident): string {
  const parts = [
    ...(killed.length > 0 ? [`kill ${killed.join(' + ')}`] : []),
    ...(paused.length > 0 ? [`pause ${paused.join(' + ')} for ${pauseMs} ms`] : []),
  ];
  return parts.join(' while ') + (settles ? '' : ', and the next soon');
}
