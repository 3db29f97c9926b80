import { setTimeout as pause } from 'node:timers/promises';
import { type Addresses, ConfigError, type Stage as RuntimeStage, STAGE_NAMES, STAGES } from '@tickpath/runtime';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { ask } from '../http-question.ts';
import { type Scrapes, type Stage, stageRows, stageTable } from '../latency-table.ts';
import { parseStackArguments, stackAt } from '../stack-arguments.ts';
import { STARTED_SERVICES } from '../workspace.ts';

export const LATENCY_USAGE = 'tickpath latency [--json] [--watch] [--profile NAME] [--section.key=value …]';

const ANSWER_TIMEOUT_MS = 2000;
const WATCH_EVERY_MS = 2000;
const CLEAR_SCREEN = '\x1b[H\x1b[2J';

const SHOWN_STAGES: readonly Stage[] = STAGE_NAMES.map((name) => {
  const { service, p50Seconds: p50, p99Seconds: p99 }: RuntimeStage = STAGES[name];
  return { name, service, budget: p50 === undefined || p99 === undefined ? undefined : { p50, p99 } };
});

interface Reading {
  readonly scrapes: Scrapes;
  /** Services without an answer, and why. */
  readonly down: ReadonlyMap<string, string>;
}

/** Prints how long each stage of a running stack takes beside its budget. Fails only if no service answers. */
export async function latency(argv: readonly string[]): Promise<number> {
  const parsed = parseStackArguments(argv, { json: 'boolean', watch: 'boolean' });
  if ('fault' in parsed || parsed.positionals.length > 0) {
    const fault = 'fault' in parsed ? parsed.fault : `unknown argument ${parsed.positionals[0]}`;
    process.stderr.write(`tickpath: ${fault}\nusage: ${LATENCY_USAGE}\n`);
    return EXIT_USAGE;
  }
  if (parsed.help) {
    process.stdout.write(`usage: ${LATENCY_USAGE}\n`);
    return EXIT_OK;
  }
  try {
    const { at } = stackAt(parsed.configArgs);
    return await show(at, { json: parsed.values.json === true, watch: parsed.values.watch === true });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const fault of error.faults) process.stderr.write(`tickpath: ${fault}\n`);
    return EXIT_FAILED;
  }
}

/** Once, or with `watch` until Ctrl-C: first since the start of the services, then since the table before. */
async function show(at: Addresses, { json, watch }: { json: boolean; watch: boolean }): Promise<number> {
  const first = await read(at);
  if (!watch && first.scrapes.size === 0) {
    process.stderr.write(`tickpath: no service answers: ${downText(first)}\n`);
    return EXIT_FAILED;
  }
  print(first, undefined, json);
  if (!watch) return EXIT_OK;
  for (let before = first; ; ) {
    await pause(WATCH_EVERY_MS);
    const now = await read(at);
    if (process.stdout.isTTY) process.stdout.write(CLEAR_SCREEN);
    print(now, before, json);
    before = now;
  }
}

async function read(at: Addresses): Promise<Reading> {
  const scrapes = new Map<string, string>();
  const down = new Map<string, string>();
  const answers = await Promise.all(
    STARTED_SERVICES.map((service) =>
      ask(`${at.httpUrl(`health.${service}`)}/metrics`, { timeoutMs: ANSWER_TIMEOUT_MS }),
    ),
  );
  for (const [index, service] of STARTED_SERVICES.entries()) {
    const answer = answers[index];
    if (answer === undefined) continue;
    if (answer.answered && answer.status === 200) scrapes.set(service, answer.text);
    else down.set(service, answer.answered ? `status ${answer.status}` : answer.reason);
  }
  return { scrapes, down };
}

function print(now: Reading, before: Reading | undefined, json: boolean): void {
  const rows = stageRows(SHOWN_STAGES, now.scrapes, before?.scrapes);
  if (json) {
    const since = before === undefined ? 'start' : 'last';
    process.stdout.write(`${JSON.stringify({ since, stages: rows, down: Object.fromEntries(now.down) })}\n`);
    return;
  }
  const period =
    before === undefined
      ? 'since the start of each service'
      : `of the last ${WATCH_EVERY_MS / 1000} s; max since the start`;
  const lines = [`latency by stage, ${period}`, ...stageTable(rows)];
  if (now.down.size > 0) lines.push(`no answer: ${downText(now)}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

function downText({ down }: Reading): string {
  return [...down].map(([service, reason]) => `${service} (${reason})`).join(', ');
}
