/** What a synthetic market needs to go on after a restart, as plain JSON: a type and no interface, for that. */
export type SyntheticPosition = {
  readonly kind: 'synthetic';
  /** How often this run has been taken up again: each time has trade ids and random numbers of its own. */
  readonly resumptions: number;
  /** Unix nanoseconds as decimal text. */
  readonly tsNs: string;
  /** By symbol the fair price in pips, hundredths of a cent. */
  readonly prices: Readonly<Record<string, number>>;
};

/** Trade ids between two resumptions. A run can be taken up again 2^21 times before ids are no safe integers. */
export const IDS_PER_RESUMPTION: number = 2 ** 32;
