import { type DecimalText, decimal, decimalText, isDecimalText } from '@tickpath/trading';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { shown } from './core/protocol/shown.ts';
import { badField, type Refusal, unprocessable } from './core/refusal.ts';
import { timeText } from './core/time-text.ts';
import type { Exchange } from './exchange.ts';
import type { Feed, Pace, SeekResult, TapeControl } from './feed/feed.ts';
import { readSeekTarget } from './feed/seek-target.ts';
import { refuse } from './http-frame.ts';

export interface ControlOptions {
  /** What is being played; `null` before it is. */
  readonly feed: () => Feed | null;
  /** The run as it is now: a seek begins another. */
  readonly run: () => { readonly id: string };
  readonly exchange: Pick<Exchange, 'reset' | 'nowNs'>;
  /** What an account begins with that is opened without naming it. */
  readonly initialCashUsd: DecimalText;
}

const ACTIONS = ['pause', 'resume', 'seek', 'pace'] as const;
const TARGETS = 'a time (RFC 3339), HH:MM or HH:MM:SS in New York, or a share such as 50%';

type Body = Readonly<Record<string, unknown>>;

/**
 * The venue's own paths, which Alpaca does not have: what is being played, how to hold and to move it, and another account.
 * The instance checks keys and writes errors (`registerHttpFrame`).
 */
export function registerControl(app: FastifyInstance, options: ControlOptions): void {
  const { feed, exchange, initialCashUsd } = options;

  app.get('/tickpath/v1/tape', (_request, reply) => reply.send(tapeEntity(options)));

  app.post('/tickpath/v1/tape', async (request, reply) => {
    const body = bodyOf(request.body, ['action', 'to', 'pace']);
    if (isRefusal(body)) return refuse(reply, body);
    const action = ACTIONS.find((name) => name === body.action);
    if (action === undefined) {
      return refuse(reply, badField(`action is ${shown(body.action)}, expected one of ${ACTIONS.join(', ')}`));
    }
    const tape = feed()?.tape ?? null;
    if (tape === null)
      return refuse(reply, conflict(`${action}: a synthetic market follows the clock, only a tape is moved`));
    const refusal = await carryOut(action, body, tape);
    return refusal === null ? reply.send(tapeEntity(options)) : refuse(reply, refusal);
  });

  app.post('/tickpath/v1/account/reset', (request, reply): FastifyReply => {
    const body = bodyOf(request.body ?? {}, ['cash']);
    if (isRefusal(body)) return refuse(reply, body);
    const cash = cashOf(body.cash, initialCashUsd);
    if (cash === null) return refuse(reply, badField(`cash is ${shown(body.cash)}, expected an amount in USD from 0`));
    const { id, accountNumber, createdNs } = exchange.reset(cash);
    return reply.send({ id, account_number: accountNumber, cash, created_at: timeText(createdNs) });
  });
}

/** Does what is asked for; answers with why not. */
async function carryOut(action: (typeof ACTIONS)[number], body: Body, tape: TapeControl): Promise<Refusal | null> {
  if (action !== 'seek' && body.to !== undefined) return badField(`to is ${shown(body.to)}, but ${action} takes none`);
  if (action !== 'pace' && body.pace !== undefined) {
    return badField(`pace is ${shown(body.pace)}, but ${action} takes none`);
  }
  if (action === 'pause') tape.pause();
  if (action === 'resume') tape.resume();
  if (action === 'pace') return setPace(body.pace, tape);
  return action === 'seek' ? seek(body.to, tape) : null;
}

function setPace(value: unknown, tape: TapeControl): Refusal | null {
  const pace = paceOf(value);
  if (pace === null) return badField(`pace is ${shown(value)}, expected a number above 0 or "max"`);
  tape.setPace(pace);
  return null;
}

function paceOf(value: unknown): Pace | null {
  if (value === 'max') return value;
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}

async function seek(value: unknown, tape: TapeControl): Promise<Refusal | null> {
  const target = typeof value === 'string' ? readSeekTarget(value, tape.status().nowNs) : null;
  if (target === null) return badField(`to is ${shown(value)}, expected ${TARGETS}`);
  const result = await tape.seek(target);
  return result.ok ? null : refusalOf(result);
}

function refusalOf({ reason, message }: Exclude<SeekResult, { ok: true }>): Refusal {
  if (reason === 'busy') return conflict(message);
  return reason === 'stopped' ? { status: 503, code: 50310000, message } : unprocessable(message);
}

function conflict(message: string): Refusal {
  return { status: 409, code: 40910000, message };
}

function cashOf(value: unknown, initial: DecimalText): DecimalText | null {
  if (value === undefined) return initial;
  const text = typeof value === 'number' ? String(value) : value;
  return isDecimalText(text) && !text.startsWith('-') ? decimalText(decimal(text)) : null;
}

/** The fields of a body that may have only these. */
function bodyOf(body: unknown, names: readonly string[]): Body | Refusal {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return badField(`the body is ${shown(body)}, expected an object with ${names.join(', ')}`);
  }
  const unknown = Object.keys(body).find((name) => !names.includes(name));
  return unknown === undefined
    ? (body as Body)
    : badField(`unknown field ${shown(unknown)}, expected ${names.join(', ')}`);
}

function isRefusal(value: Body | Refusal): value is Refusal {
  return typeof value.status === 'number' && typeof value.code === 'number';
}

/** What is being played, as the paths tell it. */
function tapeEntity({ feed, run, exchange }: ControlOptions): object {
  const now = feed();
  const tape = now?.tape ?? null;
  const shared = { run: run().id, source: tape === null ? 'synthetic' : 'replay' };
  if (tape === null) return { ...shared, state: 'playing', pace: 'live', time: timeText(exchange.nowNs()) };
  const { state, pace, nowNs, events, totalEvents, files } = tape.status();
  return {
    ...shared,
    ...{ state, pace, time: timeText(nowNs) },
    position: { events, of: totalEvents },
    files: files.map(({ outOfOrder, ...file }) => ({ ...file, out_of_order: outOfOrder })),
  };
}
