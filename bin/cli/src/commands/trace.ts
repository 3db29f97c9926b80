import { ConfigError } from '@tickpath/runtime';
import { traceIdOf } from '@tickpath/trading';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { fetchTrace } from '../jaeger.ts';
import { parseStackArguments, stackAt } from '../stack-arguments.ts';
import { renderTrace } from '../trace-renderer.ts';
import { treeOf } from '../trace-tree.ts';

export const TRACE_USAGE = 'tickpath trace CLORDID [--jaeger URL] [--json] [--profile NAME] [--section.key=value …]';

/** Prints the trace of an order as Jaeger has it. Fails if Jaeger does not know it or does not answer. */
export async function trace(argv: readonly string[]): Promise<number> {
  const parsed = parseStackArguments(argv, { jaeger: 'string', json: 'boolean' });
  if (!('fault' in parsed) && parsed.help) {
    process.stdout.write(`usage: ${TRACE_USAGE}\n`);
    return EXIT_OK;
  }
  const fault = 'fault' in parsed ? parsed.fault : argumentsFault(parsed.positionals, parsed.values.jaeger);
  if ('fault' in parsed || fault !== undefined) return fail([`${fault}\nusage: ${TRACE_USAGE}`], EXIT_USAGE);
  const { values, positionals, configArgs } = parsed;
  const [clOrdId = ''] = positionals;
  try {
    const url = values.jaeger ?? stackAt(configArgs).shared.tracing.queryUrl;
    return await show(clOrdId, url, values.json === true);
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.faults, EXIT_FAILED);
    throw error;
  }
}

function argumentsFault([clOrdId, ...more]: readonly string[], jaeger: string | undefined): string | undefined {
  if (clOrdId === undefined || clOrdId === '') return 'no clOrdId given';
  if (more.length > 0) return `more than one clOrdId: ${[clOrdId, ...more].join(', ')}`;
  const isUrl = jaeger === undefined || /^https?:$/.test(URL.parse(jaeger)?.protocol ?? '');
  return isUrl ? undefined : `--jaeger: found ${JSON.stringify(jaeger)}; allowed: an http or https URL`;
}

async function show(clOrdId: string, url: string, json: boolean): Promise<number> {
  const traceId = traceIdOf(clOrdId);
  const answer = await fetchTrace(url, traceId);
  if (answer.type === 'failed') return fail([`Jaeger at ${url}: ${answer.reason}`], EXIT_FAILED);
  if (answer.type === 'not-found') {
    return fail([`Jaeger at ${url} has no trace ${traceId} of order ${clOrdId}`], EXIT_FAILED);
  }
  const tree = treeOf(answer.spans);
  const { isTTY, columns } = process.stdout;
  const style = { color: isTTY === true && !process.env.NO_COLOR, width: isTTY === true ? columns : undefined };
  const lines = json ? [JSON.stringify({ clOrdId, traceId, ...tree })] : renderTrace(clOrdId, traceId, tree, style);
  process.stdout.write(`${lines.join('\n')}\n`);
  return EXIT_OK;
}

function fail(lines: readonly string[], exitCode: number): number {
  for (const line of lines) process.stderr.write(`tickpath: ${line}\n`);
  return exitCode;
}
