import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { testBrokers } from '../support/kafka.ts';
import { testClient } from './reading.ts';

it('hazard D11: an idle connection arms no timers and none in the past', async () => {
  const brokers = await testBrokers();
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', onWarning);
  const admin = testClient(brokers).admin();
  await admin.connect();
  await admin.partitionCounts(['no-such-topic']);
  const original = globalThis.setTimeout;
  let armed = 0;
  globalThis.setTimeout = ((...args: Parameters<typeof original>) => {
    armed++;
    return original(...args);
  }) as typeof original;
  await sleep(500);
  globalThis.setTimeout = original;
  await admin.disconnect();
  process.off('warning', onWarning);
  assert.ok(armed < 50, `${armed} timers in half a second`);
  assert.ok(!warnings.includes('TimeoutNegativeWarning'));
});
