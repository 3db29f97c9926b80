/** The services that run all the time, each with a health port, in the order of those ports. */
export const SERVICE_NAMES = ['venue', 'market-data', 'store', 'signal', 'risk', 'execution', 'gateway'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

interface Endpoint {
  readonly port: number;
  /** The service that binds it. */
  readonly owner: ServiceName;
}

/** Every socket Tickpath binds (DESIGN §5): the only place where a port number is written. */
export const PORTS = {
  marketStream: { port: 5555, owner: 'market-data' },
  marketControl: { port: 5565, owner: 'market-data' },
  riskRequests: { port: 5556, owner: 'risk' },
  riskLog: { port: 5566, owner: 'risk' },
  executionPush: { port: 5557, owner: 'execution' },
  executionRequests: { port: 5558, owner: 'execution' },
  executionLog: { port: 5568, owner: 'execution' },
  storeQueries: { port: 5560, owner: 'store' },
  signalStream: { port: 5567, owner: 'signal' },
  venue: { port: 5580, owner: 'venue' },
  gateway: { port: 8080, owner: 'gateway' },
  'health.venue': { port: 9101, owner: 'venue' },
  'health.market-data': { port: 9102, owner: 'market-data' },
  'health.store': { port: 9103, owner: 'store' },
  'health.signal': { port: 9104, owner: 'signal' },
  'health.risk': { port: 9105, owner: 'risk' },
  'health.execution': { port: 9106, owner: 'execution' },
  'health.gateway': { port: 9107, owner: 'gateway' },
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof PORTS;

/** The part of the shared configuration that addresses come from. */
export interface Network {
  readonly bindHost: string;
  /** Added to every port, so that several installations fit on one machine. */
  readonly portOffset: number;
  readonly hosts: Readonly<Record<ServiceName, string>>;
}

export interface Addresses {
  readonly bindHost: string;
  port(name: EndpointName): number;
  /** Where the owner binds: `tcp://bindHost:port`. */
  bind(name: EndpointName): string;
  /** Where everyone else connects: `tcp://hostOfTheOwner:port`. */
  connect(name: EndpointName): string;
  /** `http://hostOfTheOwner:port`, without a slash at the end. */
  httpUrl(name: EndpointName): string;
}

export function addresses(network: Network): Addresses {
  const port = (name: EndpointName) => PORTS[name].port + network.portOffset;
  const authority = (host: string, name: EndpointName) => `${host.includes(':') ? `[${host}]` : host}:${port(name)}`;
  const ownerOf = (name: EndpointName) => network.hosts[PORTS[name].owner];
  return {
    bindHost: network.bindHost,
    port,
    bind: (name) => `tcp://${authority(network.bindHost, name)}`,
    connect: (name) => `tcp://${authority(ownerOf(name), name)}`,
    httpUrl: (name) => `http://${authority(ownerOf(name), name)}`,
  };
}
