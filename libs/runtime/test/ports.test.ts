import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addresses, type EndpointName, PORTS, SERVICE_NAMES } from '../src/index.ts';

const hosts = {
  venue: '127.0.0.1',
  'market-data': 'market-data.internal',
  store: '127.0.0.1',
  signal: '127.0.0.1',
  risk: '::1',
  execution: '127.0.0.1',
  gateway: '127.0.0.1',
};

test('every port has one endpoint', () => {
  const ports = Object.values(PORTS).map(({ port }) => port);
  assert.equal(new Set(ports).size, ports.length);
});

test('health ports follow the order of the services from 9101', () => {
  const ports = SERVICE_NAMES.map((name) => PORTS[`health.${name}`].port);
  assert.deepEqual(ports, [9101, 9102, 9103, 9104, 9105, 9106, 9107]);
});

test('an owner binds to the bind host, others connect to the host of the owner', () => {
  const at = addresses({ bindHost: '0.0.0.0', portOffset: 0, hosts });
  assert.equal(at.bind('marketStream'), 'tcp://0.0.0.0:5555');
  assert.equal(at.connect('marketStream'), 'tcp://market-data.internal:5555');
  assert.equal(at.httpUrl('health.market-data'), 'http://market-data.internal:9102');
});

test('an IPv6 host stands in brackets', () => {
  assert.equal(addresses({ bindHost: '::', portOffset: 0, hosts }).connect('riskLog'), 'tcp://[::1]:5566');
});

test('the offset moves every port alike', () => {
  const at = addresses({ bindHost: '127.0.0.1', portOffset: 1000, hosts });
  for (const name of Object.keys(PORTS) as EndpointName[]) assert.equal(at.port(name), PORTS[name].port + 1000);
});
