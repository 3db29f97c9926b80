import type { Token } from './tokens.ts';
import type { Fault, Module, Rule } from './workspace.ts';

const MAX_LINES = 400;
const KEBAB_CASE = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const FILE_SUFFIX = /(?:\.test|\.bench|\.d)?\.ts$/;
/** Names that say nothing of what is inside. */
const VAGUE_NAMES = new Set('util utils common helper helpers misc manager managers'.split(' '));

export const fileNames: Rule = {
  name: 'file-names',
  statement: 'files and folders are named in kebab-case, after what they hold',
  check: ({ modules }) => modules.flatMap(nameFaults),
};

export const fileSize: Rule = {
  name: 'file-size',
  statement: `no file is longer than ${MAX_LINES} lines`,
  check: ({ modules }) =>
    modules.flatMap(({ path, text }) => {
      const lines = text.replace(/\n$/, '').split('\n').length;
      return lines > MAX_LINES ? [{ path, line: lines, message: `${lines} lines > ${MAX_LINES}` }] : [];
    }),
};

export const noDefaultExport: Rule = {
  name: 'no-default-export',
  statement: 'every export has a name',
  check: ({ modules }) => modules.flatMap(defaultExports),
};

function nameFaults({ path }: Module): Fault[] {
  return path
    .replace(FILE_SUFFIX, '')
    .split('/')
    .flatMap((name) => {
      if (!KEBAB_CASE.test(name)) return [{ path, line: 1, message: `"${name}" is not kebab-case` }];
      const lastWord = name.split('-').at(-1) ?? '';
      return VAGUE_NAMES.has(lastWord) ? [{ path, line: 1, message: `"${name}" does not say what it holds` }] : [];
    });
}

function defaultExports({ path, code }: Module): Fault[] {
  return code.flatMap((token, index) => {
    if (token.kind !== 'name' || token.text !== 'export' || code[index - 1]?.text === '.') return [];
    return exportsDefault(code, index) ? [{ path, line: token.line, message: 'default export' }] : [];
  });
}

/** `export default …`, `export { x as default }` and `export { default } from`, but not `export { default as x }`. */
function exportsDefault(code: readonly Token[], index: number): boolean {
  const next = code[index + 1];
  if (next?.text === 'default' && next.kind === 'name') return true;
  if (next?.text !== '{') return false;
  const close = code.findIndex((token, position) => position > index && token.text === '}');
  return code
    .slice(index + 2, close)
    .some(({ text }, offset) => text === 'default' && code[index + 3 + offset]?.text !== 'as');
}
