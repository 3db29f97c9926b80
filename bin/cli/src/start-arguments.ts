import { resolve } from 'node:path';
import { isProfilePath } from '@tickpath/runtime';

export interface StartArguments {
  readonly json: boolean;
  readonly help: boolean;
  readonly profile: string | undefined;
  /** Files given with `--replay`, as absolute paths. */
  readonly replayFiles: readonly string[];
  /** The arguments for every service. */
  readonly configArgs: readonly string[];
}

/** Where the command was given. Services run in the workspace, so that paths are made absolute here. */
export interface Caller {
  readonly directory: string;
  /** The profile that the environment names. */
  readonly profile: string | undefined;
}

/**
 * Reads what stands after `tickpath start`. `--replay` and `--pace` are short for configuration flags and come before
 * the ones given in full, so these win. Answers with the fault if there is one.
 */
export function parseStartArguments(
  argv: readonly string[],
  caller: Caller,
): StartArguments | { readonly fault: string } {
  const short: string[] = [];
  const full: string[] = [];
  let json = false;
  let help = false;
  let profile: string | undefined;
  let replayFiles: string[] = [];
  for (let i = 0; i < argv.length; i += 1) {
    const token = argv[i] ?? '';
    const [, name, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(token) ?? [];
    if (token === '-h' || name === 'help') help = true;
    else if (name === 'json' && inline === undefined) json = true;
    else if (name === undefined) return { fault: `unknown argument ${token}` };
    else if (name === 'profile' || name === 'replay' || name === 'pace' || name.includes('.')) {
      const next = argv[i + 1];
      const takesNext = inline === undefined && next !== undefined && !next.startsWith('--');
      if (takesNext) i += 1;
      const value = takesNext ? next : inline;
      if (name.includes('.')) full.push(value === undefined ? `--${name}` : `--${name}=${value}`);
      else if (value === undefined || value === '') return { fault: `--${name} needs a value` };
      else if (name === 'profile') profile = value;
      else if (name === 'pace') short.push(`--venue.replay.pace=${value}`);
      else
        replayFiles = value
          .split(',')
          .filter((file) => file !== '')
          .map((file) => resolve(caller.directory, file));
    } else return { fault: `unknown flag ${token}` };
  }
  if (replayFiles.length > 0) {
    profile ??= 'replay';
    short.push('--venue.source=replay', `--venue.replay.files=${replayFiles.join(',')}`);
  }
  profile ??= caller.profile;
  if (profile !== undefined && isProfilePath(profile)) profile = resolve(caller.directory, profile);
  const profileArgs = profile === undefined ? [] : [`--profile=${profile}`];
  return { json, help, profile, replayFiles, configArgs: [...profileArgs, ...short, ...full] };
}
