import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAlive, type SupervisorProcess, serviceCommands, spawnSupervisor, until } from './supervised-processes.ts';

const messages = ({ lines }: SupervisorProcess) => lines.map((line) => String(JSON.parse(line).msg));

describe('a supervisor', () => {
  test('stops all services within 3 s and leaves no process', async () => {
    const supervisor = spawnSupervisor(serviceCommands({ venue: 'run', risk: 'run', signal: 'deaf' }));
    await until('three services ready', () => supervisor.pids().length === 3);
    const beganMs = performance.now();
    supervisor.signal('SIGTERM');
    assert.equal(await supervisor.exited(), 0);
    const tookMs = performance.now() - beganMs;
    assert.ok(tookMs < 3000, `${tookMs} ms`);
    assert.deepEqual(supervisor.pids().filter(isAlive), []);
    assert.equal(messages(supervisor).at(-1), 'stopped');
  });

  test('starts a service again that died by itself', async () => {
    const supervisor = spawnSupervisor(serviceCommands({ venue: 'run', risk: 'dies-once' }));
    await until('risk ready twice', () => supervisor.pids().length === 3);
    assert.ok(messages(supervisor).includes('risk died (exit code 70), starts again in 250 ms'));
    supervisor.signal('SIGTERM');
    assert.equal(await supervisor.exited(), 0);
    assert.deepEqual(supervisor.pids().filter(isAlive), []);
  });

  test('starts a service again that was killed', async () => {
    const supervisor = spawnSupervisor(serviceCommands({ venue: 'run' }));
    await until('venue ready', () => supervisor.pids().length === 1);
    process.kill(supervisor.pids()[0] ?? 0, 'SIGKILL');
    await until('venue ready again', () => supervisor.pids().length === 2);
    assert.ok(messages(supervisor).includes('venue died (by SIGKILL), starts again in 250 ms'));
    supervisor.signal('SIGTERM');
    assert.equal(await supervisor.exited(), 0);
  });

  test('ends with the reason of a service that cannot run', async () => {
    const supervisor = spawnSupervisor(serviceCommands({ venue: 'run', risk: 'cannot-run' }));
    assert.equal(await supervisor.exited(), 1);
    assert.deepEqual(messages(supervisor).slice(-2), ['risk cannot run: port 1 is already in use', 'stopped']);
    assert.deepEqual(supervisor.pids().filter(isAlive), []);
  });

  test('keeps trying a program that cannot be started', async () => {
    const supervisor = spawnSupervisor([{ name: 'venue', command: ['/nowhere/no-such-program'] }]);
    await until('two attempts', () => supervisor.lines.length >= 2);
    assert.match(messages(supervisor)[0] ?? '', /^venue died \(could not be started\)/);
    supervisor.signal('SIGTERM');
    assert.equal(await supervisor.exited(), 0);
  });

  test('kills at once on request', async () => {
    const supervisor = spawnSupervisor(serviceCommands({ venue: 'deaf' }));
    await until('venue ready', () => supervisor.pids().length === 1);
    const beganMs = performance.now();
    supervisor.signal('SIGUSR2');
    assert.equal(await supervisor.exited(), 0);
    const tookMs = performance.now() - beganMs;
    assert.ok(tookMs < 2000, `${tookMs} ms`);
    assert.deepEqual(supervisor.pids().filter(isAlive), []);
  });

  test('that is killed leaves no service behind', async () => {
    const supervisor = spawnSupervisor(serviceCommands({ venue: 'run', risk: 'deaf' }));
    await until('two services ready', () => supervisor.pids().length === 2);
    supervisor.signal('SIGKILL');
    await until('no service alive', () => !supervisor.pids().some(isAlive));
  });

  test('passes on what is no JSON as a line of JSON with the name', async () => {
    const supervisor = spawnSupervisor(serviceCommands({ venue: 'run' }));
    await until('the line on stderr', () => messages(supervisor).includes('no JSON from venue'));
    const line = supervisor.lines.find((each) => each.includes('no JSON')) ?? '{}';
    assert.equal(JSON.parse(line).service, 'venue');
    supervisor.signal('SIGTERM');
    assert.equal(await supervisor.exited(), 0);
  });
});
