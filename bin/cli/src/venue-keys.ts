import { randomBytes } from 'node:crypto';

export interface VenueKeys {
  readonly keyId: string;
  readonly secretKey: string;
}

/** A pair as Alpaca gives them out, for a simulated venue: nobody guesses it. */
export function newVenueKeys(): VenueKeys {
  return {
    keyId: `PK${randomBytes(9).toString('hex').toUpperCase()}`,
    secretKey: randomBytes(20).toString('hex'),
  };
}
