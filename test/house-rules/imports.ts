import { isMark, isMember, type Token } from './tokens.ts';

/** One place where a file names another module. */
export interface ModuleImport {
  readonly specifier: string;
  /** 1-based line of the `import`, `export` or `require` word. */
  readonly line: number;
  /** True for `import type` and `export type`, which vanish; `import { type A }` still loads the module. */
  readonly typeOnly: boolean;
  /** Names as the other module exports them; `default` and `*` where it is meant; empty where a call loads it. */
  readonly names: readonly string[];
}

/**
 * The imports of a file: static ones, `export … from`, `import('…')`, `require('…')`, and `require.resolve` or
 * `import.meta.resolve`. A module whose name is computed is not seen.
 *
 * @param code the file's tokens without comments
 */
export function importsOf(code: readonly Token[]): ModuleImport[] {
  const found: ModuleImport[] = [];
  code.forEach((token, index) => {
    if (token.kind !== 'name' || isMember(code, index)) return;
    const named = moduleNamedAt(code, index);
    if (named) found.push({ ...named, line: token.line });
  });
  return found;
}

type NamedModule = Omit<ModuleImport, 'line'>;

function moduleNamedAt(code: readonly Token[], index: number): NamedModule | undefined {
  const word = code[index]?.text;
  if (word === 'require') return calledModule(code, index + 1, ['.', 'resolve']);
  if (word === 'export') return fromClause(code, index + 1, 'export');
  if (word !== 'import') return undefined;
  const next = code[index + 1];
  if (next?.kind === 'string') return { specifier: next.text, typeOnly: false, names: [] };
  return calledModule(code, index + 1, ['.', 'meta', '.', 'resolve']) ?? fromClause(code, index + 1, 'import');
}

/** `('x')`, or the same after the given member path. */
function calledModule(code: readonly Token[], start: number, path: readonly string[]): NamedModule | undefined {
  const afterPath = path.every((text, offset) => isMark(code[start + offset], text)) ? start + path.length : start;
  const argument = code[afterPath + 1];
  const end = code[afterPath + 2];
  if (!isMark(code[afterPath], '(') || (!isMark(end, ')') && !isMark(end, ','))) return undefined;
  if (argument?.kind !== 'string' && argument?.kind !== 'template') return undefined;
  return { specifier: argument.text, typeOnly: false, names: [] };
}

function fromClause(code: readonly Token[], start: number, word: 'import' | 'export'): NamedModule | undefined {
  const typeOnly = isTypeModifier(code, start);
  const names: string[] = [];
  let index = typeOnly ? start + 1 : start;
  if (word === 'import' && code[index]?.kind === 'name') {
    names.push('default');
    index += isMark(code[index + 1], ',') ? 2 : 1;
  }
  if (isMark(code[index], '*')) {
    names.push('*');
    index += isMark(code[index + 1], 'as') ? 3 : 1;
  } else if (isMark(code[index], '{')) {
    const close = code.findIndex((token, position) => position > index && isMark(token, '}'));
    if (close < 0) return undefined;
    names.push(...namesInBraces(code.slice(index + 1, close)));
    index = close + 1;
  }
  const specifier = code[index + 1];
  if (!isMark(code[index], 'from') || specifier?.kind !== 'string') return undefined;
  return { specifier: specifier.text, typeOnly, names };
}

/** `type` modifies the clause, unless it is itself the name that is imported (`import type from 'x'`). */
function isTypeModifier(code: readonly Token[], index: number): boolean {
  const next = code[index + 1];
  if (!isMark(code[index], 'type') || next === undefined) return false;
  if (isMark(next, 'from')) return isMark(code[index + 2], 'from');
  return next.kind === 'name' || isMark(next, '{') || isMark(next, '*');
}

function namesInBraces(tokens: readonly Token[]): string[] {
  const names: string[] = [];
  let startsName = true;
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    const isModifier = token.text === 'type' && next?.kind === 'name' && next.text !== 'as';
    if (startsName && !isMark(token, ',') && !isModifier) {
      names.push(token.text);
      startsName = false;
    }
    if (isMark(token, ',')) startsName = true;
  });
  return names;
}
