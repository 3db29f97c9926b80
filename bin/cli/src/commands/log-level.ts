import { type Addresses, ConfigError, LOG_LEVELS, type LogLevel } from '@tickpath/runtime';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { type Answer, ask } from '../http-question.ts';
import { parseStackArguments, stackAt } from '../stack-arguments.ts';
import { STARTED_SERVICES } from '../workspace.ts';

export const LOG_LEVEL_USAGE = 'tickpath log-level SERVICE|all LEVEL [--profile NAME] [--section.key=value …]';

const ALL = 'all';
const ANSWER_TIMEOUT_MS = 2000;

type Service = (typeof STARTED_SERVICES)[number];

/** What is asked for, once it makes sense. */
interface Change {
  readonly services: readonly Service[];
  readonly level: LogLevel;
}

/** Changes the log level of running services, until they end. Fails if one of them does not do it. */
export async function logLevel(argv: readonly string[]): Promise<number> {
  const parsed = parseStackArguments(argv, {});
  if (!('fault' in parsed) && parsed.help) {
    process.stdout.write(`usage: ${LOG_LEVEL_USAGE}\n`);
    return EXIT_OK;
  }
  const change = 'fault' in parsed ? parsed : changeOf(parsed.positionals);
  if ('fault' in parsed || 'fault' in change) {
    const { fault } = change as { fault: string };
    process.stderr.write(`tickpath: ${fault}\nusage: ${LOG_LEVEL_USAGE}\n`);
    return EXIT_USAGE;
  }
  try {
    const { at } = stackAt(parsed.configArgs);
    const results = await Promise.all(change.services.map((service) => setLevel(at, service, change.level)));
    return results.every(Boolean) ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const fault of error.faults) process.stderr.write(`tickpath: ${fault}\n`);
    return EXIT_FAILED;
  }
}

function changeOf([name = '', levelName = '', ...more]: readonly string[]): Change | { readonly fault: string } {
  const services = name === ALL ? STARTED_SERVICES : STARTED_SERVICES.filter((service) => service === name);
  const level = LOG_LEVELS.find((each) => each === levelName);
  const unknown = (what: string, found: string, allowed: readonly string[]) => ({
    fault: `${found === '' ? `no ${what} given` : `unknown ${what} ${found}`}; allowed: ${allowed.join(', ')}`,
  });
  if (services.length === 0) return unknown('service', name, [...STARTED_SERVICES, ALL]);
  if (level === undefined) return unknown('level', levelName, LOG_LEVELS);
  return more.length > 0 ? { fault: `unknown argument ${more[0]}` } : { services, level };
}

async function setLevel(at: Addresses, service: Service, level: LogLevel): Promise<boolean> {
  const url = `${at.httpUrl(`health.${service}`)}/log-level`;
  const before = await ask(url, { timeoutMs: ANSWER_TIMEOUT_MS });
  const after = before.answered ? await ask(url, { method: 'PUT', body: level, timeoutMs: ANSWER_TIMEOUT_MS }) : before;
  if (!isDone(after)) {
    process.stderr.write(`tickpath: ${service}: ${faultOf(after)}\n`);
    return false;
  }
  process.stdout.write(`${service}: ${levelIn(before)} → ${levelIn(after)}\n`);
  return true;
}

function isDone(answer: Answer): boolean {
  return answer.answered && answer.status === 200;
}

function faultOf(answer: Answer): string {
  if (!answer.answered) return answer.reason;
  return `status ${answer.status}: ${answer.text.trim().slice(0, 200)}`;
}

/** The level that an answer of `/log-level` tells. */
function levelIn(answer: Answer): string {
  if (!isDone(answer) || !answer.answered) return '?';
  try {
    return String((JSON.parse(answer.text) as { level?: unknown }).level);
  } catch {
    return '?';
  }
}
