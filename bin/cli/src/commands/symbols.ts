import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '@tickpath/runtime';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { ask } from '../http-question.ts';
import { parseStackArguments, stackAt } from '../stack-arguments.ts';
import { type FeedsAnswer, feedLines, newsOf, outcomeLine, refusalCount, type SymbolNews } from '../symbol-lines.ts';

export const SYMBOLS_USAGE =
  'tickpath symbols [add SYMBOL [--feed NAME] | remove SYMBOL] [--json] [--profile NAME] [--section.key=value …]';

const ACTIONS = ['add', 'remove'] as const;
const ANSWER_TIMEOUT_MS = 2000;
/** How long an added symbol may take until its data is valid, or the venue has refused it. */
const NEWS_MS = 5000;
const POLL_MS = 200;

/** What is asked for, once it makes sense. */
type Request =
  | { readonly action: undefined }
  | { readonly action: (typeof ACTIONS)[number]; readonly symbol: string; readonly feed: string | undefined };

type Asked = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: string };

/** Tells the feeds of a running market-data and their symbols; adds a symbol to one, or removes it. */
export async function symbols(argv: readonly string[]): Promise<number> {
  const parsed = parseStackArguments(argv, { feed: 'string', json: 'boolean' });
  if (!('fault' in parsed) && parsed.help) {
    process.stdout.write(`usage: ${SYMBOLS_USAGE}\n`);
    return EXIT_OK;
  }
  const request = 'fault' in parsed ? parsed : requestOf(parsed.positionals, parsed.values.feed);
  if ('fault' in parsed || 'fault' in request) {
    const { fault } = request as { fault: string };
    process.stderr.write(`tickpath: ${fault}\nusage: ${SYMBOLS_USAGE}\n`);
    return EXIT_USAGE;
  }
  try {
    const url = `${stackAt(parsed.configArgs).at.httpUrl('health.market-data')}/symbols`;
    const isJson = parsed.values.json === true;
    const fault = request.action === undefined ? await tell(url, isJson) : await change(url, request, isJson);
    if (fault !== undefined) process.stderr.write(`tickpath: ${fault}\n`);
    return fault === undefined ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of error.faults) process.stderr.write(`tickpath: ${line}\n`);
    return EXIT_FAILED;
  }
}

function requestOf(
  [name, symbol, ...more]: readonly string[],
  feed: string | undefined,
): Request | { readonly fault: string } {
  const action = ACTIONS.find((each) => each === name);
  if (name !== undefined && action === undefined) {
    return { fault: `unknown action ${name}; allowed: ${ACTIONS.join(', ')}` };
  }
  if (feed === '') return { fault: '--feed needs a value' };
  if (feed !== undefined && action !== 'add') return { fault: '--feed goes with add only' };
  if (action === undefined) return { action };
  if (symbol === undefined) return { fault: `${action} needs SYMBOL` };
  return more.length > 0 ? { fault: `unknown argument ${more[0]}` } : { action, symbol, feed };
}

async function tell(url: string, isJson: boolean): Promise<string | undefined> {
  const asked = await question(url, 'GET');
  if (!asked.ok) return asked.fault;
  const answer = asked.value as FeedsAnswer;
  const lines = isJson ? [JSON.stringify(answer)] : feedLines(answer);
  process.stdout.write(`${lines.join('\n')}\n`);
  return undefined;
}

/** Answers with the fault, if there is one: a refusal of market-data's or of the venue's. */
async function change(
  url: string,
  { action, symbol, feed }: Extract<Request, { symbol: string }>,
  isJson: boolean,
): Promise<string | undefined> {
  const before = await question(url, 'GET');
  if (!before.ok) return before.fault;
  const query = new URLSearchParams({ symbol, ...(feed !== undefined && { feed }) });
  const made = await question(`${url}?${query}`, action === 'add' ? 'PUT' : 'DELETE');
  if (!made.ok) return made.fault;
  const changed = made.value as { readonly symbol: string; readonly feed: string };
  if (isJson) process.stdout.write(`${JSON.stringify(changed)}\n`);
  if (action === 'remove') {
    if (!isJson) process.stdout.write(`${outcomeLine(changed, 'removed')}\n`);
    return undefined;
  }
  const known = refusalCount(before.value as FeedsAnswer, changed.feed);
  const news = await newsWithin(url, changed, known);
  if ('fault' in news) return news.fault;
  const said = news.refusals.length === 0 ? news.state : news.refusals.join('; ');
  if (!news.isValid && news.refusals.length > 0) return `${changed.symbol} at ${changed.feed}: ${said}`;
  if (!isJson) process.stdout.write(`${outcomeLine(changed, 'added', news.state)}\n`);
  return undefined;
}

async function newsWithin(
  url: string,
  { symbol, feed }: { readonly symbol: string; readonly feed: string },
  known: number,
): Promise<SymbolNews | { readonly fault: string }> {
  const endMs = performance.now() + NEWS_MS;
  for (;;) {
    const asked = await question(url, 'GET');
    if (!asked.ok) return asked;
    const news = newsOf(asked.value as FeedsAnswer, { symbol, feed, known });
    if (news.isSettled || performance.now() > endMs) return news;
    await sleep(POLL_MS);
  }
}

async function question(url: string, method: 'GET' | 'PUT' | 'DELETE'): Promise<Asked> {
  const answer = await ask(url, { method, timeoutMs: ANSWER_TIMEOUT_MS });
  if (!answer.answered) return { ok: false, fault: `market-data: ${answer.reason}` };
  try {
    const value = JSON.parse(answer.text) as { readonly error?: unknown };
    if (answer.status === 200) return { ok: true, value };
    return { ok: false, fault: `market-data: ${String(value.error)} (status ${answer.status})` };
  } catch {
    return { ok: false, fault: `market-data: no JSON: ${answer.text.trim().slice(0, 200)} (status ${answer.status})` };
  }
}
