import { createServer } from 'node:net';
import { defineSchema, FatalStartError, runService } from '../src/index.ts';

/** A real service whose behaviour a test chooses by its configuration. */
const schema = defineSchema({
  behaviour: {
    format: [
      'run',
      'fatal-start',
      'foreign-fatal-start',
      'failing-start',
      'bind-own-port',
      'crash-later',
      'reject-later',
      'fatal-later',
      'never-stop',
      'log-secrets',
      'log-levels',
      'trace',
    ],
    default: 'run',
  },
});

await runService({
  name: 'venue',
  schema,
  traceIdOf: (clOrdId) => `trace-of-${clOrdId}`,
  async start({ config, shared, log, health, addresses, onFatal, hideInLogs, metrics, tracing, clock, operations }) {
    metrics.counter('tickpath_example_starts_total', 'starts').inc();
    health.detail('positions', () => 3n);
    health.detail('broken', () => {
      throw new Error('no answer');
    });
    health.trading('WARMING', ['no prices yet']);
    operations.route('/orders', {
      GET: ({ query }) => ({ status: 200, body: { of: query.get('of'), count: 3n } }),
      DELETE: ({ body }) => {
        if (body.length > 10) throw new Error(`body of ${body.length}`);
        return { status: 409, body: { error: `found ${body}` } };
      },
    });
    if (config.behaviour === 'fatal-start')
      throw new FatalStartError('JOURNAL_UNKNOWN', 'journal of an unknown version');
    if (config.behaviour === 'foreign-fatal-start')
      throw Object.assign(new Error('keys that others can read'), { unrecoverable: true });
    if (config.behaviour === 'failing-start') throw new Error('the disk is slow today');
    if (config.behaviour === 'bind-own-port') {
      const server = createServer();
      server.listen(addresses.port('health.venue'), addresses.bindHost);
      await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
    }
    if (config.behaviour === 'crash-later') {
      setImmediate(() => {
        throw new Error('a bug');
      });
    }
    if (config.behaviour === 'reject-later') setImmediate(() => void Promise.reject(new Error('a bug of a promise')));
    if (config.behaviour === 'fatal-later') setImmediate(() => onFatal(new Error('cash does not add up')));
    if (config.behaviour === 'log-secrets') {
      const headers = { 'APCA-API-SECRET-KEY': 'from a header', authorization: 'Bearer abc' };
      log.error({ alpaca: shared.alpaca, headers }, `sent with ${shared.alpaca.secretKey}`);
      hideInLogs(['', 'made "here"']);
      log.info('made with made "here"');
      health.set('degraded', ['a secret was nearly told']);
    }
    if (config.behaviour === 'log-levels') {
      const child = log.child({ part: 'feed' });
      health.detail('written', () => {
        log.debug({ clOrdId: 'tp-1' }, 'a line of the service');
        child.debug({ clOrdId: 7 }, 'a line of a part');
        return true;
      });
    }
    const trace = (name: string) => {
      if (config.behaviour !== 'trace') return;
      const nowNs = clock.nowNs();
      const ids = { traceId: '8f3a0c1d2e4b5a69788796a5b4c3d2e1', spanId: '1234567890abcdef' };
      tracing.emit(() => [{ ...ids, name, kind: 'internal', startNs: nowNs, endNs: nowNs }]);
    };
    trace('start');
    setImmediate(trace, 'run');
    return {
      stop() {
        trace('stop');
        return config.behaviour === 'never-stop' ? new Promise(() => undefined) : Promise.resolve();
      },
    };
  },
});
