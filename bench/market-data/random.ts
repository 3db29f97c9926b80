/** An integer from `low` to `high`. */
export type Random = (low: number, high: number) => number;

/** The linear congruential generator of Numerical Recipes: good enough for a mix, and the same mix every time. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (low, high) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  };
}
