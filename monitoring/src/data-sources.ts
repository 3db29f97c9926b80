import { stringify } from 'yaml';

/** The data sources every query names; provisioning defines them under these uids. */
export const PROMETHEUS = { type: 'prometheus', uid: 'tickpath-prometheus' } as const;
export const JAEGER = { type: 'jaeger', uid: 'tickpath-jaeger' } as const;

/** Uid of the dashboard that shows the trace of one order. */
export const TRACE_DASHBOARD = 'tickpath-trace';

/** How often Prometheus scrapes; Grafana derives the shortest sensible rate interval from it. */
export const SCRAPE_INTERVAL = '5s';

/** Grafana's `provisioning/datasources`: the two data sources, linked both ways. */
export function dataSourcesYaml(): string {
  const dataSources = [
    {
      name: 'Prometheus',
      ...PROMETHEUS,
      access: 'proxy',
      url: 'http://prometheus:9090',
      isDefault: true,
      editable: false,
      jsonData: {
        httpMethod: 'POST',
        timeInterval: SCRAPE_INTERVAL,
        prometheusType: 'Prometheus',
        // An exemplar's trace id opens the trace.
        exemplarTraceIdDestinations: [
          { name: 'trace_id', datasourceUid: JAEGER.uid, urlDisplayLabel: 'Open the trace' },
        ],
      },
    },
    {
      name: 'Jaeger',
      ...JAEGER,
      access: 'proxy',
      url: 'http://jaeger:16686',
      editable: false,
      jsonData: {
        nodeGraph: { enabled: true },
        traceIdTimeParams: { enabled: false },
        // A span opens the latency of its service.
        tracesToMetrics: {
          datasourceUid: PROMETHEUS.uid,
          spanStartTimeShift: '-5m',
          spanEndTimeShift: '5m',
          tags: [{ key: 'service.name', value: 'service' }],
          queries: [
            {
              name: 'Latency of the stages (p99)',
              query: 'service_stage:tickpath_stage_seconds:p99_5m{$$__tags}',
            },
          ],
        },
      },
    },
  ];
  return stringify({ apiVersion: 1, prune: true, datasources: dataSources }, { lineWidth: 120 });
}

/** Grafana's `provisioning/dashboards`: every file of the folder, read-only, since the code is their source. */
export function dashboardProviderYaml(): string {
  const provider = {
    name: 'tickpath',
    folder: 'Tickpath',
    type: 'file',
    disableDeletion: true,
    allowUiUpdates: false,
    updateIntervalSeconds: 30,
    options: { path: '/etc/grafana/dashboards' },
  };
  return stringify({ apiVersion: 1, providers: [provider] }, { lineWidth: 120 });
}
