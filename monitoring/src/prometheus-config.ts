import { PORTS, SERVICE_NAMES, type ServiceName } from '@tickpath/runtime';
import { stringify } from 'yaml';
import { SCRAPE_INTERVAL } from './data-sources.ts';

/** The services that run today, in the order of their ports. */
export const SCRAPED: readonly ServiceName[] = SERVICE_NAMES.filter((name) => name !== 'gateway');

interface Place {
  /** Where the metrics of a service are: in Compose its name is its host, on the host all are on loopback. */
  readonly hostOf: (service: ServiceName) => string;
  readonly alertmanager: string;
  readonly others: Readonly<Record<string, string>>;
}

const COMPOSE: Place = {
  hostOf: (service) => service,
  alertmanager: 'alertmanager:9093',
  others: { prometheus: 'localhost:9090', alertmanager: 'alertmanager:9093', jaeger: 'jaeger:8888' },
};

const HOST: Place = {
  hostOf: () => '127.0.0.1',
  alertmanager: '127.0.0.1:9093',
  others: { prometheus: '127.0.0.1:9090' },
};

/** `prometheus.yml`: scrapes the stack inside Compose. */
export function composePrometheusYaml(): string {
  return prometheusYaml(COMPOSE);
}

/** `prometheus.host.yml`: scrapes a stack that `npm start` runs on this machine. */
export function hostPrometheusYaml(): string {
  return prometheusYaml(HOST);
}

function prometheusYaml({ hostOf, alertmanager, others }: Place): string {
  const config = {
    global: { scrape_interval: SCRAPE_INTERVAL, scrape_timeout: '4s', evaluation_interval: SCRAPE_INTERVAL },
    rule_files: ['rules/*.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [
      {
        job_name: 'tickpath',
        static_configs: SCRAPED.map((service) => ({
          targets: [`${hostOf(service)}:${PORTS[`health.${service}`].port}`],
          labels: { service },
        })),
      },
      ...Object.entries(others).map(([job, target]) => ({
        job_name: job,
        static_configs: [{ targets: [target] }],
      })),
    ],
  };
  return stringify(config, { lineWidth: 120 });
}
