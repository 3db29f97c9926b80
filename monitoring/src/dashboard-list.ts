import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { execution } from './dashboards/execution.ts';
import { latency } from './dashboards/latency.ts';
import { marketData } from './dashboards/market-data.ts';
import { overview } from './dashboards/overview.ts';
import { risk } from './dashboards/risk.ts';
import { system } from './dashboards/system.ts';
import { trace } from './dashboards/trace.ts';
import { wire } from './dashboards/wire.ts';

/** Every dashboard, in the order in which a person meets them. */
export function dashboards(): readonly Dashboard[] {
  return [overview(), latency(), marketData(), wire(), risk(), execution(), system(), trace()];
}
