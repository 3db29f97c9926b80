import { intBetween, textLike } from './config-format.ts';
import { type ConfigOf, defineSchema } from './config-schema.ts';
import { PORTS } from './ports.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const HIGHEST_PORT = Math.max(...Object.values(PORTS).map((endpoint) => endpoint.port));
const host = { doc: 'Host under which the others reach it.', format: 'text', default: '127.0.0.1' } as const;

/** The sections every service reads. */
export const sharedSchema = defineSchema({
  network: {
    bindHost: { doc: 'Address that every socket binds to.', format: 'text', default: '127.0.0.1' },
    portOffset: {
      doc: 'Added to every port, so that several installations fit on one machine.',
      format: intBetween(0, 65535 - HIGHEST_PORT),
      default: 0,
    },
    hosts: {
      venue: host,
      'market-data': host,
      store: host,
      signal: host,
      risk: host,
      execution: host,
      gateway: host,
    },
  },
  log: {
    level: { doc: 'Lowest level that is logged.', format: LOG_LEVELS, default: 'info' },
  },
  tracing: {
    exporter: {
      doc: 'Where spans go: jaeger is Thrift over HTTP, otlp is OTLP over HTTP; none makes no spans.',
      format: ['none', 'jaeger', 'otlp'],
      default: 'jaeger',
    },
    url: {
      doc: "Where the exporter posts to; null is the exporter's usual address on this machine.",
      format: textLike(/^https?:\/\/[^\s]+$/, 'an http or https URL'),
      nullable: true,
      default: null,
    },
    queryUrl: {
      doc: "Jaeger's query API, where `tickpath trace` asks.",
      format: textLike(/^https?:\/\/[^\s]+$/, 'an http or https URL'),
      default: 'http://127.0.0.1:16686',
    },
    queueSpans: {
      doc: 'Spans that may wait for the exporter, in memory; what comes on top is dropped and counted.',
      format: intBetween(1, 262_144),
      default: 16_384,
    },
  },
  alpaca: {
    keyId: {
      doc: "Alpaca's key id. Without a pair the simulated venue makes one and keeps it in data.dir.",
      format: 'any-text',
      default: '',
      sensitive: true,
      env: 'APCA_API_KEY_ID',
    },
    secretKey: {
      doc: "Alpaca's secret.",
      format: 'any-text',
      default: '',
      sensitive: true,
      env: 'APCA_API_SECRET_KEY',
    },
  },
  installation: {
    prefix: {
      doc: 'Begins every clOrdId; by it an installation knows its own orders at a venue.',
      format: textLike(/^[a-z0-9]{1,8}$/, '1 to 8 lowercase letters or digits'),
      default: 'tp',
    },
  },
  data: {
    dir: {
      doc: 'Folder of the journals, one a service; relative to where a service runs: under `tickpath start` the workspace.',
      format: 'text',
      default: 'data',
    },
  },
  security: {
    keysDir: {
      doc: 'Folder of the CURVE keys that `tickpath keys` makes; without it sockets are open to whoever reaches them.',
      format: 'text',
      nullable: true,
      default: null,
    },
  },
});

export type SharedConfig = ConfigOf<typeof sharedSchema>;
