/** Numbers in a row that show that one before them was too high. */
const CONFIRMED_BY = 3;

/** Numbers that only rise, with holes: says of each whether it is news. */
export interface RisingNumbers {
  takes(number: number): boolean;
  reset(): void;
}

/**
 * A number not above the last one is old. But were the last one wrong, all behind it would be: so many that rise one
 * after the other below it take its place.
 */
export function createRisingNumbers(): RisingNumbers {
  let last = -1;
  let lower = -1;
  let lowerCount = 0;
  const forgetLower = () => {
    lower = -1;
    lowerCount = 0;
  };
  return {
    takes(number) {
      if (number <= last) {
        lowerCount = number > lower ? lowerCount + 1 : 1;
        lower = number;
        if (lowerCount < CONFIRMED_BY) return false;
      }
      last = number;
      forgetLower();
      return true;
    },
    reset() {
      last = -1;
      forgetLower();
    },
  };
}
