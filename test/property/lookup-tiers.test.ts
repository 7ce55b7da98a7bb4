/**
 * Random histories of three routers, two of them references of the others, in VRFs and the global table: after each step flows of all
 * exporters and VRFs are answered as the oracle does.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { LookupQuestion } from '../../src/lookup/question.ts';
import { RouteAnswer, tierReference } from '../../src/model/answer.ts';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import { lookupSlowly, type OracleRouter, type OracleVrf } from '../oracle/oracle-lookup.ts';
import { type OracleEvent, OracleRib } from '../oracle/oracle-rib.ts';
import { LookupDriver, vrfOf } from '../support/lookup-driver.ts';
import { addresses, messageOf, nextHops, oracleText, vpnEvent } from '../support/rib-events.ts';
import { endOfRibTimeoutMs, RibDriver, staleTimeMs, startMs } from '../support/rib-driver.ts';

const edge = '198.51.100.1';
const references = ['198.51.100.8', '198.51.100.9'];
const keys = [edge, ...references];

interface Step {
  router: string;
  event: OracleEvent;
  passMs: number;
  reclaim: number;
}

const stepsOf = (routers: readonly string[]): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      router: fc.constantFrom(...routers),
      event: vpnEvent,
      passMs: fc.constantFrom(0, 0, 0, 0, 1000, endOfRibTimeoutMs / 2, staleTimeMs / 2),
      reclaim: fc.constantFrom(0, 0, 1000),
    }),
    { minLength: 1, maxLength: 60, size: 'max' },
  );

const blue: OracleVrf = { name: 'blue', rds: ['0:65000:11'], locals: [], targets: ['65000:11'] };
const local: OracleVrf = { name: 'local', rds: [], locals: ['local:7'], targets: ['65000:12'] };
/** Of the same name at a reference. */
const otherBlue: OracleVrf = { name: 'blue', rds: ['1:10.99.0.2:7'], locals: ['local:7'], targets: [] };
const learned: OracleVrf = { name: '1:10.99.0.2:7', rds: ['1:10.99.0.2:7'], locals: [], targets: [] };
const bgp = ['192.0.2.2', '1.1.1.1'];

const flows = [
  { flow: {}, vrf: null },
  { flow: { vrf: 'blue' }, vrf: blue },
  { flow: { ingress: 7 }, vrf: local },
  { flow: { rd: '1:10.99.0.2:7' }, vrf: learned },
];
const viewOrders = [
  [0, 1, 2],
  [2, 1],
  [1, 0],
];

/** The engine and the oracle, side by side. */
class World {
  readonly rib: RibDriver;
  readonly drivers: LookupDriver[];
  private readonly ribs = new Map<string, OracleRib>();
  private readonly answer = new RouteAnswer();

  constructor() {
    const attributes = new AttributeStore();
    this.rib = new RibDriver(attributes, new PrefixTable(attributes), {}, new PrefixTable(attributes));
    const configured = [
      { name: 'edge1', bmp: [edge], bgp, vrfs: [configuredVrf(blue, []), configuredVrf(local, [7])] },
      { name: 'rr1', bmp: [references[0]], vrfs: [configuredVrf(otherBlue, [])] },
      { name: 'rr2', bmp: [references[1]] },
    ];
    this.drivers = viewOrders.map(
      (views) => new LookupDriver(configured, { views, references: ['rr1', 'rr2'], rib: this.rib }),
    );
  }

  apply({ router, event, passMs, reclaim }: Step): void {
    const { rib, ribs } = this;
    rib.nowMs += passMs;
    if (!ribs.has(router)) ribs.set(router, new OracleRib(startMs, staleTimeMs, endOfRibTimeoutMs));
    for (const oracle of ribs.values()) oracle.setClock(rib.nowMs);
    const [collector, bmpAddress] = event.session.split(' ');
    rib.send(messageOf(event), { router, collector, bmpAddress });
    ribs.get(router)?.apply(event);
    if (reclaim > 0) rib.shard.reclaim(reclaim);
  }

  answers(): string[] {
    return this.each((driver, _router, _vrf, question) => {
      driver.lookup.lookup(driver.tables, question, this.answer);
      const text = oracleText(this.answer);
      const isReference = text !== null && this.answer.tier === tierReference;
      return text + (isReference ? ` at ${this.answer.router.replace('name of ', '')}` : '');
    });
  }

  expected(): string[] {
    return this.each((driver, router, vrf, { address, nextHop }, exporter) => {
      const asked = { router, exporter, address: address.toString(), nextHop: nextHop?.toString() ?? null, vrf };
      return String(lookupSlowly(asked, viewOrders[this.drivers.indexOf(driver)]));
    });
  }

  /** Every exporter, VRF, address and next hop under every order of views. */
  private each(
    ask: (
      driver: LookupDriver,
      router: OracleRouter,
      vrf: OracleVrf | null,
      question: LookupQuestion,
      exporter: string,
    ) => string,
  ): string[] {
    const [rr1, rr2] = references.map((key) => this.routerOf(key, key === references[0] ? [otherBlue] : [], [], []));
    const router = this.routerOf(edge, [blue, local], [rr1, rr2], bgp);
    const unlisted = this.routerOf('192.0.2.1', [], [rr1, rr2], []);
    const answers: string[] = [];
    for (const driver of this.drivers) {
      for (const { flow, vrf } of flows) {
        for (const [of, exporter] of [[router, edge] as const, [unlisted, '192.0.2.1'] as const]) {
          // Of the VRFs, an unlisted router knows only what is told.
          if (of === unlisted && vrf !== null && vrf !== learned) continue;
          for (const address of addresses) {
            for (const nextHop of [undefined, nextHops[0], nextHops[3]]) {
              const question = driver.question(address, {
                ...flow,
                exporter,
                ...(nextHop !== undefined && { nextHop }),
              });
              answers.push(
                `${exporter} ${vrf?.name} ${address} ${nextHop}: ${ask(driver, of, vrf, question, exporter)}`,
              );
            }
          }
        }
      }
    }
    return answers;
  }

  private routerOf(
    key: string,
    vrfs: readonly OracleVrf[],
    referencesOf: readonly OracleRouter[],
    addressesOf: readonly string[],
  ): OracleRouter {
    return { key, rib: this.ribs.get(key) ?? null, vrfs, references: referencesOf, bgp: addressesOf };
  }
}

function configuredVrf({ name, rds, locals, targets }: OracleVrf, ids: number[]) {
  return vrfOf(name, { rds: [...rds], locals: [...locals], targets: [...targets], ids });
}

test('any history of a router and its references gives the answers of the oracle', () => {
  fc.assert(
    fc.property(stepsOf(keys), (steps) => {
      const world = new World();
      for (const [i, step] of steps.entries()) {
        world.apply(step);
        if (i % 8 === 7 || i === steps.length - 1) assert.deepEqual(world.answers(), world.expected());
      }
    }),
    { numRuns: 30 },
  );
});

test('any history of one router gives the answers of the oracle, in its VRFs as well', () => {
  fc.assert(
    fc.property(stepsOf([edge]), (steps) => {
      const world = new World();
      for (const [i, step] of steps.entries()) {
        world.apply(step);
        if (i % 8 === 7 || i === steps.length - 1) assert.deepEqual(world.answers(), world.expected());
      }
    }),
    { numRuns: 30 },
  );
});

test('lookups do not depend on the order in which routes of different sessions and peers arrive', () => {
  const announced = stepsOf(keys).map((steps) => {
    const firsts = new Map<string, Step>();
    for (const step of steps) {
      const { event } = step;
      if (event.kind !== 'announce') continue;
      const { session, peer, view, prefix, nlri } = event;
      firsts.set([step.router, session, peer.key, view, prefix, nlri.form, nlri.rd, nlri.tag].join(' '), step);
    }
    return [...firsts.values()].map((step) => ({ ...step, passMs: 0 }));
  });
  const orders = announced.chain((steps) =>
    fc.tuple(fc.constant(steps), fc.shuffledSubarray(steps, { minLength: steps.length, maxLength: steps.length })),
  );
  fc.assert(
    fc.property(orders, (two) => {
      const [first, second] = two.map((steps) => {
        const world = new World();
        for (const step of steps) world.apply(step);
        return world.answers();
      });
      assert.deepEqual(first, second);
    }),
    { numRuns: 30 },
  );
});
