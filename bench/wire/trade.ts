import type { Payload } from '@tickpath/wire';

/** The small message that everything here is measured with. */
export const TRADE: Payload<'trade'> = {
  price: '187.23',
  size: '100',
  tradeId: '52983625699126',
  exchange: 'P',
  conditions: ['@', 'F'],
  tape: 'C',
  venueTsNs: 1_760_000_000_000_000_000n,
  receivedNs: 1_760_000_000_000_000_001n,
  decodedNs: 1_760_000_000_000_000_002n,
  takerSide: null,
  flags: [],
};

export const TOPIC = 'AAPL/trade';
