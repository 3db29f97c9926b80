import { cutOff } from './text-table.ts';

/** A line of a service's output, as the terminal shows it. */
export interface OutputLine {
  readonly service: string;
  readonly text: string;
}

export interface LineStyle {
  readonly color: boolean;
}

const SERVICE_WIDTH = 12;
const HIDDEN_KEYS = new Set(['level', 'time', 'service', 'msg', 'err', 'lifecycle', 'pid', 'hostname']);
const SHOWN_LEVELS: Readonly<Record<string, string>> = { warn: 'WARN', error: 'ERROR', fatal: 'FATAL' };
/** A list of orders or a body in a field would push the rest off the screen; `--json` has it whole. */
const MAX_FIELD_WIDTH = 160;
const LEVEL_COLORS: Readonly<Record<string, number>> = { warn: 33, error: 31, fatal: 31 };
const SERVICE_COLORS = [36, 35, 34, 32, 96, 95, 94];
const DIM = 2;

/** The fields of a line of JSON; undefined for anything else. */
export function parseLogLine(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * One readable line, without a line break: `12:00:01.123 execution    fill BUY 10 AAPL @ 187.23 orderId=…`.
 * A line that is no JSON is shown as it is, after the service's name; `nowMs` then stands for its time.
 */
export function renderLine({ service, text }: OutputLine, { color }: LineStyle, nowMs: number): string {
  const fields = parseLogLine(text);
  const paint = (code: number, part: string) => (color && part !== '' ? `\x1b[${code}m${part}\x1b[0m` : part);
  const name = paint(serviceColor(service), service.padEnd(SERVICE_WIDTH));
  if (fields === undefined) return `${paint(DIM, clockText(nowMs))} ${name} ${printable(text)}`;

  const level = String(fields.level);
  const shownLevel = SHOWN_LEVELS[level];
  const time = clockText(typeof fields.time === 'number' ? fields.time : nowMs);
  // The order's name says more, and is what `tickpath trace` takes.
  const isHidden = (key: string) => HIDDEN_KEYS.has(key) || (key === 'traceId' && fields.clOrdId !== undefined);
  const extras = Object.entries(fields)
    .filter(([key, value]) => !isHidden(key) && value !== undefined)
    .map(([key, value]) => `${key}=${cutOff(fieldText(value), MAX_FIELD_WIDTH)}`);
  const parts = [
    paint(DIM, time),
    name,
    shownLevel === undefined ? '' : paint(LEVEL_COLORS[level] ?? DIM, shownLevel),
    printable(String(fields.msg ?? '')),
    paint(DIM, printable([errorText(fields), ...extras].filter((part) => part !== '').join(' '))),
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** Local time of day with milliseconds. */
export function clockText(timeMs: number): string {
  const at = new Date(timeMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const millis = String(at.getMilliseconds()).padStart(3, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${millis}`;
}

/** The message of an error, if the line does not say it already, and the place it was thrown at. */
function errorText({ err, msg }: Readonly<Record<string, unknown>>): string {
  if (typeof err !== 'object' || err === null) return '';
  const { message, stack } = err as { message?: unknown; stack?: unknown };
  const said = typeof message === 'string' && !String(msg).includes(message) ? message : '';
  const frame =
    typeof stack === 'string' ? /^\s+at .*?((?:[\w.-]+\/){0,3}[\w.-]+:\d+):\d+\)?$/m.exec(stack)?.[1] : undefined;
  return [said, frame === undefined ? '' : `(at ${frame})`].filter((part) => part !== '').join(' ');
}

/** A value as a field shows it: quoted only where it would not be one word. */
export function fieldText(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) || value === '' ? JSON.stringify(value) : value;
  return JSON.stringify(value) ?? String(value);
}

/** Without control characters: a log line must not move the cursor or break in two. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trimEnd();
}

/** The colour code in which a service is always shown. */
export function serviceColor(service: string): number {
  const sum = [...service].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  return SERVICE_COLORS[sum % SERVICE_COLORS.length] ?? DIM;
}
