import assert from 'node:assert/strict';
import { test } from 'node:test';
import { follow, openOwner, upTo } from './followed-log.ts';

const stop = () => 'stop' as const;

test('of a log that is not taken nothing is applied, and its owner is asked again with every beat, for next to nothing', async (t) => {
  const owner = await openOwner(t);
  const { uuid } = owner.log.identity;
  for (const n of upTo(20)) owner.append(`event-${n}`);
  const { told } = follow(t, owner.at, { from: { uuid: 'gone', generation: 1, seq: 12 }, onNewLog: stop });
  await owner.asked.reach(4);
  owner.append('hinted');
  await owner.asked.reach(8);
  assert.deepEqual(told.seen, [`new gone/1 > ${uuid}/1`], 'told once');
  const sizes = owner.asked.seen.map(({ maxBytes }) => maxBytes);
  assert.ok((sizes[0] ?? 0) > 0 && sizes.slice(1).every((size) => size === 0), `${sizes}`);
});

test('a log that is accepted later is followed from its first event on', async (t) => {
  const owner = await openOwner(t);
  const { uuid } = owner.log.identity;
  for (const n of upTo(20)) owner.append(`event-${n}`);
  const { told, follower } = follow(t, owner.at, { from: { uuid: 'gone', generation: 1, seq: 12 }, onNewLog: stop });
  await told.reach(1);
  assert.equal(follower.accept(), true);
  assert.equal(follower.accept(), false, 'there is nothing more to accept');
  await told.reach(22);
  owner.append('hinted');
  await told.reach(23);
  assert.deepEqual(told.seen, [
    `new gone/1 > ${uuid}/1`,
    ...upTo(20).map((n) => `${uuid}/1 ${n} event-${n}`),
    `caught up ${uuid}/1 20`,
    `${uuid}/1 21 hinted`,
  ]);
});

test('when the known log is stated again it goes on where it was, and says that it has caught up', async (t) => {
  const first = await openOwner(t);
  const one = first.log.identity.uuid;
  for (const n of upTo(3)) first.append(`first-${n}`);
  const { told, follower } = follow(t, first.at, { onNewLog: stop });
  await told.reach(4);
  first.close();
  const second = await openOwner(t, first.at);
  const two = second.log.identity.uuid;
  for (const n of upTo(9)) second.append(`second-${n}`);
  await told.reach(5);
  second.close();
  const again = await openOwner(t, first.at, first.log);
  again.append('first-4');
  await told.reach(7);
  again.append('first-5');
  await told.reach(8);
  assert.deepEqual(told.seen, [
    ...upTo(3).map((n) => `${one}/1 ${n} first-${n}`),
    `caught up ${one}/1 3`,
    `new ${one}/1 > ${two}/1`,
    `${one}/1 4 first-4`,
    `caught up ${one}/1 4`,
    `${one}/1 5 first-5`,
  ]);
  assert.equal(follower.accept(), false);
});

test('each further log that is not taken is told of once', async (t) => {
  const first = await openOwner(t);
  first.append('first');
  const { told, follower } = follow(t, first.at, { onNewLog: stop });
  await told.reach(2);
  first.close();
  const second = await openOwner(t, first.at);
  await told.reach(3);
  second.log.beginGeneration();
  second.append('of generation 2');
  await told.reach(4);
  follower.accept();
  await told.reach(6);
  const [one, two] = [first.log.identity.uuid, second.log.identity.uuid];
  assert.deepEqual(told.seen.slice(2), [
    `new ${one}/1 > ${two}/1`,
    `new ${one}/1 > ${two}/2`,
    `${two}/2 1 of generation 2`,
    `caught up ${two}/2 1`,
  ]);
});

test('a known log that ends before what was applied is not gone on with, also when it has grown again', async (t) => {
  const owner = await openOwner(t);
  const { uuid } = owner.log.identity;
  for (const n of upTo(5)) owner.append(`event-${n}`);
  owner.log.showUpTo(3);
  const { told, follower } = follow(t, owner.at, { from: { uuid, generation: 1, seq: 5 }, onNewLog: stop });
  await told.reach(1);
  owner.log.showUpTo(undefined);
  const before = owner.asked.seen.length;
  await owner.asked.reach(before + 3);
  assert.deepEqual(told.seen, [`new ${uuid}/1 > ${uuid}/1`]);
  follower.accept();
  await told.reach(7);
  assert.deepEqual(told.seen.slice(1), [...upTo(5).map((n) => `${uuid}/1 ${n} event-${n}`), `caught up ${uuid}/1 5`]);
});

test('where the next event has gone nothing is applied until that is accepted; then the first event there is comes next', async (t) => {
  const owner = await openOwner(t);
  const { uuid } = owner.log.identity;
  for (const n of upTo(10)) owner.append(`event-${n}`);
  owner.log.removeBelow(6);
  const { told, follower } = follow(t, owner.at, { from: { uuid, generation: 1, seq: 3 } });
  await told.reach(1);
  owner.append('event-11');
  await owner.asked.reach(owner.asked.seen.length + 2);
  assert.deepEqual(told.seen, [`compacted ${uuid}/1 3 < 6`], 'told once');
  assert.equal(follower.accept(), true);
  assert.equal(follower.accept(), false);
  await told.reach(8);
  owner.append('event-12');
  await told.reach(9);
  assert.deepEqual(told.seen.slice(1), [
    ...[6, 7, 8, 9, 10, 11].map((n) => `${uuid}/1 ${n} event-${n}`),
    `caught up ${uuid}/1 11`,
    `${uuid}/1 12 event-12`,
  ]);
});

test('what goes between the telling and the acceptance is told of again', async (t) => {
  const owner = await openOwner(t);
  const { uuid } = owner.log.identity;
  for (const n of upTo(10)) owner.append(`event-${n}`);
  owner.log.removeBelow(6);
  const acceptLate = (_position: unknown, firstSeq: number) => {
    if (firstSeq === 6) owner.log.removeBelow(9);
    follower.accept();
  };
  const { told, follower } = follow(t, owner.at, { from: { uuid, generation: 1, seq: 3 }, onCompacted: acceptLate });
  await told.reach(5);
  assert.deepEqual(told.seen, [
    `compacted ${uuid}/1 3 < 6`,
    `compacted ${uuid}/1 5 < 9`,
    `${uuid}/1 9 event-9`,
    `${uuid}/1 10 event-10`,
    `caught up ${uuid}/1 10`,
  ]);
});

test('a follower of which the next event is there does not mind what has gone', async (t) => {
  const owner = await openOwner(t);
  const { uuid } = owner.log.identity;
  for (const n of upTo(10)) owner.append(`event-${n}`);
  owner.log.removeBelow(6);
  const { told } = follow(t, owner.at, { from: { uuid, generation: 1, seq: 5 } });
  await told.reach(6);
  assert.deepEqual(told.seen, [
    ...upTo(10)
      .slice(5)
      .map((n) => `${uuid}/1 ${n} event-${n}`),
    `caught up ${uuid}/1 10`,
  ]);
});

test('a new follower of a log whose beginning has gone is told so, and may go on from within the call', async (t) => {
  const owner = await openOwner(t);
  const { uuid } = owner.log.identity;
  for (const n of upTo(4)) owner.append(`event-${n}`);
  owner.log.removeBelow(3);
  const { told, follower } = follow(t, owner.at, { onCompacted: () => void follower.accept() });
  await told.reach(4);
  assert.deepEqual(told.seen, [
    `compacted ${uuid}/1 0 < 3`,
    `${uuid}/1 3 event-3`,
    `${uuid}/1 4 event-4`,
    `caught up ${uuid}/1 4`,
  ]);
});
