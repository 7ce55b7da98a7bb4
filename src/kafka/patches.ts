/**
 * Applies the patches of kafkajs, once in a process and before any client exists. Whatever makes a kafkajs client imports this file
 * first. Each patch lives in a file named after its hazard.
 */

import { patchConsumerGroup } from './d06-rejoin.ts';
import { patchRequestQueueTimer } from './d11-request-queue-timer.ts';
import { consumerGroupPrototype, requestQueuePrototype } from './internals.ts';

patchRequestQueueTimer(requestQueuePrototype);
patchConsumerGroup(consumerGroupPrototype);
