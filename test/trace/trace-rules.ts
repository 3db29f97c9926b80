import type { TraceSpan } from './trace-span.ts';

/** The spans of an order's trace: who emits each, of what kind, under which name. */
interface Stage {
  readonly span: string;
  readonly name: RegExp;
}

type StageName = keyof typeof STAGES;

const STAGES = {
  order: { span: 'signal internal', name: /^order \S+$/ },
  receive: { span: 'market-data consumer', name: /^receive / },
  decode: { span: 'market-data internal', name: /^decode$/ },
  publish: { span: 'market-data producer', name: /^publish \S+\/(?:trade|quote|bar\.1[sm])$/ },
  process: { span: 'signal consumer', name: /^process \S+\/(?:trade|quote|bar\.1[sm])$/ },
  strategy: { span: 'signal internal', name: /^strategy \S+$/ },
  ask: { span: 'signal client', name: /^send riskCheck$/ },
  check: { span: 'risk server', name: /^process riskCheck$/ },
  riskLog: { span: 'risk producer', name: /^publish risk\.log$/ },
  approved: { span: 'execution consumer', name: /^process risk\.log$/ },
  submit: { span: 'execution client', name: /^POST \/v2\/orders$/ },
  lookup: { span: 'execution client', name: /^GET \/v2\/orders:by_client_order_id$/ },
  venueSubmit: { span: 'venue server', name: /^POST \/v2\/orders$/ },
  fill: { span: 'venue internal', name: /^fill$/ },
  update: { span: 'execution consumer', name: /^process trade_updates$/ },
  executionLog: { span: 'execution producer', name: /^publish execution\.log$/ },
  applied: { span: 'risk consumer', name: /^process execution\.log$/ },
  position: { span: 'risk internal', name: /^update position$/ },
} as const satisfies Record<string, Stage>;

/** The stages whose spans may be the parent. */
const BELOW: Readonly<Record<StageName, readonly (StageName | 'nothing')[]>> = {
  order: ['nothing'],
  receive: ['order'],
  decode: ['receive'],
  publish: ['receive'],
  process: ['order'],
  strategy: ['process'],
  ask: ['order'],
  check: ['ask'],
  riskLog: ['check', 'applied'],
  approved: ['order'],
  submit: ['order'],
  lookup: ['order'],
  venueSubmit: ['submit'],
  fill: ['order'],
  update: ['order'],
  executionLog: ['approved', 'update', 'order'],
  applied: ['order'],
  position: ['applied'],
};

/** The stage that a span has its one link to. */
const LINKS: Partial<Record<StageName, StageName>> = {
  process: 'publish',
  approved: 'riskLog',
  applied: 'executionLog',
};

/** One each in every trace, whatever became of the order. */
const ALWAYS = ['order', 'receive', 'decode', 'publish', 'process', 'strategy'] as const satisfies StageName[];
/** Clocks of processes agree better than this. */
const TOLERANCE_US = 100;

/** What is wrong with the trace of an order, one line each; nothing if it is whole. */
export function traceFaults(clOrdId: string, spans: readonly TraceSpan[]): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const stages = new Map(spans.map((span) => [span, stageOf(span)]));
  const of = (name: StageName) => spans.filter((span) => stages.get(span) === name);
  const faults: string[] = [];
  const fault = (span: TraceSpan, text: string) => faults.push(`${span.service} ${span.name} ${span.spanId}: ${text}`);
  if (byId.size < spans.length) faults.push(`${spans.length - byId.size} spans have the id of another`);

  for (const span of spans) {
    const stage = stages.get(span);
    if (span.attributes['tickpath.cl_ord_id'] !== clOrdId) fault(span, `is not marked with ${clOrdId}`);
    for (const warning of span.warnings) fault(span, `warning: ${warning}`);
    for (const link of span.links)
      if (!byId.has(link.spanId)) fault(span, `links to ${link.spanId}, which is not there`);
    if (stage === undefined) {
      fault(span, `is none of an order's spans: ${span.attributes['span.kind']}`);
      continue;
    }
    const parent = span.parentId === undefined ? undefined : byId.get(span.parentId);
    if (span.parentId !== undefined && parent === undefined) {
      fault(span, `is an orphan of ${span.parentId}`);
      continue;
    }
    const parentStage = parent === undefined ? 'nothing' : stages.get(parent);
    if (parentStage !== undefined && !BELOW[stage].includes(parentStage)) fault(span, `is below ${parentStage}`);
    if (parent !== undefined) faults.push(...intervalFaults(span, parent));
    const linked = LINKS[stage];
    const linkedStages = span.links.map(({ spanId }) => stages.get(byId.get(spanId) ?? span));
    if (linked !== undefined && (linkedStages.length !== 1 || linkedStages[0] !== linked)) {
      fault(span, `links to ${linkedStages.join() || 'nothing'} instead of ${linked}`);
    }
    for (const { name, timeUs } of span.events) {
      if (timeUs < span.startUs || timeUs > span.endUs) fault(span, `its event ${name} is outside of it`);
    }
  }
  return [...faults, ...countFaults(of)];
}

function stageOf(span: TraceSpan): StageName | undefined {
  const kind = span.attributes['span.kind'] ?? 'internal';
  const names = Object.keys(STAGES) as StageName[];
  return names.find((name) => STAGES[name].span === `${span.service} ${kind}` && STAGES[name].name.test(span.name));
}

function intervalFaults(span: TraceSpan, parent: TraceSpan): string[] {
  const beforeUs = parent.startUs - span.startUs;
  const afterUs = span.endUs - parent.endUs;
  const faults: string[] = [];
  const of = `${span.service} ${span.name} ${span.spanId}`;
  if (span.endUs < span.startUs) faults.push(`${of}: ends before it begins`);
  if (beforeUs > TOLERANCE_US) faults.push(`${of}: begins ${beforeUs} µs before its parent ${parent.name}`);
  if (afterUs > TOLERANCE_US) faults.push(`${of}: ends ${afterUs} µs after its parent ${parent.name}`);
  return faults;
}

/** Which spans there are, by what became of the order. */
function countFaults(of: (name: StageName) => readonly TraceSpan[]): string[] {
  const faults: string[] = [];
  const expect = (what: string, is: number, wanted: number | 'some') => {
    if (wanted === 'some' ? is === 0 : is !== wanted) faults.push(`${what}: ${is} instead of ${wanted}`);
  };
  const exactly = (name: StageName, wanted: number | 'some') => expect(`spans ${name}`, of(name).length, wanted);
  const withEvent = (name: StageName, event: string) =>
    of(name).filter((span) => span.attributes['tickpath.event'] === event);
  for (const name of ALWAYS) exactly(name, 1);
  exactly('ask', 'some');
  exactly('check', 'some');
  expect('checks with value and limit', of('check').flatMap(checksOf).length, 'some');
  if (of('check').some((span) => span.events.length !== checksOf(span).length)) faults.push('a check lacks a field');
  const [order] = of('order');
  if (order === undefined) return faults;
  expect('what every published execution event was applied as', of('applied').length, of('executionLog').length);
  const status = order.attributes['tickpath.ord_status'];
  if (status === 'REFUSED') {
    for (const name of ['approved', 'submit', 'venueSubmit', 'fill', 'update', 'applied'] as const) exactly(name, 0);
    expect('reasons', [order.attributes['tickpath.reject_reason']].filter(Boolean).length, 1);
    const failed = of('check').flatMap((span) => checksOf(span).filter(({ attributes }) => !isTrue(attributes.passed)));
    expect('failed checks', failed.length, 'some');
  }
  if (status === 'FILLED') {
    const fills = of('fill').length;
    for (const name of ['approved', 'submit', 'venueSubmit'] as const) exactly(name, 1);
    exactly('fill', 'some');
    exactly('position', fills);
    expect('approvals published', withEvent('riskLog', 'OrderApproved').length, 1);
    expect('updates that fill', withEvent('update', 'fill').length, fills);
    expect('fills published', withEvent('executionLog', 'OrderFilled').length, fills);
    expect('fills applied', withEvent('applied', 'OrderFilled').length, fills);
    expect('positions published', withEvent('riskLog', 'PositionUpdated').length, fills);
    expect('reservations freed', withEvent('riskLog', 'ReservationFreed').length, 1);
  }
  return faults;
}

function checksOf(span: TraceSpan) {
  return span.events.filter(
    ({ name, attributes }) =>
      name === 'check' && ['name', 'value', 'limit', 'passed'].every((field) => attributes[field] !== undefined),
  );
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}
