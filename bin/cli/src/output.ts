import { renderLine } from './line-renderer.ts';

/** Who speaks in the supervisor's own lines. */
export const SUPERVISOR = 'tickpath';

export interface OutputOptions {
  /** Lines of JSON instead of readable ones. */
  readonly json: boolean;
  readonly color: boolean;
  readonly write: (line: string) => void;
  readonly nowMs: () => number;
}

export interface Output {
  /** A line that a service wrote. */
  service(name: string, text: string): void;
  /** A line of the supervisor's own. */
  say(level: 'info' | 'warn' | 'fatal', msg: string): void;
}

/** Everything `start` shows, one line at a time. With `json` each line is an object that names its service. */
export function createOutput({ json, color, write, nowMs }: OutputOptions): Output {
  const asJson = (level: string, service: string, msg: string) =>
    JSON.stringify({ level, time: nowMs(), service, msg });
  const show = (service: string, text: string) => write(renderLine({ service, text }, { color }, nowMs()));
  return {
    service(name, text) {
      if (!json) show(name, text);
      else write(text.startsWith('{') ? text : asJson('warn', name, text));
    },
    say(level, msg) {
      const line = asJson(level, SUPERVISOR, msg);
      if (json) write(line);
      else show(SUPERVISOR, line);
    },
  };
}
