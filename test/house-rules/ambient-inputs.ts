import { isMark, isMember, type Token } from './tokens.ts';
import { type Fault, type Module, type Rule, targetOf } from './workspace.ts';

const PURE_CODE = /^(?:services\/[^/]+\/src\/core|libs\/trading\/src|libs\/strategy\/src)\//;
const PROCESS_OWNERS = /^(?:services\/[^/]+\/src\/main\.ts$|libs\/(?:runtime|testkit)\/|bin\/|test\/|bench\/)/;

const RANDOM_SOURCES = 'randomUUID randomBytes randomInt randomFill randomFillSync getRandomValues'.split(' ');
/** Members of global objects that bring in the time, chance or the environment. */
const AMBIENT_MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['Date', ['now']],
  ['performance', ['now', 'timeOrigin']],
  ['process', ['env', 'argv', 'hrtime', 'uptime', 'nextTick', 'on', 'once', 'exit', 'cwd', 'pid']],
  ['Math', ['random']],
  ['crypto', RANDOM_SOURCES],
]);
const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate']);
const IMPURE_BUILTINS = new Set(
  (
    'child_process cluster dgram dns fs http http2 https inspector net os perf_hooks process readline sqlite timers ' +
    'tls worker_threads'
  ).split(' '),
);
const IMPURE_PACKAGES = new Set(['ws', 'undici', 'fastify', 'zeromq']);
const LISTENERS = new Set(['on', 'once', 'addListener', 'prependListener', 'prependOnceListener']);

export const pureCores: Rule = {
  name: 'pure-cores',
  statement: 'cores, trading and strategy take time, chance and the environment as inputs',
  check: ({ modules }) =>
    modules
      .filter(({ path }) => PURE_CODE.test(path))
      .flatMap((module) => [...impureImports(module), ...ambientReads(module)]),
};

export const processOwners: Rule = {
  name: 'process-owners',
  statement: 'only entry points, runtime, testkit and tests read process.env or listen for signals',
  check: ({ modules }) =>
    modules
      .filter(({ path, isTest }) => !isTest && !PROCESS_OWNERS.test(path))
      .flatMap((module) => [...environmentReads(module), ...signalListeners(module)]),
};

function impureImports(module: Module): Fault[] {
  return module.imports.flatMap(({ specifier, line, names }) => {
    const fault = (message: string): Fault => ({ path: module.path, line, message });
    const target = targetOf(module, specifier);
    if (target.kind === 'npm') return IMPURE_PACKAGES.has(target.name) ? [fault(`imports ${specifier}`)] : [];
    if (target.kind !== 'builtin') return [];
    const family = target.name.split('/')[0] ?? '';
    if (IMPURE_BUILTINS.has(family)) return [fault(`imports ${specifier}`)];
    if (family !== 'crypto') return [];
    return names.filter(isImpureOfCrypto).map((name) => fault(`imports ${name} of ${specifier}`));
  });
}

/** Hashes are pure; the whole of `node:crypto` (`*`, `default`) would hide its sources of chance. */
function isImpureOfCrypto(name: string): boolean {
  return name === '*' || name === 'default' || name === 'webcrypto' || RANDOM_SOURCES.includes(name);
}

function ambientReads(module: Module): Fault[] {
  const code = withoutGlobalThis(module.code);
  return code.flatMap((token, index) => {
    const read = ambientReadAt(code, index);
    return read === undefined ? [] : [{ path: module.path, line: token.line, message: `uses ${read}` }];
  });
}

function ambientReadAt(code: readonly Token[], index: number): string | undefined {
  const token = code[index];
  if (token?.kind !== 'name' || isMember(code, index)) return undefined;
  const member = memberAt(code, index + 1);
  if (member !== undefined && AMBIENT_MEMBERS.get(token.text)?.includes(member)) return `${token.text}.${member}`;
  if (token.text === 'Date') return currentDateAt(code, index);
  return TIMERS.has(token.text) && !isDeclared(code, index) ? token.text : undefined;
}

/** `new Date` of nothing is now; `Date(…)` is now as text whatever it is given. */
function currentDateAt(code: readonly Token[], index: number): string | undefined {
  const isCalled = isMark(code[index + 1], '(');
  if (!isMark(code[index - 1], 'new')) return isCalled ? 'Date()' : undefined;
  const hasArguments = isCalled && !isMark(code[index + 2], ')');
  return hasArguments ? undefined : 'new Date() without arguments';
}

/** True where a port declares a member of its own with a timer's name: `setTimeout: …` or `setTimeout(…): …`. */
function isDeclared(code: readonly Token[], index: number): boolean {
  if (isMark(code[index - 1], '?')) return false;
  if (!isMark(code[index + 1], '(')) return isMark(code[index + 1], ':') || isMark(code[index + 1], '?');
  let depth = 0;
  let close = index + 1;
  for (; close < code.length; close++) {
    if (isMark(code[close], '(')) depth++;
    if (isMark(code[close], ')') && --depth === 0) break;
  }
  return isMark(code[close + 1], ':') || isMark(code[close + 1], '{');
}

function environmentReads(module: Module): Fault[] {
  const code = withoutGlobalThis(module.code);
  const reads = code.filter((token, index) => {
    if (!isMark(token, 'process') || isMember(code, index)) return false;
    const isDestructured = isMark(code[index - 1], '=') && isMark(code[index - 2], '}') && !memberAt(code, index + 1);
    return memberAt(code, index + 1) === 'env' || isDestructured;
  });
  const imports = module.imports.filter(
    ({ specifier, names }) => /^(?:node:)?process$/.test(specifier) && names.includes('env'),
  );
  return [...reads, ...imports].map(({ line }) => ({
    path: module.path,
    line,
    message: 'reads process.env; take it from the config',
  }));
}

/** A listener for a computed event counts: it is how a list of signals is listened for. */
function signalListeners(module: Module): Fault[] {
  const code = withoutGlobalThis(module.code);
  return code.flatMap((token, index) => {
    const method = code[index + 2];
    const event = code[index + 4];
    const isListener = isMark(token, 'process') && !isMember(code, index) && LISTENERS.has(method?.text ?? '');
    if (!isListener || !isMark(code[index + 1], '.') || !isMark(code[index + 3], '(')) return [];
    if (event?.kind === 'string' && !event.text.startsWith('SIG')) return [];
    return [{ path: module.path, line: token.line, message: 'listens for signals; main.ts does' }];
  });
}

/** So that `globalThis.Date.now` reads as `Date.now`. */
function withoutGlobalThis(code: readonly Token[]): Token[] {
  return code.filter((token, index) => {
    const isGlobal = isMark(token, 'globalThis') && isMark(code[index + 1], '.');
    const isItsDot = isMark(token, '.') && isMark(code[index - 1], 'globalThis');
    return !isGlobal && !isItsDot;
  });
}

/** The member accessed at `index`: `.name`, `?.name`, `['name']` or `?.['name']`. */
function memberAt(code: readonly Token[], index: number): string | undefined {
  const isOptional = isMark(code[index], '?.') && isMark(code[index + 1], '[');
  const start = isOptional ? index + 1 : index;
  const [first, second, third] = [code[start], code[start + 1], code[start + 2]];
  if ((isMark(first, '.') || isMark(first, '?.')) && second?.kind === 'name') return second.text;
  if (isMark(first, '[') && second?.kind === 'string' && isMark(third, ']')) return second.text;
  return undefined;
}
