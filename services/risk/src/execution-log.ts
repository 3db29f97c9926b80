import { randomUUID } from 'node:crypto';
import type { Logger, Tracing } from '@tickpath/runtime';
import {
  type Envelope,
  LogFollower,
  type LogFollowerOptions,
  type LogIdentity,
  type LogPosition,
  Requester,
} from '@tickpath/wire';
import { type ExecutionEvent, stepRisk } from './core/index.ts';
import type { DurableRisk } from './durable-risk.ts';
import type { RiskMetrics } from './metrics.ts';
import { executionSpans } from './order-spans.ts';

export interface ExecutionLogOptions {
  readonly risk: DurableRisk;
  readonly metrics: RiskMetrics;
  readonly log: Logger;
  readonly tracing: Tracing;
  readonly nowNs: () => bigint;
  /** When this process took up its state. */
  readonly startedNs: bigint;
  /** When followers were last about to be told of an event of ours. */
  readonly toldNs: () => bigint;
}

/** Reads the execution log into the core, each event and how far that is in one transaction. */
export class ExecutionLogReader {
  readonly #options: ExecutionLogOptions;
  #follower: LogFollower | undefined;
  #requester: Requester | undefined;
  #refused: LogIdentity | undefined;

  constructor(options: ExecutionLogOptions) {
    this.#options = options;
  }

  /** What execution has instead of the log that was followed; nothing of it is applied until `acceptRefused`. */
  get refused(): LogIdentity | undefined {
    return this.#refused;
  }

  follow(
    wire: Omit<ConstructorParameters<typeof Requester>[0], 'server' | 'timeoutMs' | 'retries'> &
      Pick<LogFollowerOptions, 'metrics' | 'hints' | 'heartbeatMs'>,
  ): void {
    const { risk, log } = this.#options;
    const requester = new Requester({ ...wire, server: 'execution', timeoutMs: 1000, retries: 0 });
    this.#requester = requester;
    this.#follower = new LogFollower({
      ...wire,
      name: 'risk',
      server: 'execution',
      requester,
      newRequestId: randomUUID,
      from: risk.position,
      apply: (envelope, position) => this.#apply(envelope, position),
      onCaughtUp: ({ uuid, generation, seq }) => {
        this.#refused = undefined;
        log.info({ seq }, `caught up with the execution log at ${seq}`);
        risk.step({ type: 'execution-caught-up', log: { uuid, generation } });
      },
      onNewLog: (known, stated) => this.#changed(known, stated),
      onCompacted: (position, firstSeq) => {
        log.error({ position, firstSeq }, 'events of the execution log have gone before they were applied');
        risk.step({ type: 'execution-log-compacted', firstSeq });
        // What is left may have an account, which is all that it takes. The follower knows only after this turn.
        queueMicrotask(() => this.#follower?.accept());
      },
      onCut: () => risk.step({ type: 'execution-cut' }),
      onSilence: (silent) => risk.step({ type: 'execution-silent', silent }),
    });
  }

  acceptRefused(): void {
    if (this.#refused === undefined) return;
    this.#refused = undefined;
    this.#follower?.accept();
  }

  /** What is known of the log may be old: nothing is approved until it has been read to its end again. */
  renew(): void {
    this.#follower?.renew();
  }

  close(): void {
    this.#follower?.close();
    this.#requester?.close();
  }

  /** A generation is raised, and never again lowered: whatever else is another log, or an older copy of this one. */
  #changed(known: LogIdentity, stated: LogIdentity): 'follow' | 'stop' {
    const { risk, log } = this.#options;
    if (stated.uuid === known.uuid && stated.generation > known.generation) {
      log.warn(
        { known, stated },
        "execution's log has a new generation: nothing is approved until its account is taken",
      );
      risk.step({ type: 'execution-log-changed' });
      return 'follow';
    }
    log.error({ known, stated }, "execution's log is not the one that was followed: run `tickpath rebase`");
    this.#refused = stated;
    risk.step({ type: 'execution-log-unknown', known, stated });
    return 'stop';
  }

  #apply(envelope: Envelope, position: LogPosition): void {
    const { risk, metrics, nowNs } = this.#options;
    const { uuid, generation } = position;
    const event = envelope as unknown as ExecutionEvent;
    const decidedBefore = 'clOrdId' in event.payload && risk.isDecided(event.payload.clOrdId);
    const startNs = nowNs();
    const input = { type: 'execution', log: { uuid, generation }, event, decidedBefore } as const;
    const outputs = stepRisk(risk.state, input);
    if (outputs.length > 0) metrics.applied(event.kind, Number(nowNs() - startNs) / 1e9);
    risk.gather({
      input,
      outputs,
      position,
      committed: () => {
        if (!('clOrdId' in event.payload)) return;
        // What was published may have ended the order, and its trace, before this line.
        const endNs = this.#options.toldNs();
        const from = { log: input.log, traceparent: envelope.traceparent };
        // What was logged before this risk started, one before it has told of.
        if (envelope.tsNs >= this.#options.startedNs) {
          this.#options.tracing.emit(() => executionSpans(event as never, from, { startNs, endNs }, outputs));
        }
        if (event.kind === 'OrderFilled') this.#reportFill(event.payload);
      },
    });
  }

  #reportFill({ clOrdId, side, lastQty, lastPx, symbol }: Extract<ExecutionEvent, { kind: 'OrderFilled' }>['payload']) {
    const { risk, log } = this.#options;
    const position = risk.state.ledger.positions.get(symbol)?.qty.toFixed();
    log.debug({ clOrdId, position }, `applied ${side} ${lastQty} ${symbol} @ ${lastPx}`);
  }
}
