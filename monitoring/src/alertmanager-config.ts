import { stringify } from 'yaml';

type Receiver = Readonly<Record<string, unknown>>;
interface Receivers {
  readonly critical: Receiver;
  readonly warning: Receiver;
  readonly info: Receiver;
}

const WEBHOOK = {
  webhook_configs: [
    {
      url: 'https://alerts.example.com/tickpath',
      send_resolved: true,
      // The secret is the bearer token, which stays out of this file.
      http_config: { authorization: { credentials_file: '/run/secrets/alert_webhook_token' } },
    },
  ],
};

const EMAIL = {
  email_configs: [
    {
      to: 'operator@example.com',
      from: 'tickpath@example.com',
      smarthost: 'smtp.example.com:587',
      auth_username: 'tickpath@example.com',
      auth_password_file: '/run/secrets/alert_smtp_password',
      require_tls: true,
      send_resolved: true,
    },
  ],
};

const PAGERDUTY = {
  pagerduty_configs: [
    {
      routing_key_file: '/run/secrets/alert_pagerduty_key',
      severity: '{{ .CommonLabels.severity }}',
      description: '{{ .CommonAnnotations.summary }}',
      details: {
        description: '{{ .CommonAnnotations.description }}',
        runbook: '{{ .CommonAnnotations.runbook_url }}',
      },
      send_resolved: true,
    },
  ],
};

/** Receivers without a notifier: alerts are shown by Alertmanager and Grafana, and nobody is sent anything. */
const SILENT: Receivers = { critical: {}, warning: {}, info: {} };

/** File below `monitoring/alertmanager` → its text: the default, and one example for each way of being told. */
export function alertmanagerFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['alertmanager.yml', alertmanagerYaml(SILENT)],
    ['examples/webhook.yml', alertmanagerYaml({ critical: WEBHOOK, warning: WEBHOOK, info: WEBHOOK })],
    ['examples/email.yml', alertmanagerYaml({ critical: EMAIL, warning: EMAIL, info: {} })],
    ['examples/pagerduty.yml', alertmanagerYaml({ critical: PAGERDUTY, warning: {}, info: {} })],
    ['examples/by-severity.yml', alertmanagerYaml({ critical: PAGERDUTY, warning: EMAIL, info: WEBHOOK })],
  ]);
}

function alertmanagerYaml(receivers: Receivers): string {
  const config = {
    route: {
      receiver: 'warning',
      group_by: ['alertname', 'service'],
      group_wait: '10s',
      group_interval: '1m',
      repeat_interval: '4h',
      routes: [
        { matchers: ['severity="critical"'], receiver: 'critical', group_wait: '0s', repeat_interval: '30m' },
        { matchers: ['severity="info"'], receiver: 'info', group_wait: '1m', repeat_interval: '24h' },
      ],
    },
    inhibit_rules: [
      // What is down cannot be well: its other alerts say nothing new.
      {
        source_matchers: ['alertname="TickpathServiceDown"'],
        target_matchers: ['alertname!="TickpathServiceDown"'],
        equal: ['service'],
      },
      // Without the venue there is no feed and no order update, whoever says so.
      {
        source_matchers: ['alertname="TickpathServiceDown"', 'service="venue"'],
        target_matchers: ['alertname=~"TickpathFeed.+|TickpathOrderUpdatesDown|TickpathOrdersPending"'],
      },
      {
        source_matchers: ['alertname="TickpathFeedNotSubscribed"'],
        target_matchers: ['alertname=~"TickpathFeedSilent|TickpathFeedStale|TickpathFeedReconnecting"'],
        equal: ['service'],
      },
      {
        source_matchers: ['alertname="TickpathFeedSilent"'],
        target_matchers: ['alertname="TickpathFeedStale"'],
        equal: ['service'],
      },
      {
        source_matchers: ['alertname="TickpathTradingHalted"'],
        target_matchers: ['alertname=~"TickpathTradingNotActive|TickpathServiceUnhealthy|TickpathRiskRejectsSurge"'],
        equal: ['service'],
      },
      {
        source_matchers: ['alertname="TickpathServiceCrashLooping"'],
        target_matchers: ['alertname="TickpathServiceRestarted"'],
        equal: ['service'],
      },
      {
        source_matchers: ['alertname="TickpathDrawdownSevere"'],
        target_matchers: ['alertname="TickpathDrawdown"'],
      },
    ],
    receivers: Object.entries(receivers).map(([name, notifiers]) => ({ name, ...(notifiers as Receiver) })),
  };
  return stringify(config, { lineWidth: 120 });
}
