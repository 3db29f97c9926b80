const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const DIGIT_0 = 0x30;
const POINT = 0x2e;
/** So few that the digits are exact in a double, and their quotient by a power of ten is the double nearest to the number. */
const MAX_DIGITS = 15;
const POWERS_OF_TEN: readonly number[] = Array.from({ length: MAX_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/**
 * Goes through a text of JSON whose form is known, from its beginning. What it reads is what `JSON.parse` would make of it.
 * Of anything else, also of an escape, an exponent, a sign or a number of more than 15 digits, it is lost and reads nothing
 * more. So a form is written down as a sequence, and asked once at its end whether it fitted.
 */
export class FrameCursor {
  readonly #text: string;
  #at = 0;
  #isLost = false;

  constructor(text: string) {
    this.#text = text;
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

  /** Goes past what has to be there, the opening quotation mark at its end, and reads the string. */
  string(before: string): string {
    this.expect(before);
    if (this.#isLost) return '';
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

  /** Goes past what has to be there and reads a list of strings. */
  strings(before: string): string[] {
    const strings: string[] = [];
    this.expect(before);
    this.expect('[');
    if (this.skips(']')) return strings;
    do strings.push(this.string('"'));
    while (this.skips(','));
    this.expect(']');
    return strings;
  }

  /** Goes past what has to be there and reads a number of zero or more. */
  number(before: string): number {
    this.expect(before);
    if (this.#isLost) return 0;
    const from = this.#at;
    const whole = this.#digits(0);
    const count = this.#at - from;
    const hasLeadingZero = count > 1 && this.#text.charCodeAt(from) === DIGIT_0;
    if (count === 0 || count > MAX_DIGITS || hasLeadingZero) this.#isLost = true;
    return this.#text.charCodeAt(this.#at) === POINT ? this.#withFraction(whole, count) : whole;
  }

  #withFraction(whole: number, wholeCount: number): number {
    this.#at += 1;
    const from = this.#at;
    const digits = this.#digits(whole);
    const decimals = this.#at - from;
    if (decimals === 0 || wholeCount + decimals > MAX_DIGITS) this.#isLost = true;
    return digits / (POWERS_OF_TEN[decimals] ?? 1);
  }

  /** Goes past digits; their number, behind those that have been read. */
  #digits(before: number): number {
    let value = before;
    for (;;) {
      const digit = this.#text.charCodeAt(this.#at) - DIGIT_0;
      if (!(digit >= 0 && digit <= 9)) return value;
      value = value * 10 + digit;
      this.#at += 1;
    }
  }
}
