/** The part of `flowrib check` that asks the world: can we connect, are the topics as they must be, what would `run` do. */

import { errorText } from '../base/errors.ts';
import type { CompiledConfig } from '../config/types.ts';
import { createKafka } from '../kafka/connection.ts';
import { kafkaOptions } from '../kafka/options.ts';
import type { Admin } from '../kafka/types.ts';
import { checkRegistry } from '../registry/schema-registry.ts';
import { describeProblem, inspectTopics, specOf, type TopicState } from './topics.ts';

export interface Finding {
  readonly ok: boolean;
  readonly lines: readonly string[];
}

export async function checkWorld(config: CompiledConfig): Promise<Finding> {
  const lines: string[] = [];
  let ok = true;
  const admin = createKafka(kafkaOptions(config.kafka)).admin();
  try {
    await admin.connect();
    lines.push(`kafka ${config.kafka.brokers.join(', ')}: connected`);
    const states = await inspectTopics(config, admin);
    for (const state of states) {
      const willCreate = state.actual === 0 && !state.isInput && config.topics.create;
      if (state.problem !== '' && !willCreate) ok = false;
      lines.push(describeState(state, willCreate));
    }
  } catch (error) {
    ok = false;
    lines.push(`kafka ${config.kafka.brokers.join(', ')}: ${errorText(error)}`);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
  if (config.output.format === 'avro') {
    try {
      await checkRegistry(config.schemaRegistry.url);
      lines.push(`schema registry ${config.schemaRegistry.url}: reachable`);
    } catch (error) {
      ok = false;
      lines.push(`schema registry ${config.schemaRegistry.url}: ${errorText(error)}`);
    }
  }
  return { ok, lines };
}

function describeState(state: TopicState, willCreate: boolean): string {
  if (willCreate) return `  ${state.topic} (${state.purpose}): will be created with ${state.planned} partitions`;
  if (state.problem !== '') return describeProblem(state);
  const warning = state.warning === '' ? '' : `\n    warning: ${state.warning}`;
  return `  ${state.topic} (${state.purpose}): ${state.actual} partitions${warning}`;
}

/** `flowrib topics`: what is there, what is missing, and the commands that make it. */
export async function describeTopics(config: CompiledConfig): Promise<Finding> {
  return withAdmin(config, async (admin) => {
    const states = await inspectTopics(config, admin);
    const lines = states.map((s) => (s.problem === '' ? describeState(s, false) : describeProblem(s)));
    return { ok: states.every((s) => s.problem === ''), lines };
  });
}

/** `flowrib topics --create`: makes what is missing, inputs excepted. */
export async function createMissingTopics(config: CompiledConfig): Promise<Finding> {
  return withAdmin(config, async (admin) => {
    const missing = (await inspectTopics(config, admin)).filter((s) => s.actual === 0 && !s.isInput);
    await admin.createTopics(missing.map((s) => specOf(s, config)));
    const created = new Set(missing.map((s) => s.topic));
    const states = await inspectTopics(config, admin);
    const lines = states.map((s) =>
      s.problem === '' ? `${describeState(s, false)}${created.has(s.topic) ? ' (created)' : ''}` : describeProblem(s),
    );
    return { ok: states.every((s) => s.problem === ''), lines };
  });
}

async function withAdmin(config: CompiledConfig, work: (admin: Admin) => Promise<Finding>): Promise<Finding> {
  const admin = createKafka(kafkaOptions(config.kafka)).admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
