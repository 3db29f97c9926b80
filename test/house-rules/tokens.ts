/** What a token is. A template literal with `${…}` is a `template` chunk, the code inside, then `template-rest` chunks. */
export type TokenKind =
  | 'name'
  | 'number'
  | 'string'
  | 'template'
  | 'template-rest'
  | 'regex'
  | 'punctuation'
  | 'comment';

export interface Token {
  readonly kind: TokenKind;
  /** As written, but strings, template chunks and comments come without their delimiters; escapes stay undecoded. */
  readonly text: string;
  /** 1-based line of the token's first character. */
  readonly line: number;
}

type Spelling = Pick<Token, 'kind' | 'text'>;

interface Position {
  readonly text: string;
  index: number;
  line: number;
}

const SPACE = /\s+/y;
const COMMENT = /\/\/([^\n]*)|\/\*([\s\S]*?)\*\//y;
const NAME = /#?[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const NUMBER = /0[xob][\da-f_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?[\d_]+)?n?/iy;
const STRING = /'((?:[^'\\\n]|\\[\s\S])*)'|"((?:[^"\\\n]|\\[\s\S])*)"/y;
const TEMPLATE_CHUNK = /((?:[^`\\$]|\\[\s\S]|\$(?!\{))*)(`|\$\{)/y;
const REGEX = /\/(?:[^\\/[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+\/[a-z]*/y;
const PUNCTUATION = /\?\.(?!\d)|=>|\.\.\.|\+\+|--|[\s\S]/y;

/** After these words a slash begins a regular expression; after any other name it divides. */
const WORDS_BEFORE_EXPRESSION = new Set(
  'return typeof case in of delete void throw new else do await yield instanceof'.split(' '),
);
const WORDS_BEFORE_CONDITION = new Set(['if', 'while', 'for', 'with']);

/**
 * Splits TypeScript into tokens, comments included. It needs no grammar beyond what tells a regular expression from a
 * division and the end of `${…}` from a block's; text that does not compile still gives tokens and never an error.
 */
export function scan(text: string): Token[] {
  const at: Position = { text, index: 0, line: 1 };
  const tokens: Token[] = [];
  const nesting = trackNesting();
  skipHashbang(at);
  while (skipSpace(at)) {
    const line = at.line;
    const add = (kind: TokenKind, body: string) => tokens.push({ kind, text: body, line });
    const comment = take(COMMENT, at);
    if (comment) {
      add('comment', comment[1] ?? comment[2] ?? '');
      continue;
    }
    const literal = takeLiteral(at) ?? takeRegex(at, nesting);
    if (literal) {
      add(literal.kind, literal.text);
      nesting.after(literal);
      continue;
    }
    const mark = take(PUNCTUATION, at)?.[0] ?? '';
    const endsSubstitution = mark === '}' && nesting.closesSubstitution();
    if (mark === '`' || endsSubstitution) {
      if (endsSubstitution) nesting.endSubstitution();
      const chunk = take(TEMPLATE_CHUNK, at);
      add(endsSubstitution ? 'template-rest' : 'template', chunk?.[1] ?? '');
      nesting.afterTemplateChunk(chunk?.[2] === '${');
      continue;
    }
    add('punctuation', mark);
    nesting.after({ kind: 'punctuation', text: mark });
  }
  return tokens;
}

/** The tokens that are code. */
export function withoutComments(tokens: readonly Token[]): Token[] {
  return tokens.filter((token) => token.kind !== 'comment');
}

/** True for a name or punctuation spelled so; false for a string that says the same. */
export function isMark(token: Token | undefined, text: string): boolean {
  return token?.text === text && (token.kind === 'punctuation' || token.kind === 'name');
}

/** True where the token at `index` is accessed on something: `x.name`, `x?.name`. */
export function isMember(code: readonly Token[], index: number): boolean {
  return isMark(code[index - 1], '.') || isMark(code[index - 1], '?.');
}

/** The line of the character at `offset` of a token's text. */
export function lineWithin(token: Token, offset: number): number {
  return token.line + countLines(token.text.slice(0, offset));
}

/** Remembers the open brackets, which decide what a slash or a closing brace means. */
interface Nesting {
  readonly expectsExpression: () => boolean;
  readonly closesSubstitution: () => boolean;
  readonly endSubstitution: () => void;
  readonly afterTemplateChunk: (opensSubstitution: boolean) => void;
  readonly after: (token: Spelling) => void;
}

function trackNesting(): Nesting {
  const open: ('brace' | 'substitution' | 'bracket' | 'condition')[] = [];
  let lastWord = '';
  let expectsExpression = true;

  const afterPunctuation = (mark: string): boolean => {
    if (mark === '{') open.push('brace');
    if (mark === '[') open.push('bracket');
    if (mark === '(') open.push(WORDS_BEFORE_CONDITION.has(lastWord) ? 'condition' : 'bracket');
    if (mark === ')') return open.pop() === 'condition';
    if (mark === ']' || mark === '}') open.pop();
    return mark !== ']' && mark !== '++' && mark !== '--';
  };

  return {
    expectsExpression: () => expectsExpression,
    closesSubstitution: () => open.at(-1) === 'substitution',
    endSubstitution: () => {
      open.pop();
    },
    afterTemplateChunk: (opensSubstitution) => {
      if (opensSubstitution) open.push('substitution');
      expectsExpression = opensSubstitution;
      lastWord = '';
    },
    after: ({ kind, text }) => {
      expectsExpression = kind === 'punctuation' ? afterPunctuation(text) : WORDS_BEFORE_EXPRESSION.has(text);
      if (kind === 'string' || kind === 'regex') expectsExpression = false;
      lastWord = kind === 'name' ? text : '';
    },
  };
}

function takeLiteral(at: Position): Spelling | undefined {
  const name = take(NAME, at);
  if (name) return { kind: 'name', text: name[0] };
  const number = take(NUMBER, at);
  if (number) return { kind: 'number', text: number[0] };
  const string = take(STRING, at);
  if (string) return { kind: 'string', text: string[1] ?? string[2] ?? '' };
  return undefined;
}

function takeRegex(at: Position, nesting: Nesting): Spelling | undefined {
  const regex = nesting.expectsExpression() ? take(REGEX, at) : undefined;
  return regex && { kind: 'regex', text: regex[0] };
}

function take(pattern: RegExp, at: Position): RegExpExecArray | undefined {
  pattern.lastIndex = at.index;
  const match = pattern.exec(at.text);
  if (!match) return undefined;
  at.index += match[0].length;
  at.line += countLines(match[0]);
  return match;
}

function skipHashbang(at: Position): void {
  if (at.text.startsWith('#!')) take(/[^\n]*/y, at);
}

/** False at the end of the text. */
function skipSpace(at: Position): boolean {
  take(SPACE, at);
  return at.index < at.text.length;
}

function countLines(text: string): number {
  let lines = 0;
  for (let index = text.indexOf('\n'); index >= 0; index = text.indexOf('\n', index + 1)) lines++;
  return lines;
}
