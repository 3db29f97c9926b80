import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { PORTS } from '@tickpath/runtime';
import { readComposeFile } from './compose-file.ts';
import { SERVICES, WORKSPACE } from './compose-stack.ts';

const { services, networks = {}, volumes = {} } = readComposeFile('docker-compose.yml');
const entries = Object.entries(services);
/** The services that keep a journal. */
const KEEPERS = ['venue', 'store', 'risk', 'execution'];
const OWN_IMAGE = /^\$\{TICKPATH_IMAGE:-tickpath:local\}$/;

describe('docker-compose.yml', () => {
  test('runs every service of the workspace', () => {
    const made = readdirSync(join(WORKSPACE, 'services'));
    assert.deepEqual(
      entries
        .filter(([name]) => made.includes(name))
        .map(([name]) => name)
        .sort(),
      made.sort(),
    );
  });

  test('publishes on the loopback only, and nothing but the monitoring', () => {
    const published = entries.filter(([, { ports }]) => ports !== undefined);
    for (const [name, { ports = [] }] of published)
      for (const port of ports) assert.match(port, /^127\.0\.0\.1:\$\{TICKPATH_\w+_PORT:-\d+\}:\d+$/, name);
    assert.deepEqual(published.map(([name]) => name).sort(), ['alertmanager', 'grafana', 'jaeger', 'prometheus']);
  });

  test('takes away from every container what it does not need', () => {
    for (const [name, service] of entries) {
      assert.equal(service.read_only, true, name);
      assert.deepEqual(service.cap_drop, ['ALL'], name);
      assert.equal(service.cap_add, undefined, name);
      assert.equal(service.privileged, undefined, name);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
      assert.match(service.user ?? '', /^[1-9]\d*:\d+$/, `${name} is not root`);
      const { limits } = service.deploy.resources;
      assert.deepEqual(Object.keys(limits).sort(), ['cpus', 'memory', 'pids'], name);
      assert.deepEqual((service.logging as { options: object }).options, { 'max-size': '10m', 'max-file': '3' }, name);
      for (const volume of service.volumes ?? [])
        assert.match(volume, /:ro$|^[a-z-]+-data:|^[a-z-]*secrets:\/secrets/, `${name} writes to ${volume}`);
    }
  });

  test('restarts what dies, the one-shot and the command line apart', () => {
    const others = entries.filter(([, { restart }]) => restart !== 'unless-stopped').map(([name]) => name);
    assert.deepEqual(others.sort(), ['cli', 'secrets']);
  });

  test('names every image with its version', () => {
    for (const [name, { image }] of entries)
      if (!OWN_IMAGE.test(image)) assert.match(image, /^[a-z]+\/[a-z]+:v?\d+\.\d+\.\d+$/, name);
    assert.match(readFileSync(join(WORKSPACE, 'docker/Dockerfile'), 'utf8'), /^FROM node:24-bookworm-slim AS base$/m);
  });

  test('has a network without a way out, and no service of ours in another one', () => {
    assert.equal(networks.private?.internal, true);
    for (const name of SERVICES) assert.deepEqual(services[name]?.networks, ['private'], name);
    assert.equal(services.secrets?.network_mode, 'none');
  });

  test('gives each service its own secrets, by file, and CURVE to all with a ZeroMQ socket', () => {
    for (const name of SERVICES) {
      const { environment = {}, volumes: mounts = [], depends_on } = services[name] ?? {};
      const mounted = mounts.filter((mount) => mount.includes('secrets'));
      assert.deepEqual(mounted, [`${name}-secrets:/secrets/${name}:ro`], name);
      assert.equal(
        environment.TICKPATH_SECURITY_KEYS_DIR,
        name === 'venue' ? undefined : `/secrets/${name}/keys`,
        name,
      );
      assert.equal(depends_on?.secrets?.condition, 'service_completed_successfully', name);
    }
    const values = entries.flatMap(([, { environment = {} }]) => Object.entries(environment));
    const suspects = values.filter(
      ([key]) => /PASSWORD|SECRET|TOKEN|API_KEY/.test(key) && !/FILE$|GRAVATAR$/.test(key),
    );
    assert.deepEqual(suspects, []);
  });

  test('gives each service that keeps a journal a volume of its own for it, and no other service one', () => {
    for (const [name, { environment = {}, volumes: mounts = [] }] of entries) {
      const isKeeper = KEEPERS.includes(name);
      const data = mounts.filter((mount) => mount.endsWith(':/data'));
      assert.deepEqual(data, isKeeper ? [`${name}-data:/data`] : [], name);
      assert.equal(environment.TICKPATH_DATA_DIR, isKeeper ? '/data' : undefined, name);
    }
    const sources = readdirSync(join(WORKSPACE, 'services')).filter((name) =>
      readFileSync(join(WORKSPACE, 'services', name, 'src/main.ts'), 'utf8').includes('journalOptions('),
    );
    assert.deepEqual(sources.sort(), KEEPERS.toSorted());
    // A new volume takes owner and mode of the folder in the image, and services do not run as root.
    const dockerfile = readFileSync(join(WORKSPACE, 'docker/Dockerfile'), 'utf8');
    assert.match(dockerfile, /install -d -m 0700 -o node -g root \/data$/m);
  });

  test('tells every service where the others are, by name', () => {
    for (const name of SERVICES)
      for (const other of SERVICES) {
        const variable = `TICKPATH_NETWORK_HOSTS_${other.toUpperCase().replace('-', '_')}`;
        assert.equal(services[name]?.environment?.[variable], other, `${variable} of ${name}`);
      }
  });

  test('asks each service for its health on its own port', () => {
    for (const name of SERVICES)
      assert.equal(services[name]?.environment?.TICKPATH_HEALTH_PORT, String(PORTS[`health.${name}`].port), name);
  });

  test('declares each volume it mounts and mounts only files that are there', () => {
    const sources = entries.flatMap(([, { volumes: mounts = [] }]) => mounts.map((mount) => mount.split(':')[0] ?? ''));
    const named = sources.filter((source) => !source.startsWith('.'));
    assert.deepEqual([...new Set(named)].sort(), Object.keys(volumes).sort());
    const missing = sources.filter((source) => source.startsWith('.') && !existsSync(join(WORKSPACE, source)));
    assert.deepEqual(missing, []);
  });
});

describe('docker-compose.dev.yml', () => {
  const overlay = readComposeFile('docker-compose.dev.yml').services;

  test('reloads every service from the sources of all libraries that are in the image', () => {
    const libraries = readdirSync(join(WORKSPACE, 'libs')).filter((name) => name !== 'testkit');
    for (const name of SERVICES) {
      const { command = [], volumes: mounts = [] } = overlay[name] ?? {};
      assert.ok(command.includes('--watch') && command.includes(`services/${name}/src/main.ts`), name);
      const expected = [`services/${name}`, ...libraries.map((library) => `libs/${library}`)];
      assert.deepEqual([...mounts].sort(), expected.map((path) => `./${path}/src:/app/${path}/src:ro`).sort(), name);
    }
  });

  test('publishes nothing more', () => {
    assert.deepEqual(
      Object.values(overlay).filter(({ ports }) => ports !== undefined),
      [],
    );
  });
});
