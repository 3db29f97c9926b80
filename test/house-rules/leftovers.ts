import { isMark, isMember, lineWithin, type Token, type TokenKind } from './tokens.ts';
import type { Fault, Module, Rule } from './workspace.ts';

const MARKERS = /\b(?:TODO|FIXME|XXX|HACK)\b/g;
/** An absolute path, also in a `file:///` URL, but not the tail of a relative path or of a web address. */
const MACHINE_PATH = /(?<![\w.~-])(?<!:\/)\/(?:work|root|home|Users)\//g;
const QUOTING_KINDS: ReadonlySet<TokenKind> = new Set(['string', 'template', 'template-rest', 'comment']);
const TEST_FUNCTIONS = new Set(['test', 'it', 'describe', 'suite']);

export const noLeftovers: Rule = {
  name: 'no-leftovers',
  statement: 'no unfinished work is left in comments, and no test is narrowed, postponed or skipped without a reason',
  check: ({ modules }) =>
    modules.flatMap((module) => [
      ...matches(module, MARKERS, (token) => token.kind === 'comment').map(({ text, ...place }) => ({
        ...place,
        message: `leftover ${text}`,
      })),
      ...(module.isTest || module.path.endsWith('.test.ts') ? sidelinedTests(module) : []),
    ]),
};

export const noMachinePaths: Rule = {
  name: 'no-machine-paths',
  statement: 'no source names a folder of one machine',
  check: ({ modules }) =>
    modules.flatMap((module) =>
      matches(module, MACHINE_PATH, (token) => QUOTING_KINDS.has(token.kind))
        // A chunk after `${…}` goes on with a path that begins elsewhere.
        .filter(({ token, index }) => token.kind !== 'template-rest' || index > 0)
        .map(({ path, line, text }) => ({ path, line, message: `machine path ${text}` })),
    ),
};

interface Match {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly token: Token;
  readonly index: number;
}

function matches(module: Module, pattern: RegExp, isWanted: (token: Token) => boolean): Match[] {
  return module.tokens.filter(isWanted).flatMap((token) =>
    [...token.text.matchAll(pattern)].map(({ 0: text, index }) => ({
      path: module.path,
      line: lineWithin(token, index),
      text,
      token,
      index,
    })),
  );
}

function sidelinedTests({ path, code }: Module): Fault[] {
  return code.flatMap((token, index) => {
    const message = token.kind === 'name' ? sidelineAt(code, index) : undefined;
    return message === undefined ? [] : [{ path, line: token.line, message }];
  });
}

function sidelineAt(code: readonly Token[], index: number): string | undefined {
  const word = code[index]?.text;
  if (word !== 'only' && word !== 'skip' && word !== 'todo') return undefined;
  const isOption = isMark(code[index + 1], ':') && code[index + 2]?.text === 'true';
  if (isOption) return `${word}: true${word === 'skip' ? '; give the reason as text' : ''}`;
  if (!isMember(code, index) || !isMark(code[index + 1], '(')) return undefined;
  if (word !== 'skip') return `.${word}(…)`;
  if (TEST_FUNCTIONS.has(code[index - 2]?.text ?? '')) return `.skip(…) gives no reason; use { skip: 'reason' }`;
  return isMark(code[index + 2], ')') ? '.skip() gives no reason' : undefined;
}
