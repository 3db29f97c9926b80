import { ConfigError, FatalStartError } from '@tickpath/runtime';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { parseStackArguments } from '../stack-arguments.ts';
import { askVenue } from '../venue-question.ts';

export const TAPE_USAGE = 'tickpath tape status|pause|resume|seek TIME|pace N [--profile NAME] [--section.key=value …]';

const PATH = '/tickpath/v1/tape';
const ANSWER_TIMEOUT_MS = 5000;
/** A seek reads the tape up to its place, the first one also to its end. */
const SEEK_TIMEOUT_MS = 600_000;

const ACTIONS = ['status', 'pause', 'resume', 'seek', 'pace'] as const;

/** What the venue says of what it plays. */
interface TapeEntity {
  readonly run: string;
  readonly source: string;
  readonly state: string;
  readonly pace: number | string;
  readonly time: string;
  readonly position?: { readonly events: number; readonly of: number | null };
}

/** What is asked for, once it makes sense; without a body it is asked where the tape stands. */
interface Request {
  readonly body: { readonly action: string; readonly to?: string; readonly pace?: number | string } | undefined;
  readonly timeoutMs: number;
}

/** Tells where the tape of a running venue stands, after having held or moved it. */
export async function tape(argv: readonly string[]): Promise<number> {
  const parsed = parseStackArguments(argv, {});
  if (!('fault' in parsed) && parsed.help) {
    process.stdout.write(`usage: ${TAPE_USAGE}\n`);
    return EXIT_OK;
  }
  const request = 'fault' in parsed ? parsed : requestOf(parsed.positionals);
  if ('fault' in parsed || 'fault' in request) {
    const { fault } = request as { fault: string };
    process.stderr.write(`tickpath: ${fault}\nusage: ${TAPE_USAGE}\n`);
    return EXIT_USAGE;
  }
  try {
    const { body, timeoutMs } = request;
    const question = { path: PATH, timeoutMs, ...(body !== undefined && { body }) };
    const answer = await askVenue<TapeEntity>(replayUnlessNamed(parsed.configArgs), question);
    if (answer.ok) process.stdout.write(`${lineOf(answer.value)}\n`);
    else process.stderr.write(`tickpath: ${answer.fault}\n`);
    return answer.ok ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof FatalStartError)) throw error;
    for (const line of error instanceof ConfigError ? error.faults : [error.message]) {
      process.stderr.write(`tickpath: ${line}\n`);
    }
    return EXIT_FAILED;
  }
}

function requestOf([name = '', value, ...more]: readonly string[]): Request | { readonly fault: string } {
  const action = ACTIONS.find((each) => each === name);
  if (action === undefined) {
    const fault = name === '' ? 'no action given' : `unknown action ${name}`;
    return { fault: `${fault}; allowed: ${ACTIONS.join(', ')}` };
  }
  const takesValue = action === 'seek' || action === 'pace';
  if (takesValue && value === undefined) return { fault: `${action} needs ${action === 'seek' ? 'TIME' : 'N'}` };
  const unknown = takesValue ? more[0] : value;
  if (unknown !== undefined) return { fault: `unknown argument ${unknown}` };
  if (action === 'status') return { body: undefined, timeoutMs: ANSWER_TIMEOUT_MS };
  if (action === 'seek') return { body: { action, to: value ?? '' }, timeoutMs: SEEK_TIMEOUT_MS };
  if (action !== 'pace') return { body: { action }, timeoutMs: ANSWER_TIMEOUT_MS };
  const pace = value === 'max' ? value : Number(value);
  if (pace !== 'max' && !(Number.isFinite(pace) && pace > 0)) {
    return { fault: `pace is ${value}, expected a number above 0 or max` };
  }
  return { body: { action, pace }, timeoutMs: ANSWER_TIMEOUT_MS };
}

/** Only a stack that replays has a tape. */
function replayUnlessNamed(configArgs: readonly string[]): readonly string[] {
  return configArgs.some((arg) => arg.startsWith('--profile=')) ? configArgs : ['--profile=replay', ...configArgs];
}

function lineOf({ run, source, state, pace, time, position }: TapeEntity): string {
  if (position === undefined) return `${source} market, ${state}, ${time}, run ${run}`;
  const { events, of } = position;
  const speed = typeof pace === 'number' ? `${pace}×` : pace;
  return `tape ${state}, pace ${speed}, ${time}, row ${events}${of === null ? '' : ` of ${of}`}, run ${run}`;
}
