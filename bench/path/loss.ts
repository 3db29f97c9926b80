import type { Variant } from './variant.ts';

/** What a round lost, with what its variant has refused since its start; empty for a whole round. */
export async function lossOf(
  variant: Variant,
  { missing, lost = 0 }: { readonly missing: number; readonly lost?: number },
): Promise<string> {
  if (missing + lost === 0) return '';
  const refusals = [...(await variant.refusals())].map(([reason, count]) => `${count} ${reason}`);
  const refused = refusals.length === 0 ? '' : ` (refused since the start: ${refusals.join(', ')})`;
  return `, LOST ${lost} ticks and ${missing} orders${refused}`;
}
