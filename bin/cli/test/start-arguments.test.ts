import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseStartArguments, type StartArguments } from '../src/start-arguments.ts';

const CALLER = { directory: '/data', profile: undefined };

function parse(...argv: string[]): StartArguments {
  const parsed = parseStartArguments(argv, CALLER);
  assert.ok(!('fault' in parsed), JSON.stringify(parsed));
  return parsed;
}

describe('the arguments of start', () => {
  test('--replay and --pace are short for the replay profile and its keys', () => {
    assert.deepEqual(parse('--replay', 'a.zip,sub/b.zip', '--pace=max').configArgs, [
      '--profile=replay',
      '--venue.replay.pace=max',
      '--venue.source=replay',
      '--venue.replay.files=/data/a.zip,/data/sub/b.zip',
    ]);
  });

  test('a profile given wins over the one that --replay implies', () => {
    assert.equal(parse('--replay=a.zip', '--profile=mine').profile, 'mine');
  });

  test('the profile of the environment is taken when no argument says another', () => {
    const profileOf = (...argv: string[]) => parseStartArguments(argv, { directory: '/data', profile: 'mine' });
    assert.deepEqual(profileOf(), { ...parse(), profile: 'mine', configArgs: ['--profile=mine'] });
    assert.deepEqual(profileOf('--replay=a'), parse('--replay=a'));
    assert.deepEqual(profileOf('--profile=sim'), parse('--profile=sim'));
  });

  test('the path of a profile is that from where the command was given', () => {
    assert.deepEqual(parse('--profile=my.yaml').configArgs, ['--profile=/data/my.yaml']);
    assert.deepEqual(parse('--profile=sim').configArgs, ['--profile=sim']);
  });

  test('a key given in full wins over its short form', () => {
    const { configArgs } = parse('--venue.replay.pace', '2', '--pace', '10');
    assert.deepEqual(configArgs, ['--venue.replay.pace=10', '--venue.replay.pace=2']);
  });

  test('a key without a value stays a switch', () => {
    assert.deepEqual(parse('--json', '--venue.isFast', '--log.level=warn').configArgs, [
      '--venue.isFast',
      '--log.level=warn',
    ]);
  });

  test('what nobody knows is a fault', () => {
    for (const argv of [['--jsonn'], ['replay'], ['--profile'], ['--pace='], ['--json=yes']]) {
      assert.ok('fault' in parseStartArguments(argv, CALLER), argv.join(' '));
    }
  });
});
