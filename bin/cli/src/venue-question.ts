import { resolve } from 'node:path';
import { venueKeysFile, venueKeysOf } from '@tickpath/runtime';
import { ask } from './http-question.ts';
import { stackAt } from './stack-arguments.ts';
import { WORKSPACE } from './workspace.ts';

export interface VenueQuestion {
  readonly path: string;
  /** Posted as JSON; without it the path is read. */
  readonly body?: object;
  readonly timeoutMs: number;
}

export type VenueAnswer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: string };

/**
 * Asks the venue of the stack that the flags choose, with its keys. Throws `ConfigError`, and `FatalStartError` for a file
 * of keys that cannot be used.
 */
export async function askVenue<T>(configArgs: readonly string[], question: VenueQuestion): Promise<VenueAnswer<T>> {
  const { shared, at } = stackAt(configArgs);
  const dir = resolve(WORKSPACE, shared.data.dir);
  const keys = venueKeysOf(shared, dir);
  if (keys === undefined) {
    return { ok: false, fault: `no such file: ${venueKeysFile(dir)}; the first start of the venue makes it` };
  }
  const url = at.httpUrl('venue') + question.path;
  const answer = await ask(url, {
    ...(question.body !== undefined && { method: 'POST', body: JSON.stringify(question.body) }),
    headers: {
      ...{ 'apca-api-key-id': keys.keyId, 'apca-api-secret-key': keys.secretKey },
      ...(question.body !== undefined && { 'content-type': 'application/json' }),
    },
    timeoutMs: question.timeoutMs,
  });
  if (!answer.answered) return { ok: false, fault: `venue at ${url}: ${answer.reason}` };
  const value = jsonOf(answer.text);
  if (answer.status === 200 && value !== undefined) return { ok: true, value: value as T };
  const message = (value as { readonly message?: unknown } | undefined)?.message;
  const said = typeof message === 'string' ? message : answer.text.trim().slice(0, 200);
  return { ok: false, fault: answer.status === 200 ? `no JSON: ${said}` : `${said} (status ${answer.status})` };
}

/** The object in a text of JSON; `undefined` for any other text. */
function jsonOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
