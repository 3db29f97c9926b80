import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Children } from '../measure/children.ts';

test('a child that dies by itself fails the bench with its last lines', async () => {
  const children = new Children(process.env);
  children.start({ name: 'dying', args: ['-e', 'console.log("out of luck"); process.exit(3)'], ipc: false });
  await assert.rejects(children.failure, /dying ended \(3\); its last lines:\nout of luck/);
  await children.close();
});

test('a child that ignores SIGTERM is killed', async () => {
  const children = new Children(process.env);
  const script = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); process.send("up")';
  const child = children.start({ name: 'stubborn', args: ['-e', script], ipc: true });
  await once(child, 'message');
  await children.close();
  assert.equal(child.signalCode, 'SIGKILL');
});
