const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const DIGIT_0 = 0x30;
const POINT = 0x2e;
/** So few that the digits are exact in a double, and their quotient by a power of ten is the double nearest to the number. */
const MAX_DIGITS = 15;
const POWERS_OF_TEN: readonly number[] = Array.from({ length: MAX_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/**
 * Goes through a text of JSON whose form is known, from its beginning. What it reads is what `JSON.parse` would make of it;
 * of anything else, also of an escape, an exponent, a sign or a number of more than 15 digits, it is lost, and stays so: from then on it
 * reads nothing. So a form is written down as a sequence, and asked once at its end whether it fitted.
 */
export class FrameCursor {
  readonly #text: string;
  #at = 0;
  #isLost = false;

  constructor(text: string) {
    this.#text = text;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Whether all of the text has been read as what it was held to be. */
  get isAtEnd(): boolean {
    return !this.#isLost && this.#at === this.#text.length;
  }

  /** Goes past what has to be there. */
  expect(literal: string): void {
    if (!this.skips(literal)) this.#isLost = true;
  }

  /** Goes past what may be there; false when it is not. */
  skips(literal: string): boolean {
    if (this.#isLost || !this.#text.startsWith(literal, this.#at)) return false;
    this.#at += literal.length;
    return true;
  }

  /** The rest of a string, whose first quotation mark is behind; goes past the closing one. */
  string(): string {
    const text = this.#text;
    const from = this.#at;
    for (let at = from; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        return text.slice(from, at);
      }
      if (code < SPACE || code === BACKSLASH) break;
    }
    this.#isLost = true;
    return '';
  }

  /** A list of strings. */
  strings(): string[] {
    const strings: string[] = [];
    this.expect('[');
    if (this.skips(']')) return strings;
    do {
      this.expect('"');
      strings.push(this.string());
    } while (this.skips(','));
    this.expect(']');
    return strings;
  }

  /** A number of zero or more. */
  number(): number {
    const text = this.#text;
    const from = this.#at;
    let at = from;
    let digits = 0;
    let code = text.charCodeAt(at) - DIGIT_0;
    while (code >= 0 && code <= 9) {
      digits = digits * 10 + code;
      at += 1;
      code = text.charCodeAt(at) - DIGIT_0;
    }
    const whole = at - from;
    const hasLeadingZero = whole > 1 && text.charCodeAt(from) === DIGIT_0;
    if (whole === 0 || whole > MAX_DIGITS || hasLeadingZero) {
      this.#isLost = true;
      return 0;
    }
    this.#at = at;
    return code + DIGIT_0 === POINT ? this.#fraction(digits, whole) : digits;
  }

  #fraction(whole: number, wholeDigits: number): number {
    const text = this.#text;
    const from = this.#at + 1;
    let at = from;
    let digits = whole;
    let code = text.charCodeAt(at) - DIGIT_0;
    while (code >= 0 && code <= 9) {
      digits = digits * 10 + code;
      at += 1;
      code = text.charCodeAt(at) - DIGIT_0;
    }
    const decimals = at - from;
    if (decimals === 0 || wholeDigits + decimals > MAX_DIGITS) {
      this.#isLost = true;
      return 0;
    }
    this.#at = at;
    return digits / (POWERS_OF_TEN[decimals] ?? 1);
  }
}
