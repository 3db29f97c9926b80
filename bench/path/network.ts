import { type Network, SERVICE_NAMES } from '@tickpath/runtime';

const LOOPBACK = '127.0.0.1';

/** An installation on this machine's loopback. */
export function networkAt(portOffset: number): Network {
  const hosts = Object.fromEntries(SERVICE_NAMES.map((name) => [name, LOOPBACK])) as Network['hosts'];
  return { bindHost: LOOPBACK, portOffset, hosts };
}
