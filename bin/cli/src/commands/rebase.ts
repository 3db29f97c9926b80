import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { type Addresses, ConfigError, createClock } from '@tickpath/runtime';
import { Requester, type RequestResult, SecurityError, securityFrom, type WireSecurity } from '@tickpath/wire';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { parseStackArguments, stackAt } from '../stack-arguments.ts';
import { WORKSPACE } from '../workspace.ts';

export const REBASE_USAGE = 'tickpath rebase [--reason TEXT] [--profile NAME] [--section.key=value …]';

const DEFAULT_REASON = 'tickpath rebase';
/** risk first, so that it follows execution's log again when the account is taken. */
const ASKED = [
  { service: 'risk', endpoint: 'riskRequests' },
  { service: 'execution', endpoint: 'executionRequests' },
] as const;
const TRY_MS = 3000;
const RETRIES = 2;

/** Has risk and execution take the account from the venue, whatever their books say. Fails if one of them does not. */
export async function rebase(argv: readonly string[]): Promise<number> {
  const parsed = parseStackArguments(argv, { reason: 'string' });
  const reason = 'fault' in parsed ? '' : (parsed.values.reason ?? DEFAULT_REASON);
  const fault = 'fault' in parsed ? parsed.fault : faultOf(parsed.positionals, reason);
  if ('fault' in parsed || fault !== undefined) {
    process.stderr.write(`tickpath: ${fault}\nusage: ${REBASE_USAGE}\n`);
    return EXIT_USAGE;
  }
  if (parsed.help) {
    process.stdout.write(`usage: ${REBASE_USAGE}\n`);
    return EXIT_OK;
  }
  try {
    const { at, shared } = stackAt(parsed.configArgs);
    const { keysDir } = shared.security;
    const security = await securityFrom(keysDir === null ? null : resolve(WORKSPACE, keysDir), 'cli', {
      onRefused: () => {},
    });
    const isDone = await askAll(at, security, reason).finally(() => security.close());
    return isDone ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof SecurityError)) throw error;
    for (const line of error instanceof ConfigError ? error.faults : [error.message]) say(line);
    return EXIT_FAILED;
  }
}

function faultOf(positionals: readonly string[], reason: string): string | undefined {
  if (positionals.length > 0) return `unknown argument ${positionals[0]}`;
  return reason === '' ? '--reason needs a value' : undefined;
}

/** Asks both in turn, the second one whatever the first has said. */
async function askAll(at: Addresses, security: WireSecurity, reason: string): Promise<boolean> {
  const { nowNs } = createClock();
  let isDone = true;
  for (const { service, endpoint } of ASKED) {
    const requester = new Requester({
      ...{ source: 'cli', epoch: 1, connect: at.connect(endpoint), nowNs, security, server: service },
      timeoutMs: TRY_MS,
      retries: RETRIES,
    });
    const result = await requester.ask('rebase', { requestId: randomUUID(), reason });
    requester.close();
    const said = textOf(result);
    if (said === undefined) isDone = false;
    if (said !== undefined) process.stdout.write(`${service}: ${said}\n`);
    else say(`${service}: ${result.ok ? `answered ${result.reply.kind}` : result.text}`);
  }
  return isDone;
}

function textOf(result: RequestResult): string | undefined {
  return result.ok && result.reply.kind === 'rebaseReply' ? result.reply.payload.text : undefined;
}

function say(text: string): void {
  process.stderr.write(`tickpath: ${text}\n`);
}
