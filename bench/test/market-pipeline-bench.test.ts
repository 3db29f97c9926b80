import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pipelineRound } from '../market-data/pipeline.ts';

test('a short round goes through the pipeline without a fault, and every message leads to another', async () => {
  const round = await pipelineRound(4_000, { frameSize: 20 });
  assert.ok(round.pipeline > 0 && round.bare > 0);
  assert.ok(round.published > 0.9, `${round.published} published for each that came`);
});
