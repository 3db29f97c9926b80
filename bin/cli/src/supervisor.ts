import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { SUPERVISED_VARIABLE } from '@tickpath/runtime';
import { parseLogLine } from './line-renderer.ts';
import type { Output } from './output.ts';
import {
  beginSupervision,
  type Ending,
  type Step,
  type Supervision,
  type SupervisionAction,
  type SupervisionEvent,
  supervise,
} from './supervision.ts';

export interface ServiceCommand {
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
}

export interface SupervisorOptions {
  readonly services: readonly ServiceCommand[];
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

export interface Supervisor {
  /** The exit code, once no process is left. */
  readonly done: Promise<number>;
  /** Ends every service: SIGTERM, then SIGKILL 2.5 s later. */
  stop(): void;
  /** Ends every service at once. */
  kill(): void;
}

/** How long the last lines of a dead process may take to arrive. */
const LAST_LINES_MS = 200;

/** Starts all services and keeps them running until `stop`, or until one of them cannot run at all. */
export function startSupervisor({ services, output, env, cwd }: SupervisorOptions): Supervisor {
  const commands = new Map(services.map(({ name, command }) => [name, command]));
  const children = new Map<string, ChildProcess>();
  const timers = new Set<NodeJS.Timeout>();
  const lastFatal = new Map<string, string[]>();
  const { promise: done, resolve: finished } = Promise.withResolvers<number>();
  // A child that outlives us by a crash of ours would still end by its stdin; this is the faster way.
  const killChildren = () => {
    for (const child of children.values()) child.kill('SIGKILL');
  };
  process.on('exit', killChildren);

  let current: Supervision;
  const take = ({ next, actions }: Step) => {
    current = next;
    for (const action of actions) perform(action);
  };
  const handle = (event: SupervisionEvent) => take(supervise(current, event));

  const later = (delayMs: number, event: SupervisionEvent) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      handle(event);
    }, delayMs);
    timers.add(timer);
  };

  const perform = (action: SupervisionAction) => {
    switch (action.kind) {
      case 'start':
        return startService(action.service);
      case 'signal':
        return void children.get(action.service)?.kill(action.signal);
      case 'startLater':
        return later(action.delayMs, { kind: 'backOffPassed', service: action.service });
      case 'killLater':
        return later(action.delayMs, { kind: 'stopDeadlinePassed' });
      case 'reportDeath':
        return output.say(
          'warn',
          `${action.service} died (${endingText(action.ending)}), starts again in ${action.restartInMs} ms`,
        );
      case 'finish':
        return finish(action.exitCode);
    }
  };

  const startService = (service: string) => {
    const [program, ...args] = commands.get(service) ?? [];
    if (program === undefined) throw new Error(`no command for ${service}`);
    lastFatal.delete(service);
    const child = spawn(program, args, { cwd, env: { ...env, [SUPERVISED_VARIABLE]: '1' }, stdio: 'pipe' });
    children.set(service, child);
    child.stdin.on('error', () => undefined);
    eachLine(child.stdout, (text) => onLine(service, text));
    eachLine(child.stderr, (text) => output.service(service, text));
    void endingOf(child).then((ending) => {
      children.delete(service);
      handle({ kind: 'exited', service, nowMs: performance.now(), ...ending });
    });
  };

  const onLine = (service: string, text: string) => {
    output.service(service, text);
    const fields = parseLogLine(text);
    if (fields?.level === 'fatal') lastFatal.set(service, [...(lastFatal.get(service) ?? []), String(fields.msg)]);
    if (fields?.lifecycle === 'ready') handle({ kind: 'ready', service, nowMs: performance.now() });
  };

  const finish = (exitCode: number) => {
    for (const timer of timers) clearTimeout(timer);
    process.off('exit', killChildren);
    const { culprit } = current;
    const reasons = culprit === undefined ? [] : (lastFatal.get(culprit) ?? ['it says no reason']);
    for (const reason of reasons) output.say('fatal', `${culprit} cannot run: ${reason}`);
    output.say('info', 'stopped');
    finished(exitCode);
  };

  const begun = beginSupervision([...commands.keys()]);
  current = begun.next;
  take(begun);
  return { done, stop: () => handle({ kind: 'stopRequested' }), kill: () => handle({ kind: 'killRequested' }) };
}

/** Resolves when the process is gone and its output read, or when what it started still holds its output open. */
function endingOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      const timer = setTimeout(() => resolve({ code, signal }), LAST_LINES_MS);
      child.once('close', () => {
        clearTimeout(timer);
        resolve({ code, signal });
      });
    });
    // Without a process there is no exit: the program could not be started.
    child.once('error', () => {
      if (child.pid === undefined) resolve({ code: null, signal: null });
    });
  });
}

function eachLine(stream: Readable, onLine: (text: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (text) => {
    if (text.trim() !== '') onLine(text);
  });
}

function endingText({ code, signal }: Ending): string {
  if (signal !== null) return `by ${signal}`;
  return code === null ? 'could not be started' : `exit code ${code}`;
}
