import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ConfigError,
  defineSchema,
  either,
  entry,
  envNameOf,
  FORMATS,
  listOf,
  loadConfig,
  mapOf,
  oneOf,
} from '../src/index.ts';

const schema = defineSchema({
  source: { format: ['synthetic', 'replay'], default: 'synthetic' },
  isFast: { format: 'boolean', default: false },
  frameLimit: { format: 'positive-int', default: 10 },
  cash: { format: 'decimal', default: '1000.50' },
  note: { format: 'text', default: null, nullable: true },
  replay: {
    files: { format: 'list-of-text', default: [] },
    pace: { format: either(oneOf(['max']), FORMATS['positive-number']), default: 1 },
  },
  symbols: {
    format: listOf(
      entry({ symbol: { format: 'text' }, price: { format: 'decimal' }, lot: { format: 'nat', default: 100 } }),
    ),
    default: [],
  },
  limits: { format: mapOf(FORMATS['positive-decimal']), default: {} },
});

const configDir = mkdtempSync(join(tmpdir(), 'tickpath-config-'));
after(() => rmSync(configDir, { recursive: true }));

interface Layers {
  readonly yaml?: string;
  readonly env?: Record<string, string>;
  readonly argv?: readonly string[];
}

function load({ yaml = '', env = {}, argv = [] }: Layers) {
  writeFileSync(join(configDir, 'sim.yaml'), yaml);
  return loadConfig({ section: 'market-data', schema, argv, env, configDir });
}

function faultsOf(layers: Layers): readonly string[] {
  try {
    load(layers);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, 'CONFIG_INVALID');
    return error.faults;
  }
  return [];
}

describe('where a value comes from', () => {
  test('flags win over the environment, that over the profile, that over the defaults', () => {
    const layer = fc.option(fc.integer({ min: 1, max: 1e9 }), { nil: undefined });
    fc.assert(
      fc.property(layer, layer, layer, (inProfile, inEnv, inFlag) => {
        const { config } = load({
          yaml: inProfile === undefined ? '' : `market-data:\n  frameLimit: ${inProfile}\n`,
          env: inEnv === undefined ? {} : { TICKPATH_MARKET_DATA_FRAME_LIMIT: String(inEnv) },
          argv: inFlag === undefined ? [] : [`--market-data.frameLimit=${inFlag}`],
        });
        assert.equal(config.frameLimit, inFlag ?? inEnv ?? inProfile ?? 10);
      }),
    );
  });

  test('the environment variable of a key is its path in capitals', () => {
    assert.equal(envNameOf('market-data.frameLimit'), 'TICKPATH_MARKET_DATA_FRAME_LIMIT');
    assert.equal(envNameOf('venue.replay.pace'), 'TICKPATH_VENUE_REPLAY_PACE');
  });

  test("the keys of Alpaca have Alpaca's own variables and are never printed", () => {
    const loaded = load({ env: { APCA_API_KEY_ID: 'PKPUBLIC', APCA_API_SECRET_KEY: 'very secret' } });
    assert.deepEqual(loaded.shared.alpaca, { keyId: 'PKPUBLIC', secretKey: 'very secret' });
    const printed = loaded.print();
    assert.ok(!printed.includes('PKPUBLIC') && !printed.includes('very secret'), printed);
    assert.equal(JSON.parse(printed)['market-data'].cash, '1000.50');
  });

  test('a flag takes its value after "=" or from the next word', () => {
    assert.equal(load({ argv: ['--market-data.replay.pace=max'] }).config.replay.pace, 'max');
    assert.equal(load({ argv: ['--market-data.replay.pace', '2.5'] }).config.replay.pace, 2.5);
    assert.equal(load({ argv: ['--market-data.isFast'] }).config.isFast, true);
  });

  test('lists are written with commas, structures as JSON, in variables and flags', () => {
    const { config } = load({
      env: { TICKPATH_MARKET_DATA_REPLAY_FILES: 'a.zip, b.zip' },
      argv: ['--market-data.symbols=[{"symbol":"AAPL","price":"187.20"}]'],
    });
    assert.deepEqual(config.replay.files, ['a.zip', 'b.zip']);
    assert.deepEqual(config.symbols, [{ symbol: 'AAPL', price: '187.20', lot: 100 }]);
  });

  test('a nullable key can be null', () => {
    assert.equal(load({ yaml: 'market-data: { note: hello }' }).config.note, 'hello');
    assert.equal(load({ yaml: 'market-data: { note: hello }', argv: ['--market-data.note=null'] }).config.note, null);
  });

  test('a profile can be a path, and the environment can name it', () => {
    const path = join(configDir, 'other.yaml');
    writeFileSync(path, 'market-data: { frameLimit: 7 }');
    assert.equal(load({ argv: ['--profile', path] }).config.frameLimit, 7);
    assert.equal(load({ env: { TICKPATH_PROFILE: 'other' } }).config.frameLimit, 7);
    assert.equal(load({ env: { TICKPATH_PROFILE: 'other' }, argv: ['--profile=sim'] }).profile, 'sim');
  });
});

describe('what stops the start', () => {
  test('every fault is told on a line of its own, with the key, what was found, where, and what is allowed', () => {
    const faults = faultsOf({
      yaml: 'market-data: { frameLimit: 1.5, replay: { pace: 0 } }',
      env: { TICKPATH_MARKET_DATA_SOURCE: 'real' },
      argv: ['--installation.prefix=TOO-LONG-A-PREFIX'],
    });
    assert.deepEqual(faults, [
      'installation.prefix: found "TOO-LONG-A-PREFIX" (flag --installation.prefix); allowed: 1 to 8 lowercase letters or digits',
      'market-data.source: found "real" (environment TICKPATH_MARKET_DATA_SOURCE); allowed: "synthetic", "replay"',
      `market-data.frameLimit: found 1.5 (${join(configDir, 'sim.yaml')}); allowed: a whole number above 0`,
      `market-data.replay.pace: found 0 (${join(configDir, 'sim.yaml')}); allowed: "max", or a number above 0`,
    ]);
  });

  test('an unknown key is a fault in the profile, the environment and the flags', () => {
    const faults = faultsOf({
      yaml: 'market-data: { frameLimits: 1 }\nvenu: {}\nlog: { level: info, colour: red }',
      env: { TICKPATH_MARKET_DATA_FRAMELIMIT: '1', TICKPATH_LOG_COLOUR: 'red' },
      argv: ['--market-data.frame=1', '--nothing.like=it', '--loose'],
    });
    const keys = faults.map((fault) => fault.split(': unknown (')[0]);
    assert.deepEqual(keys, [
      'market-data.frameLimits',
      'venu',
      'log.colour',
      'TICKPATH_MARKET_DATA_FRAMELIMIT',
      'TICKPATH_LOG_COLOUR',
      '--market-data.frame',
      '--nothing.like',
      '--loose',
    ]);
  });

  test("what belongs to other services' sections is left to them", () => {
    const faults = faultsOf({
      yaml: 'risk: { anything: 1 }\nsupervisor: { else: 2 }',
      env: { TICKPATH_RISK_ANYTHING: '1', TICKPATH_SUPERVISED: '1' },
      argv: ['--risk.anything', '5', '--venue.x=1'],
    });
    assert.deepEqual(faults, []);
  });

  test('text that only begins like a number is no number', () => {
    assert.equal(faultsOf({ argv: ['--market-data.frameLimit=12x'] }).length, 1);
    assert.equal(faultsOf({ argv: ['--market-data.isFast=no'] }).length, 1);
    assert.equal(faultsOf({ yaml: 'market-data: { frameLimit: "12" }' }).length, 1);
  });

  test('an amount written as a YAML number is to be quoted', () => {
    const [fault] = faultsOf({ yaml: 'market-data: { cash: 1000.5 }' });
    assert.match(fault ?? '', /market-data\.cash: found 1000\.5 .*quote it: "1000\.5"/);
  });

  test('a fault inside a list names the place', () => {
    const faults = faultsOf({
      yaml: 'market-data: { symbols: [{ symbol: A, price: "1" }, { symbol: "", prise: "1" }], limits: { AAPL: "-1" } }',
    });
    const places = faults.map((fault) => fault.split(': ')[0]);
    assert.deepEqual(places, [
      'market-data.symbols[1].prise',
      'market-data.symbols[1].symbol',
      'market-data.symbols[1].price',
      'market-data.limits.AAPL',
    ]);
  });

  test('a section that is no section, and a key that is none, are faults and no crash', () => {
    assert.equal(faultsOf({ yaml: 'market-data: 5' }).length, 1);
    assert.equal(faultsOf({ yaml: 'market-data: { frameLimit: { a: { b: { c: 1 } } } }' }).length, 1);
    assert.equal(faultsOf({ yaml: 'market-data: { __proto__: { polluted: 1 }, constructor: 1 }' }).length, 2);
    assert.equal(faultsOf({ yaml: '- a list' }).length, 1);
    assert.equal(faultsOf({ yaml: 'a: [1' }).length > 0, true);
    assert.equal(faultsOf({ yaml: 'log: { level: info }\nlog: { level: warn }' }).length, 1);
    assert.deepEqual(faultsOf({ yaml: 'market-data:\nlog:\n' }), []);
  });

  test('any text for a profile gives a configuration or a ConfigError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (yaml) => {
        faultsOf({ yaml });
      }),
    );
  });

  test('a missing profile names the path and the profiles that exist', () => {
    writeFileSync(join(configDir, 'replay.yaml'), '');
    const faults = faultsOf({ argv: ['--profile=smi'] });
    assert.equal(faults.length, 1);
    assert.ok(faults[0]?.includes(join(configDir, 'smi.yaml')));
    assert.match(faults[0] ?? '', /replay, sim$/);
  });

  test('a sensitive value is not in the fault about it', () => {
    const faults = faultsOf({ yaml: 'alpaca: { secretKey: 123456 }' });
    assert.equal(faults.length, 1);
    assert.ok(!faults.join().includes('123456'), faults.join());
  });

  test('an impossible combination is a fault, asked for only when each value is allowed', () => {
    const request = {
      section: 'market-data',
      schema,
      env: {},
      configDir,
      check: (config: { source: string; replay: { files: readonly string[] } }) =>
        config.source === 'replay' && config.replay.files.length === 0
          ? ['market-data.replay.files: none to replay']
          : [],
    } as const;
    writeFileSync(join(configDir, 'sim.yaml'), '');
    assert.throws(() => loadConfig({ ...request, argv: ['--market-data.source=replay'] }), {
      faults: ['market-data.replay.files: none to replay'],
    });
    const both = ['--market-data.source=replay', '--market-data.frameLimit=x'];
    assert.throws(() => loadConfig({ ...request, argv: both }), /^ConfigError: market-data\.frameLimit: found "x"/);
  });
});

test('a configuration is frozen to its last value', () => {
  const { config, shared } = load({ yaml: 'market-data: { symbols: [{ symbol: A, price: "1" }] }' });
  const isFrozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen));
  assert.ok(isFrozen(config) && isFrozen(shared));
});

test('the type of a configuration is that of its schema', () => {
  const { config, shared } = load({});
  const source: 'synthetic' | 'replay' = config.source;
  const pace: number | 'max' = config.replay.pace;
  const lots: readonly number[] = config.symbols.map(({ lot }) => lot);
  const note: string | null = config.note;
  const offset: number = shared.network.portOffset;
  // @ts-expect-error a value that the schema does not have
  assert.equal(config.missing, undefined);
  assert.deepEqual([source, pace, lots, note, offset], ['synthetic', 1, [], null, 0]);
});
