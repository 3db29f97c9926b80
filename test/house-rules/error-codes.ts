import { isMark, type Token } from './tokens.ts';
import type { Module, Workspace } from './workspace.ts';

/** Codes in capitals, `PEER_UNKNOWN`; a number of a venue's is a code too, `40410000`. */
const CODE = /^[A-Z][A-Z\d]*(?:_[A-Z\d]+)*$/;
const CODE_TYPE = /(?:Fault|Code|Reason)$/;
const FAULT_CLASS = /(?:Error|Fault)$/;
/** Calls that answer with a code, and the names of the fields that hold one. */
const ANSWERING_CALLS = new Set(['failure', 'refuse']);
const CODE_FIELDS = new Set(['code', 'reason']);
const EXIT_CONSTANT = /^EXIT_/;
const OPENING = new Set(['(', '[', '{']);
const CLOSING = new Set([')', ']', '}']);
/** What a user never meets: it runs only in tests. */
const UNSHIPPED = /^libs\/testkit\//;

/** Every code of an error, refusal or failure in the sources that are shipped, with the files that name it. */
export function codesIn({ modules }: Workspace): Map<string, readonly string[]> {
  return collected(modules, ({ code }) => [
    ...typeUnions(code),
    ...codeFields(code),
    ...firstArguments(code),
    ...answers(code),
  ]);
}

/** Every exit code that a constant `EXIT_…` names. */
export function exitCodesIn({ modules }: Workspace): Map<string, readonly string[]> {
  return collected(modules, ({ code }) =>
    code.flatMap((token, at) => {
      const value = code[at + 2];
      const isConstant = token.kind === 'name' && EXIT_CONSTANT.test(token.text) && isMark(code[at + 1], '=');
      return isConstant && value?.kind === 'number' ? [value.text] : [];
    }),
  );
}

/** Every numeric code of the simulated venue: in a field `code`, or a key of a table of texts. */
export function venueCodesIn({ modules }: Workspace): Map<string, readonly string[]> {
  const venue = modules.filter(({ path }) => path.startsWith('services/venue/'));
  return collected(venue, ({ code }) =>
    code.flatMap((token, at) => {
      if (token.kind !== 'number') return [];
      const isField = code[at - 2]?.text === 'code' && isMark(code[at - 1], ':') && !isMark(code[at + 1], '*');
      const isKey = isMark(code[at + 1], ':') && code[at + 2]?.kind === 'string' && !isMark(code[at - 1], '?');
      return isField || isKey ? [token.text.replaceAll('_', '')] : [];
    }),
  );
}

function collected(modules: readonly Module[], find: (module: Module) => readonly string[]): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const module of modules) {
    if (module.isTest || module.path.endsWith('.test.ts') || UNSHIPPED.test(module.path)) continue;
    for (const code of new Set(find(module))) files.set(code, [...(files.get(code) ?? []), module.path]);
  }
  return files;
}

/** `type TapeErrorCode = 'TAPE_UNREADABLE' | …`. */
function typeUnions(code: readonly Token[]): string[] {
  return code.flatMap((token, at) => {
    const name = code[at + 1];
    const isUnion =
      token.text === 'type' && name?.kind === 'name' && CODE_TYPE.test(name.text) && isMark(code[at + 2], '=');
    return isUnion
      ? codesOf(
          code.slice(
            at + 3,
            endOf(code, at + 3, (each) => each.text === ';'),
          ),
        )
      : [];
  });
}

/** `code: 'TIMEOUT'`, `readonly code = 'CONFIG_INVALID'`, `reason: isLate ? 'A' : 'B'`; no comparison. */
function codeFields(code: readonly Token[]): string[] {
  return code.flatMap((token, at) => {
    const isField = token.kind === 'name' && CODE_FIELDS.has(token.text);
    const isSet = isMark(code[at + 1], ':') || (isMark(code[at + 1], '=') && !isMark(code[at + 2], '='));
    if (!isField || !isSet) return [];
    return codesOf(
      code.slice(
        at + 2,
        endOf(code, at + 2, ({ text }) => text === ',' || text === ';'),
      ),
    );
  });
}

/** `new WireError('BIND_FAILED', …)`: codes in what stands first. */
function firstArguments(code: readonly Token[]): string[] {
  return code.flatMap((token, at) => {
    const name = code[at + 1];
    const isThrown =
      token.text === 'new' && name?.kind === 'name' && FAULT_CLASS.test(name.text) && isMark(code[at + 2], '(');
    return isThrown
      ? codesOf(
          code.slice(
            at + 3,
            endOf(code, at + 3, ({ text }) => text === ','),
          ),
        )
      : [];
  });
}

/** `failure(requestId, 'BAD_REQUEST', …)`: codes in any argument. */
function answers(code: readonly Token[]): string[] {
  return code.flatMap((token, at) => {
    const isCall = ANSWERING_CALLS.has(token.text) && isMark(code[at + 1], '(') && code[at - 1]?.text !== 'function';
    return isCall
      ? codesOf(
          code.slice(
            at + 2,
            endOf(code, at + 2, () => false),
          ),
        )
      : [];
  });
}

/** What is compared with is another's code, and what stands inside a template is part of a text. */
function codesOf(tokens: readonly Token[]): string[] {
  const templateAt = tokens.findIndex(({ kind }) => kind === 'template');
  const templateEnd = tokens.findLastIndex(({ kind }) => kind === 'template-rest');
  const isCode = ({ kind, text }: Token, at: number) =>
    kind === 'string' && CODE.test(text) && !isMark(tokens[at - 1], '=') && !(at > templateAt && at < templateEnd);
  return tokens.filter(isCode).map(({ text }) => text);
}

/** Where a list goes on, or the brackets around it close. */
function endOf(code: readonly Token[], from: number, isEnd: (token: Token) => boolean): number {
  let depth = 0;
  for (let at = from; at < code.length; at += 1) {
    const token = code[at];
    if (token?.kind !== 'punctuation') continue;
    if (OPENING.has(token.text)) depth += 1;
    else if (CLOSING.has(token.text)) depth -= 1;
    if (depth < 0 || (depth === 0 && isEnd(token))) return at;
  }
  return code.length;
}
