import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PORTS, type ServiceName } from '@tickpath/runtime';
import { eventually, TestProcess } from '@tickpath/testkit';
import { stringify } from 'yaml';
import { MONITORING, readYaml } from './monitoring-files.ts';

interface ScrapeConfig {
  readonly job_name: string;
  static_configs: { targets: string[]; labels?: { service: ServiceName } }[];
}

interface PrometheusConfig {
  global: Record<string, string>;
  alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] };
  scrape_configs: ScrapeConfig[];
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

export interface AlertmanagerAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: 'active' | 'suppressed' | 'unprocessed' };
}

/** A real Prometheus with a real Alertmanager behind it, both with the repository's configuration. */
export class PrometheusServer {
  readonly #dir: string;
  readonly #url: string;
  readonly #alertmanagerUrl: string;
  readonly #processes: readonly TestProcess[];

  private constructor(dir: string, ports: { prometheus: number; alertmanager: number }) {
    this.#dir = dir;
    this.#url = `http://127.0.0.1:${ports.prometheus}`;
    this.#alertmanagerUrl = `http://127.0.0.1:${ports.alertmanager}`;
    this.#processes = [
      new TestProcess([
        'prometheus-alertmanager',
        `--config.file=${join(MONITORING, 'alertmanager/alertmanager.yml')}`,
        `--storage.path=${join(dir, 'alertmanager')}`,
        `--web.listen-address=127.0.0.1:${ports.alertmanager}`,
        '--cluster.listen-address=',
      ]),
      new TestProcess([
        'prometheus',
        `--config.file=${join(dir, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(dir, 'data')}`,
        `--web.listen-address=127.0.0.1:${ports.prometheus}`,
      ]),
    ];
  }

  /**
   * Scrapes a stack at this offset of its ports, every second; the rules are those of the repository, evaluated every
   * second with their own waiting times.
   */
  static async start(portOffset: number): Promise<PrometheusServer> {
    const dir = mkdtempSync(join(tmpdir(), 'tickpath-prometheus-'));
    const ports = { prometheus: await freePort(), alertmanager: await freePort() };
    mkdirSync(join(dir, 'data'));
    cpSync(join(MONITORING, 'prometheus/rules'), join(dir, 'rules'), { recursive: true });
    writeFileSync(join(dir, 'prometheus.yml'), configFor(portOffset, ports));
    const server = new PrometheusServer(dir, ports);
    try {
      await eventually('Prometheus and Alertmanager are ready', () => server.#ready(), 60_000);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Runs an instant query; throws Prometheus' words when it is refused. */
  async query(expr: string): Promise<Sample[]> {
    const response = await fetch(`${this.#url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr }),
    });
    const answer = (await response.json()) as {
      error?: string;
      data?: { resultType: string; result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    if (answer.data === undefined) throw new Error(`${expr}: ${answer.error}`);
    if (answer.data.resultType !== 'vector') throw new Error(`${expr}: gives a ${answer.data.resultType}`);
    return answer.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** The health of every target, by job and service. */
  async targets(): Promise<{ readonly name: string; readonly health: string; readonly lastError: string }[]> {
    const { activeTargets } = await this.#get<{
      activeTargets: { labels: Record<string, string>; health: string; lastError: string }[];
    }>('targets');
    return activeTargets.map(({ labels, health, lastError }) => {
      return { name: labels.service ?? labels.job ?? '', health, lastError };
    });
  }

  /** Alerts that are pending or fire. */
  async alerts(): Promise<ActiveAlert[]> {
    return (await this.#get<{ alerts: ActiveAlert[] }>('alerts')).alerts;
  }

  /** What Alertmanager has been told, and whether it holds it back. */
  async notified(): Promise<AlertmanagerAlert[]> {
    return (await (await fetch(`${this.#alertmanagerUrl}/api/v2/alerts`)).json()) as AlertmanagerAlert[];
  }

  async stop(): Promise<void> {
    for (const process of this.#processes) if (process.running) process.kill('SIGTERM');
    await Promise.all(this.#processes.map((process) => process.ended));
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #ready(): Promise<true | undefined> {
    const ended = this.#processes.find((process) => !process.running);
    if (ended !== undefined) throw new Error(`ended before it was ready:\n${ended.lines.slice(-20).join('\n')}`);
    const answers = await Promise.all([isOk(`${this.#url}/-/ready`), isOk(`${this.#alertmanagerUrl}/-/ready`)]);
    return answers.every(Boolean) ? true : undefined;
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    return ((await response.json()) as { data: T }).data;
  }
}

/** The configuration for `npm start`, with the addresses of this stack and shorter intervals. */
function configFor(portOffset: number, ports: { prometheus: number; alertmanager: number }): string {
  const config = readYaml<PrometheusConfig>('monitoring/prometheus/prometheus.host.yml');
  config.global = { scrape_interval: '1s', scrape_timeout: '900ms', evaluation_interval: '1s' };
  for (const job of config.scrape_configs) {
    for (const target of job.static_configs) {
      const service = target.labels?.service;
      const port = service === undefined ? ports.prometheus : PORTS[`health.${service}`].port + portOffset;
      target.targets = [`127.0.0.1:${port}`];
    }
  }
  config.alerting = { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${ports.alertmanager}`] }] }] };
  return stringify(config);
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
