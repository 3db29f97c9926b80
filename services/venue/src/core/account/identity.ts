import { scopedUuid } from '../ids.ts';

/** Which account it is: another id tells a client that the book of before is gone. */
export interface AccountIdentity {
  readonly id: string;
  /** As Alpaca numbers its paper accounts: `PA` and ten letters or digits. */
  readonly accountNumber: string;
  readonly createdNs: bigint;
}

/** The account that a run opens when there is none. */
export function accountIdentity(runId: string, createdNs: bigint): AccountIdentity {
  const number = scopedUuid(`account number ${runId}`, 0).replaceAll('-', '').slice(0, 10).toUpperCase();
  return { id: scopedUuid(`account ${runId}`, 0), accountNumber: `PA${number}`, createdNs };
}
