import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { EXIT_CRASH, EXIT_OK, EXIT_UNRECOVERABLE, PORTS } from '../src/index.ts';
import { freePortOffset, type SpawnedService, spawnService } from './spawned-service.ts';

describe('a running service', () => {
  test('answers health, readiness and metrics, and ends with 0 after SIGTERM', async () => {
    const service = await spawnService();
    await service.sees('"lifecycle":"ready"');
    const health = await healthOf(service);
    assert.equal(health.service, 'venue');
    assert.equal(health.status, 'healthy');
    assert.deepEqual(health.trading, { state: 'WARMING', reasons: ['no prices yet'] });
    assert.deepEqual(health.details, { positions: '3', broken: { error: 'no answer' } });
    assert.equal(health.errorsLastMinute, 0);
    assert.ok(Number(health.uptimeSeconds) >= 0);
    assert.equal((await fetch(`${service.healthUrl}/readyz`)).status, 200);
    const metrics = await (await fetch(`${service.healthUrl}/metrics`)).text();
    assert.match(metrics, /^tickpath_service_state\{state="ready"\} 1$/m);
    assert.match(metrics, /^tickpath_example_starts_total 1$/m);
    assert.match(metrics, /^tickpath_trading_state\{state="WARMING"\} 1$/m);
    assert.match(metrics, /^tickpath_trading_state\{state="ACTIVE"\} 0$/m);
    assert.match(metrics, /^tickpath_log_errors_total 0$/m);
    assert.equal((await fetch(`${service.healthUrl}/else`)).status, 404);
    service.child.kill('SIGTERM');
    assert.equal(await service.exited(), EXIT_OK);
  });

  test('ends with 0 after SIGINT when it stands alone', async () => {
    const service = await spawnService();
    await service.sees('"lifecycle":"ready"');
    service.child.kill('SIGINT');
    assert.equal(await service.exited(), EXIT_OK);
  });

  test('leaves SIGINT to its supervisor and ends when that is gone', async () => {
    const service = await spawnService({ supervised: true });
    await service.sees('"lifecycle":"ready"');
    service.child.kill('SIGINT');
    assert.equal((await fetch(`${service.healthUrl}/readyz`)).status, 200);
    service.child.stdin?.end();
    assert.match(await service.sees('"lifecycle":"stopping"'), /the supervisor is gone/);
    assert.equal(await service.exited(), EXIT_OK);
  });

  test('is ended when it does not stop in time', async () => {
    const service = await spawnService({ behaviour: 'never-stop' });
    await service.sees('"lifecycle":"ready"');
    service.child.kill('SIGTERM');
    assert.equal(await service.exited(), EXIT_CRASH);
    await service.sees('not stopped within 2000 ms');
  });

  test('keeps secrets out of its lines and counts its errors', async () => {
    const env = { APCA_API_KEY_ID: 'PKPUBLIC', APCA_API_SECRET_KEY: 'quite "secret"' };
    const service = await spawnService({ behaviour: 'log-secrets', env });
    await service.sees('"lifecycle":"ready"');
    const health = await healthOf(service);
    assert.equal(health.errorsLastMinute, 1);
    const metrics = await (await fetch(`${service.healthUrl}/metrics`)).text();
    assert.match(metrics, /^tickpath_log_errors_total 1$/m);
    assert.equal(health.status, 'degraded');
    assert.deepEqual(health.reasons, ['a secret was nearly told']);
    service.child.kill('SIGTERM');
    await service.exited();
    const all = service.stdout.join('\n');
    assert.match(all, /sent with \[redacted\]/);
    assert.match(all, /made with \[redacted\]/);
    for (const secret of ['PKPUBLIC', 'quite', 'from a header', 'Bearer', 'here'])
      assert.ok(!all.includes(secret), all);
  });

  test('writes its lifecycle at every log level', async () => {
    const service = await spawnService({ args: ['--log.level=fatal'] });
    await service.sees('"lifecycle":"ready"');
    service.child.kill('SIGTERM');
    assert.equal(await service.exited(), EXIT_OK);
  });
});

describe('the log level of a running service', () => {
  test('is told and set over HTTP, for loggers made before too, and lifecycle lines stay', async () => {
    const service = await spawnService({ behaviour: 'log-levels' });
    await service.sees('"lifecycle":"ready"');
    const url = `${service.healthUrl}/log-level`;
    assert.deepEqual(await (await fetch(url)).json(), { level: 'info' });
    await healthOf(service);
    const answer = await fetch(url, { method: 'PUT', body: 'debug\n' });
    assert.deepEqual([answer.status, await answer.json()], [200, { level: 'debug' }]);
    assert.deepEqual(await (await fetch(url)).json(), { level: 'debug' });
    await service.sees('log level set to debug');
    await healthOf(service);
    const line = JSON.parse(await service.sees('a line of the service'));
    assert.deepEqual([line.clOrdId, line.traceId], ['tp-1', 'trace-of-tp-1']);
    assert.equal(JSON.parse(await service.sees('a line of a part')).traceId, undefined);
    assert.equal((await fetch(url, { method: 'PUT', body: 'silent' })).status, 200);
    await healthOf(service);
    service.child.kill('SIGTERM');
    assert.equal(await service.exited(), EXIT_OK);
    await service.sees('"lifecycle":"stopped"');
    assert.equal(service.stdout.filter((each) => each.includes('a line of')).length, 2);
  });

  test('stays what it is when the new one is unknown, when a web page asks, and for other methods', async () => {
    const service = await spawnService();
    await service.sees('"lifecycle":"ready"');
    const url = `${service.healthUrl}/log-level`;
    const unknown = await fetch(url, { method: 'PUT', body: 'loud' });
    assert.equal(unknown.status, 400);
    assert.match(await unknown.text(), /found \\"loud\\"; allowed: trace, debug, info, warn, error, fatal, silent/);
    assert.equal((await fetch(url, { method: 'PUT', body: 'x'.repeat(100_000) })).status, 400);
    const page = { method: 'PUT', body: 'debug', headers: { origin: 'http://127.0.0.1:9101' } };
    assert.equal((await fetch(url, page)).status, 403);
    assert.equal((await fetch(url, { method: 'POST', body: 'debug' })).status, 405);
    assert.deepEqual(await (await fetch(url)).json(), { level: 'info' });
    service.child.kill('SIGTERM');
    assert.equal(await service.exited(), EXIT_OK);
  });
});

describe('a path of the service on its operations server', () => {
  test('answers by method, and what changes something is not done for a web page', async () => {
    const service = await spawnService();
    await service.sees('"lifecycle":"ready"');
    const url = `${service.healthUrl}/orders`;
    assert.deepEqual(await (await fetch(`${url}?of=AAPL`)).json(), { of: 'AAPL', count: '3' });
    assert.equal((await fetch(url, { method: 'HEAD' })).status, 200);
    const refused = await fetch(url, { method: 'DELETE', body: 'one' });
    assert.deepEqual([refused.status, await refused.json()], [409, { error: 'found one' }]);
    const page = { method: 'DELETE', headers: { origin: 'http://127.0.0.1:9101' } };
    assert.equal((await fetch(url, page)).status, 403);
    const other = await fetch(url, { method: 'PATCH' });
    assert.deepEqual([other.status, other.headers.get('allow')], [405, 'GET, DELETE']);
    const thrown = await fetch(url, { method: 'DELETE', body: 'x'.repeat(100_000) });
    assert.deepEqual([thrown.status, await thrown.json()], [500, { error: 'Error: body of 1024' }]);
    const unknown = (await (await fetch(`${service.healthUrl}/nothing`)).json()) as { paths: string[] };
    assert.deepEqual(unknown.paths, ['/healthz', '/readyz', '/log-level', '/orders', '/metrics']);
    service.child.kill('SIGTERM');
    assert.equal(await service.exited(), EXIT_OK);
  });
});

describe('a start that cannot succeed', () => {
  test('tells each fault of the configuration on a line of stderr', async () => {
    const service = await spawnService({ behaviour: 'dance', args: ['--log.level=loud'] });
    assert.equal(await service.exited(), EXIT_UNRECOVERABLE);
    assert.equal(service.stderr.length, 2);
    assert.match(service.stderr[0] ?? '', /^venue: log\.level: found "loud"/);
    assert.match(service.stderr[1] ?? '', /^venue: venue\.behaviour: found "dance"/);
    assert.deepEqual(service.stdout, []);
  });

  test('tells its supervisor with a fatal line of JSON', async () => {
    const service = await spawnService({ behaviour: 'dance', supervised: true });
    assert.equal(await service.exited(), EXIT_UNRECOVERABLE);
    assert.equal(service.stdout.length, 1);
    const line = JSON.parse(service.stdout[0] ?? '');
    assert.equal(line.level, 'fatal');
    assert.equal(line.service, 'venue');
    assert.equal(line.code, 'CONFIG_INVALID');
    assert.match(line.msg, /^venue\.behaviour: found "dance"/);
  });

  test('names the port that is in use', async () => {
    const portOffset = await freePortOffset();
    const port = PORTS['health.venue'].port + portOffset;
    const holder = createServer().listen(port, '127.0.0.1');
    await once(holder, 'listening');
    const service = await spawnService({ portOffset });
    assert.equal(await service.exited(), EXIT_UNRECOVERABLE);
    holder.close();
    assert.deepEqual(service.stderr, [
      `venue: port ${port} (127.0.0.1:${port}) is already in use; stop what holds it, or set network.portOffset`,
    ]);
  });

  test('says so for a port in use within the start, and for an error of the service that says so', async () => {
    const bound = await spawnService({ behaviour: 'bind-own-port' });
    assert.equal(await bound.exited(), EXIT_UNRECOVERABLE);
    assert.match(bound.stderr.join('\n'), /is already in use/);
    const fatal = await spawnService({ behaviour: 'fatal-start' });
    assert.equal(await fatal.exited(), EXIT_UNRECOVERABLE);
    assert.deepEqual(fatal.stderr, ['venue: journal of an unknown version']);
    const foreign = await spawnService({ behaviour: 'foreign-fatal-start' });
    assert.equal(await foreign.exited(), EXIT_UNRECOVERABLE);
    assert.deepEqual(foreign.stderr, ['venue: keys that others can read']);
  });
});

describe('a crash', () => {
  const crashes = [
    ['failing-start', 'the disk is slow today'],
    ['crash-later', 'a bug'],
    ['reject-later', 'a bug of a promise'],
    ['fatal-later', 'cash does not add up'],
  ] as const;
  for (const [behaviour, message] of crashes) {
    test(`leaves a fatal line and exit code 70: ${behaviour}`, async () => {
      const service = await spawnService({ behaviour });
      assert.equal(await service.exited(), EXIT_CRASH);
      const line = JSON.parse(service.stdout.at(-1) ?? '');
      assert.equal(line.level, 'fatal');
      assert.equal(line.msg, `stopped by an error: ${message}`);
      assert.match(line.err.stack, /example-service\.ts/);
    });
  }
});

test('--print-config prints the configuration in force and ends', async () => {
  const service = await spawnService({ args: ['--print-config'], env: { APCA_API_SECRET_KEY: 'secret' } });
  assert.equal(await service.exited(), EXIT_OK);
  const printed = JSON.parse(service.stdout.join('\n'));
  assert.equal(printed.venue.behaviour, 'run');
  assert.notEqual(printed.alpaca.secretKey, 'secret');
});

async function healthOf({ healthUrl }: SpawnedService): Promise<Record<string, unknown>> {
  const answer = await fetch(`${healthUrl}/healthz`);
  return (await answer.json()) as Record<string, unknown>;
}
