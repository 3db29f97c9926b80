import { findings, parseWorkspace, type Rule } from './workspace.ts';

const LIBS = ['trading', 'journal', 'runtime', 'wire', 'strategy', 'testkit'];
const SERVICES = ['venue', 'risk', 'backtest'];

/** The manifests of a workspace laid out as this one, without dependencies. */
const MANIFESTS: Readonly<Record<string, string>> = Object.fromEntries([
  ...LIBS.map((name) => manifest(`libs/${name}`, name, { '.': './src/index.ts' })),
  ...SERVICES.map((name) => manifest(`services/${name}`, name, { './core': './src/core/index.ts' })),
  manifest('bin/cli', 'cli', { '.': './src/main.ts' }),
  manifest('test', 'test', {}),
  manifest('bench', 'bench', {}),
]);

/**
 * What a rule finds in made-up sources, path → text, which lie in a workspace laid out as this one; a
 * `package.json` among them takes the place of the laid-out one.
 */
export function found(rule: Rule, sources: Readonly<Record<string, string>>): string[] {
  return foundIn(rule, { ...MANIFESTS, ...sources });
}

/** The same in a workspace that has only the packages given. */
export function foundIn(rule: Rule, sources: Readonly<Record<string, string>>): string[] {
  const files = Object.entries(sources).map(([path, text]) => ({ path, text }));
  return findings(rule, parseWorkspace(files));
}

function manifest(folder: string, name: string, exports: Record<string, string>): [string, string] {
  return [`${folder}/package.json`, JSON.stringify({ name: `@tickpath/${name}`, exports })];
}
