import { durationText } from './duration-text.ts';
import type { Attributes, TraceEvent, TraceSpan } from './jaeger.ts';
import { fieldText, printable, serviceColor } from './line-renderer.ts';
import { cutOff, padded, widthOf } from './text-table.ts';
import { nodesOf, type TraceNode, type TraceTree } from './trace-tree.ts';

export interface TraceStyle {
  readonly color: boolean;
  /** Columns of the terminal; lines are cut to it. Undefined: lines are as long as they need to be. */
  readonly width: number | undefined;
}

const DIM = 2;
const BOLD = 1;
const RED = 31;
const MAX_DIGITS = 10;
const MAX_NAME_WIDTH = 48;
/** In a narrow terminal the tree keeps at least this. */
const MIN_NAME_WIDTH = 12;

/** Said elsewhere in the line or the head, or the same in every span. */
const HIDDEN =
  /^(?:otel\.(?:library|scope|status_)|internal\.span\.format$|span\.kind$|error$|messaging\.|service\.|server\.)/;
const HIDDEN_KEYS = new Set([
  'tickpath.cl_ord_id',
  'tickpath.reconstructed',
  'http.request.method',
  'url.path',
  'http.route',
  'w3c.tracestate',
]);

/** A part of a line, coloured as a whole. */
interface Part {
  readonly text: string;
  readonly codes?: readonly number[];
}

interface Row {
  readonly tree: string;
  readonly span: TraceSpan;
  readonly node: TraceNode;
  /** The tree's lines for what stands below the span. */
  readonly below: string;
}

/**
 * A trace as lines of text: a head, then each span under its parent with its service, its start after the trace's, its
 * duration and attributes; under a span its events, a check of risk with both numbers.
 */
export function renderTrace(clOrdId: string, traceId: string, tree: TraceTree, style: TraceStyle): string[] {
  const rows = tree.roots.flatMap((root) => rowsOf(root, '', ''));
  const startUs = Math.min(...rows.map(({ span }) => span.startUs));
  const names = new Map(rows.map(({ span }) => [span.spanId, span.name]));
  const serviceWidth = Math.max(...rows.map(({ span }) => widthOf(span.service)));
  const widest = Math.max(...rows.map(({ tree: prefix, span }) => widthOf(prefix + printable(span.name))));
  const room = style.width === undefined ? MAX_NAME_WIDTH : Math.floor(style.width / 2) - serviceWidth;
  const nameWidth = Math.min(widest, Math.max(MIN_NAME_WIDTH, Math.min(room, MAX_NAME_WIDTH)));
  const line = (parts: readonly Part[]) => paintedLine(parts, style);

  const spanLine = ({ tree: prefix, span, node }: Row) =>
    line([
      { text: padded(printable(span.service), serviceWidth, 'left'), codes: [serviceColor(span.service)] },
      { text: padded(cutOff(`${prefix}${printable(span.name)}`, nameWidth), nameWidth, 'left') },
      { text: padded(`+${microsText(span.startUs - startUs)}`, 9, 'right'), codes: [DIM] },
      { text: padded(microsText(span.durationUs), 8, 'right') },
      ...faultsOf(node),
      { text: notesOf(span, names), codes: [DIM] },
    ]);
  const eventLine = (row: Row, event: TraceEvent) =>
    line([
      { text: ' '.repeat(serviceWidth) },
      { text: `${row.below}· ${eventText(event)}`, codes: event.attributes.passed === false ? [RED] : [] },
      { text: `+${microsText(event.timeUs - startUs)}`, codes: [DIM] },
    ]);
  return [
    ...headOf(clOrdId, traceId, tree).map(line),
    ...rows.flatMap((row) => [spanLine(row), ...row.span.events.map((event) => eventLine(row, event))]),
  ];
}

function headOf(clOrdId: string, traceId: string, tree: TraceTree): Part[][] {
  const nodes = [...nodesOf(tree.roots)];
  const services = new Set(nodes.map(({ span }) => span.service));
  const startUs = Math.min(...nodes.map(({ span }) => span.startUs));
  const endUs = Math.max(...nodes.map(({ span }) => span.startUs + span.durationUs));
  const orphans = tree.roots.filter(({ isOrphan }) => isOrphan).length;
  const roots = tree.roots.length - orphans;
  const counts = `${counted(nodes.length, 'span')} of ${counted(services.size, 'service')}, ${microsText(endUs - startUs)}`;
  const faults = [
    roots === 1 ? '' : roots === 0 ? 'no root' : `${roots} roots`,
    orphans === 0 ? '' : `${counted(orphans, 'orphan')}: spans whose parent is not here (yet)`,
    tree.repeats === 0 ? '' : `${counted(tree.repeats, 'span')} exported twice`,
  ].filter((text) => text !== '');
  return [
    [{ text: printable(clOrdId), codes: [BOLD] }, { text: `trace ${traceId}`, codes: [DIM] }, { text: counts }],
    ...(faults.length > 0 ? [[{ text: faults.join('; '), codes: [RED] }]] : []),
  ];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function rowsOf(node: TraceNode, own: string, rest: string): Row[] {
  const { children } = node;
  const below = children.map((child, at) => {
    const isLast = at === children.length - 1;
    return rowsOf(child, `${rest}${isLast ? '└─ ' : '├─ '}`, `${rest}${isLast ? '   ' : '│  '}`);
  });
  return [
    { tree: own, span: node.span, node, below: `${rest}${children.length > 0 ? '│  ' : '   '}` },
    ...below.flat(),
  ];
}

/** `order notional 1900 ≤ 100000` for a check of risk, else the name and its attributes. */
function eventText({ name, attributes }: TraceEvent): string {
  const { name: check, value, limit, passed, ...rest } = attributes;
  if (name !== 'check') return printable([name, attributesText(attributes)].join(' '));
  const against = limit === undefined ? '' : `limit ${limit}`;
  const mark = passed === false ? '✗' : '✓';
  const parts = [mark, String(check ?? ''), String(value ?? ''), against, attributesText(rest)];
  return printable(parts.filter((part) => part !== '').join(' '));
}

function faultsOf({ span, isOrphan }: TraceNode): Part[] {
  const { attributes } = span;
  const said = attributes['otel.status_description'] ?? '';
  const isError =
    attributes.error === true || attributes.error === 'true' || attributes['otel.status_code'] === 'ERROR';
  return [
    ...(isOrphan ? [{ text: printable(`ORPHAN of ${span.parentId}`), codes: [RED] }] : []),
    ...(isError ? [{ text: printable(`ERROR ${said}`), codes: [RED] }] : []),
  ];
}

function notesOf({ attributes, links }: TraceSpan, names: ReadonlyMap<string, string>): string {
  const linked = links.map((spanId) => `← ${names.get(spanId) ?? spanId}`);
  const reconstructed = attributes['tickpath.reconstructed'] === true ? ['(reconstructed)'] : [];
  return printable([...linked, ...reconstructed, attributesText(attributes)].filter((part) => part !== '').join(' '));
}

/** A float as it was meant, without the last digits of its binary form. */
function shortened(value: number): number {
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(MAX_DIGITS));
}

function attributesText(attributes: Attributes): string {
  return Object.entries(attributes)
    .filter(([key]) => !HIDDEN.test(key) && !HIDDEN_KEYS.has(key))
    .map(
      ([key, value]) =>
        `${key.replace(/^tickpath\./, '')}=${fieldText(typeof value === 'number' ? shortened(value) : value)}`,
    )
    .join(' ');
}

/** What begins before the trace does so by clocks that differ. */
function microsText(micros: number): string {
  return micros === 0 ? '0' : durationText(micros / 1e6, 3);
}

function paintedLine(parts: readonly Part[], { color, width = Number.POSITIVE_INFINITY }: TraceStyle): string {
  let line = '';
  let left = width;
  for (const { text, codes = [] } of parts) {
    const gap = line === '' ? '' : '  ';
    const shown = cutOff(text, left - gap.length);
    if (text === '' || left <= gap.length) continue;
    left -= gap.length + widthOf(shown);
    const painted = color && codes.length > 0 ? `\x1b[${codes.join(';')}m${shown}\x1b[0m` : shown;
    line += gap + painted;
  }
  return color ? line : line.trimEnd();
}
