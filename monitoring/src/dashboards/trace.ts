import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  type Dashboard,
  type Panel,
  PanelBuilder,
  TextBoxVariableBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from '../dashboard.ts';
import { JAEGER, TRACE_DASHBOARD } from '../data-sources.ts';
import { dataLink, type Link } from '../panels.ts';

/** A query of Grafana's Jaeger data source, which the SDK has no type for. */
interface JaegerQuery extends Dataquery {
  readonly refId: string;
  readonly datasource: typeof JAEGER;
  readonly queryType?: 'search';
  readonly query?: string;
  readonly service?: string;
  readonly tags?: string;
  readonly limit?: number;
}

function jaegerQuery(
  query: Omit<JaegerQuery, 'refId' | 'datasource' | '_implementsDataqueryVariant'>,
): Builder<Dataquery> {
  const built: JaegerQuery = { refId: 'A', datasource: JAEGER, ...query, _implementsDataqueryVariant: () => {} };
  return { build: () => built };
}

const OPEN: Link = {
  title: 'Show this order',
  url: `/d/${TRACE_DASHBOARD}?\${__url_time_range}&var-trace=\${__data.fields.traceID}`,
};
const OPEN_IN_JAEGER: Link = { title: 'Open in Jaeger', url: `\${jaeger}/trace/\${__data.fields.traceID}` };

function traceTable(title: string, description: string, query: Builder<Dataquery>): Builder<Panel> {
  return new PanelBuilder()
    .type('table')
    .title(title)
    .description(description)
    .unit('string')
    .span(12)
    .height(9)
    .datasource(JAEGER)
    .withTarget(query)
    .dataLinks([OPEN, OPEN_IN_JAEGER].map(dataLink));
}

const orders = [
  traceTable(
    'Orders of this period',
    'The latest orders as Jaeger has them: each is one trace, which signal begins.',
    jaegerQuery({ queryType: 'search', service: 'signal', limit: 30 }),
  ),
  traceTable(
    'Found by clOrdId',
    'The order whose clOrdId stands above; log lines carry it.',
    jaegerQuery({ queryType: 'search', service: 'signal', tags: 'tickpath.cl_ord_id=$clOrdId', limit: 1 }),
  ),
];

const waterfall = [
  new PanelBuilder()
    .type('traces')
    .title('From the tick to the position')
    .description('Every step of the order whose trace id stands above; log lines carry it as traceId.')
    .unit('s')
    .span(24)
    .height(20)
    .datasource(JAEGER)
    .withTarget(jaegerQuery({ query: '$trace' }))
    .dataLinks([dataLink({ title: 'Open in Jaeger', url: `\${jaeger}/trace/\${trace}` })]),
];

/** One order, found by trace id or clOrdId, from its tick to the position it made. */
export function trace(): Dashboard {
  return dashboard({
    uid: TRACE_DASHBOARD,
    title: 'Order trace',
    description: 'One order from the tick that caused it to the position it made.',
    variables: [
      new TextBoxVariableBuilder('trace').label('Trace id').defaultValue(''),
      new TextBoxVariableBuilder('clOrdId').label('clOrdId').defaultValue(''),
    ],
    rows: [
      { title: 'Orders', panels: orders },
      { title: 'Trace', panels: waterfall },
    ],
  });
}
