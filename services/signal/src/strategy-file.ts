import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FatalStartError } from '@tickpath/runtime';
import { type MomentumOptions, momentum, type Strategy } from '@tickpath/strategy';

/** The built-in strategy, or the one a file exports as `strategy`. A file that cannot be used stops the start. */
export async function loadStrategy(nameOrPath: string, options: MomentumOptions): Promise<Strategy> {
  if (nameOrPath === 'momentum') return momentum(options);
  const path = resolve(nameOrPath);
  let exported: { strategy?: unknown };
  try {
    exported = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new FatalStartError('STRATEGY_NOT_LOADED', `strategy ${path} cannot be loaded: ${(error as Error).message}`);
  }
  const strategy = exported.strategy as Partial<Strategy> | undefined;
  const complete = typeof strategy?.name === 'string' && strategy.warmup && typeof strategy.create === 'function';
  if (!complete) {
    throw new FatalStartError(
      'STRATEGY_NOT_LOADED',
      `strategy ${path} exports ${Object.keys(exported).join(', ') || 'nothing'}; expected strategy: { name, warmup, create }`,
    );
  }
  return strategy as Strategy;
}
