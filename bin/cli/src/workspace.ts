import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Caller } from './start-arguments.ts';

/** The folder of the workspace; commands run in it. */
export const WORKSPACE: string = join(import.meta.dirname, '../../..');

/** The services that `start` runs, in the order they are shown. */
export const STARTED_SERVICES = ['venue', 'market-data', 'store', 'signal', 'risk', 'execution'] as const;

export function workspaceVersion(): string {
  const manifest = JSON.parse(readFileSync(join(WORKSPACE, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

/** Files of the workspace that match, relative to it and sorted. */
export function workspaceFiles(patterns: readonly string[]): string[] {
  return globSync([...patterns], { cwd: WORKSPACE, exclude: (name) => name === 'node_modules' }).sort();
}

export function serviceEntry(service: string): string {
  return join(WORKSPACE, 'services', service, 'src/main.ts');
}

/** Where a person gave the command: npm runs a script in the package's folder and tells where it was called. */
export function callerOf(env: NodeJS.ProcessEnv): Caller {
  const directory = env.npm_lifecycle_event === undefined ? undefined : env.INIT_CWD;
  return { directory: directory ?? process.cwd(), profile: env.TICKPATH_PROFILE || undefined };
}
