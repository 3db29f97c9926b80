import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Children } from '../measure/children.ts';

/** Bytes a symbol, in use after a collection: heap and what lies beside it. */
export interface MemoryRound {
  readonly total: number;
  /** The stream's last message of each topic, and its numbers. The ring is taken off. */
  readonly topics: number;
  /** Trade ids that are remembered, and what is known of subscriptions. */
  readonly protocol: number;
  /** At full depth, and what is published of them. */
  readonly books: number;
  /** Bars of a day of minutes, trades that can be corrected, the rules' windows. */
  readonly rest: number;
}

const CHILD = fileURLToPath(new URL('./memory-child.ts', import.meta.url));

/** In a process of its own, a market with a trade in every minute of a day and books of so many levels a side. */
export async function memoryRound(
  children: Children,
  { symbols, levels }: { readonly symbols: number; readonly levels: number },
): Promise<MemoryRound> {
  const child = children.start({
    name: 'memory',
    args: ['--expose-gc', CHILD, String(symbols), String(levels)],
    ipc: true,
  });
  const [round] = (await Promise.race([once(child, 'message'), children.failure])) as [MemoryRound];
  await children.stop([child]);
  return round;
}
