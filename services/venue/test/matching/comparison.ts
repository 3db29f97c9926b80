import { isDeepStrictEqual } from 'node:util';
import type { MatchDecision } from '../../src/core/matching/types.ts';
import type { MatchInput, Subject } from './match-input.ts';
import { told } from './matching-builders.ts';
import { NaiveMatcher } from './naive-matcher.ts';
import type { Script } from './random-inputs.ts';

export interface Difference {
  readonly at: number;
  readonly found: string;
  readonly expected: string;
}

/** What a run looks at beside the comparison, after each input. */
export type Observer = (input: MatchInput, decisions: readonly MatchDecision[], naive: NaiveMatcher) => void;

/** Where a subject first decides otherwise than the naive matcher; `null` when it never does. */
export function firstDifference(script: Script, subject: Subject, observe: Observer = () => {}): Difference | null {
  const naive = new NaiveMatcher(script.slippage);
  for (const [at, input] of script.inputs.entries()) {
    // An amendment is of an order that is in and never raises it: whether it is depends on what was decided before.
    const { orderId, leavesQty } = input.do === 'amend' ? input : { orderId: '', leavesQty: 0 };
    const leaves = naive.leavesOf(orderId);
    if (input.do === 'amend' && (leaves === undefined || leavesQty > leaves)) continue;
    const expected = naive.apply(input);
    let found: readonly MatchDecision[];
    try {
      found = subject.apply(input);
    } catch (error) {
      return { at, found: String(error), expected: told(expected).join(', ') };
    }
    observe(input, found, naive);
    if (!isDeepStrictEqual(found, expected)) {
      return { at, found: told(found).join(', '), expected: told(expected).join(', ') };
    }
  }
  return null;
}

/** The shortest script found that still shows a difference: cut after it, then every input left out that can be. */
export function shrink(script: Script, subjectFor: (script: Script) => Subject): Script {
  const differs = (inputs: readonly MatchInput[]) => {
    const candidate = { ...script, inputs };
    return firstDifference(candidate, subjectFor(candidate));
  };
  const first = differs(script.inputs);
  if (first === null) return script;
  let inputs = script.inputs.slice(0, first.at + 1);
  for (let length = Number.POSITIVE_INFINITY; inputs.length < length; ) {
    length = inputs.length;
    for (let from = inputs.length - 2; from >= 0; from -= 1) {
      const without = inputs.toSpliced(from, 1);
      if (differs(without) !== null) inputs = without;
    }
  }
  return { ...script, inputs };
}

export function scriptText({ slippage, inputs }: Script): string {
  return [`slippage ${JSON.stringify(slippage)}`, ...inputs.map(inputText)].join('\n');
}

function inputText(input: MatchInput): string {
  return JSON.stringify(input, (_, value) => (typeof value === 'bigint' ? undefined : value));
}
