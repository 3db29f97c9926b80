import { existsSync, mkdirSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { JournalError, lockFolder, type WriterLock } from '@tickpath/journal';
import { addresses, ConfigError, FatalStartError, type LoadedConfig, loadConfig, venueKeys } from '@tickpath/runtime';
import { loadKeys, SecurityError } from '@tickpath/wire';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { createOutput, type Output } from '../output.ts';
import { parseStartArguments, type StartArguments } from '../start-arguments.ts';
import { startSummaryLoop } from '../summary-loop.ts';
import { type Supervisor, startSupervisor } from '../supervisor.ts';
import { supervisorSchema } from '../supervisor-config.ts';
import { callerOf, STARTED_SERVICES, serviceEntry, WORKSPACE, workspaceVersion } from '../workspace.ts';
import { KEY_HOLDERS } from './keys.ts';

export const START_USAGE =
  'tickpath start [--profile NAME] [--replay FILE[,FILE]] [--pace N|max] [--json] [--section.key=value …]';

/** One Ctrl-C may arrive twice, from the terminal and from npm, which passes it on. */
const SAME_INTERRUPT_MS = 500;

type SupervisorConfig = LoadedConfig<typeof supervisorSchema>;

/** Runs every service until Ctrl-C. Resolves to the exit code when no process is left. */
export async function start(argv: readonly string[]): Promise<number> {
  const parsed = parseStartArguments(argv, callerOf(process.env));
  if ('fault' in parsed) return fail([parsed.fault, `usage: ${START_USAGE}`], EXIT_USAGE);
  if (parsed.help) {
    process.stdout.write(`usage: ${START_USAGE}\n`);
    return EXIT_OK;
  }
  const missing = parsed.replayFiles.filter((file) => !existsSync(file));
  if (missing.length > 0)
    return fail(
      missing.map((file) => `--replay: no such file: ${file}`),
      EXIT_FAILED,
    );
  let loaded: SupervisorConfig;
  try {
    const source = { argv: parsed.configArgs, env: process.env };
    loaded = loadConfig({ section: 'supervisor', schema: supervisorSchema, ...source });
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.faults, EXIT_FAILED);
    throw error;
  }
  const fault = keysFault(loaded.shared.security.keysDir);
  return fault === undefined ? run(parsed, loaded) : fail([fault], EXIT_FAILED);
}

/** Why the services cannot use their keys; found here, so that it is said once and not by each of them. */
function keysFault(keysDir: string | null): string | undefined {
  if (keysDir === null) return undefined;
  try {
    for (const name of STARTED_SERVICES) if (KEY_HOLDERS.includes(name)) loadKeys(resolve(WORKSPACE, keysDir), name);
    return undefined;
  } catch (error) {
    if (error instanceof SecurityError) return `security.keysDir: ${error.message}`;
    throw error;
  }
}

/** Keeps a second stack off the folder for as long as this process lives, or says why it cannot be used. */
function lockData(dataDir: string): WriterLock | string {
  try {
    mkdirSync(dataDir, { recursive: true });
    return lockFolder(dataDir);
  } catch (error) {
    if (!(error instanceof JournalError)) return `data.dir: ${dataDir} cannot be made: ${(error as Error).message}`;
    if (error.code !== 'JOURNAL_BUSY') return `data.dir: ${error.message}`;
    return `data.dir: ${dataDir} is in use by another stack: stop that one, or name another folder with --data.dir`;
  }
}

async function run({ json, configArgs }: StartArguments, loaded: SupervisorConfig): Promise<number> {
  const output = createOutput({
    json,
    color: process.stdout.isTTY === true && !process.env.NO_COLOR,
    write: (line) => void process.stdout.write(`${line}\n`),
    nowMs: Date.now,
  });
  const at = addresses(loaded.shared.network);
  const dataDir = resolve(WORKSPACE, loaded.shared.data.dir);
  const lock = lockData(dataDir);
  if (typeof lock === 'string') return fail([lock], EXIT_FAILED);
  const keys = keysEnvironment(loaded.shared.alpaca, dataDir);
  if (typeof keys === 'string') {
    lock.release();
    return fail([keys], EXIT_FAILED);
  }
  // Once for all: whatever a service takes for its working directory, they share one folder.
  const serviceArgs = [...configArgs, `--data.dir=${dataDir}`];
  sayHeader(output, loaded, dataDir);
  const supervisor = startSupervisor({
    services: STARTED_SERVICES.map((name) => ({ name, command: serviceCommand(name, serviceArgs) })),
    output,
    env: { ...process.env, ...keys },
    cwd: WORKSPACE,
  });
  listenForStop(supervisor);
  const stopSummary = startSummaryLoop({
    everyMs: loaded.config.summaryEverySeconds * 1000,
    metricsUrl: (service) => `${at.httpUrl(`health.${service}`)}/metrics`,
    show: (text) => output.say('info', text),
  });
  const exitCode = await supervisor.done;
  stopSummary();
  lock.release();
  return exitCode;
}

function serviceCommand(name: string, configArgs: readonly string[]): [string, ...string[]] {
  return [process.execPath, '--disable-warning=ExperimentalWarning', serviceEntry(name), ...configArgs];
}

function sayHeader(output: Output, { profile, shared }: SupervisorConfig, dataDir: string): void {
  const at = addresses(shared.network);
  const ports = STARTED_SERVICES.map((name) => at.port(`health.${name}`));
  const range = `http://${at.bindHost}:${Math.min(...ports)}–${Math.max(...ports)}`;
  output.say(
    'info',
    `tickpath ${workspaceVersion()}, profile ${profile}: ${STARTED_SERVICES.join(', ')}; health and metrics on ${range}; state in ${fromHere(dataDir)}; Ctrl-C stops`,
  );
}

/** A folder as a person would name it where the command was given. */
function fromHere(folder: string): string {
  const short = relative(callerOf(process.env).directory, folder);
  return short === '' || short.startsWith('..') ? folder : short;
}

/** The keys under which the services meet at the simulated venue: those of the data folder unless configured, or a fault. */
function keysEnvironment(alpaca: SupervisorConfig['shared']['alpaca'], dataDir: string): NodeJS.ProcessEnv | string {
  try {
    const keys = venueKeys({ alpaca }, dataDir);
    return keys === alpaca ? {} : { APCA_API_KEY_ID: keys.keyId, APCA_API_SECRET_KEY: keys.secretKey };
  } catch (error) {
    if (error instanceof FatalStartError) return error.message;
    throw error;
  }
}

function listenForStop(supervisor: Supervisor): void {
  let interruptedMs: number | undefined;
  process.on('SIGINT', () => {
    interruptedMs ??= performance.now();
    if (performance.now() - interruptedMs >= SAME_INTERRUPT_MS) supervisor.kill();
    else supervisor.stop();
  });
  process.on('SIGTERM', supervisor.stop);
  process.on('SIGHUP', supervisor.stop);
  // Whoever read our output is gone.
  process.stdout.on('error', supervisor.stop);
}

function fail(lines: readonly string[], exitCode: number): number {
  for (const line of lines) process.stderr.write(`tickpath: ${line}\n`);
  return exitCode;
}
