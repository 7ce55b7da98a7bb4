/**
 * `node --test --test-global-setup=test/support/global-setup.ts`: one single-node Kafka for the whole run. Test processes inherit its
 * address in FLOWRIB_TEST_BROKERS; test/support/kafka.ts reads it. Topics are kept apart by unique names.
 */

import { startBroker, type StartedBroker } from '../../dev/broker.ts';

let broker: StartedBroker | null = null;

export async function globalSetup(): Promise<void> {
  if (process.env['FLOWRIB_TEST_BROKERS']) return;
  broker = await startBroker({ nodes: 1 });
  process.env['FLOWRIB_TEST_BROKERS'] = broker.brokers.join(',');
}

export async function globalTeardown(): Promise<void> {
  await broker?.stop();
}
