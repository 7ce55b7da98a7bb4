/** RFC 8277, labels in NLRI: how many there are, what withdraws, and that they are no part of the prefix. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attribute } from '../support/bgp-builder.ts';
import { type OpenOptions, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001 };
const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };
const path = { origin: 0, asPath: [65001] };
const inPre = ['adj-rib-in-pre 192.0.2.1'];
const multiple = (count: number): OpenOptions => ({ as: 65000, multipleLabels: [[1, 4, count]] });

function up(sentOpen: OpenOptions = {}, receivedOpen: OpenOptions = {}, header: PeerOptions = peer): RibDriver {
  const driver = new RibDriver();
  driver.send(peerUp(header, { sentOpen, receivedOpen }));
  return driver;
}

/** NLRI of labeled unicast as hex: bits, labels and prefix by hand. */
function announce(nlri: string, afi = 1, header = peer): Buffer {
  const hop = afi === 1 ? '04c0000201' : '1020010db8000000000000000000000001';
  const value = Buffer.from(`000${afi}04${hop}00${nlri}`, 'hex');
  return routeMonitoring(header, { ...path, rawAttributes: attribute(14, value, 0x80) });
}

function withdraw(nlri: string, header = peer): Buffer {
  return routeMonitoring(header, { rawAttributes: attribute(15, Buffer.from(`000104${nlri}`, 'hex'), 0x80) });
}

void describe('RFC 8277 §2.2: one label', () => {
  for (const [name, label] of [
    ['with the bottom-of-stack bit', '000641'],
    ['without it (FRR)', '000640'],
    ['0', '000000'],
    ['3, implicit null', '000031'],
  ]) {
    void test(`a label ${name} takes 3 octets, then the prefix begins`, () => {
      const driver = up();
      // 24 + 24 bits: the prefix ends in an odd octet, which as a label would end a stack.
      driver.send(announce(`30${label}640101`));
      assert.deepEqual(driver.at('100.1.1.0/24'), inPre);
      driver.send(announce(`38${label}20010db8`, 2));
      assert.deepEqual(driver.at('2001:db8::/32'), inPre);
      assert.equal(driver.shard.counters.unparsableNlri, 0);
    });
  }

  void test('one side alone that can do Multiple Labels negotiates nothing', () => {
    for (const [sent, received] of [
      [multiple(3), {}],
      [{}, multiple(3)],
    ]) {
      const driver = up(sent, received);
      driver.send(announce('30000640640101'));
      assert.deepEqual(driver.at('100.1.1.0/24'), inPre);
    }
  });

  void test('the length counts the label: 24 + 32 bits is a host route, 24 + 33 and less than 24 are syntax errors', () => {
    const driver = up();
    driver.send(announce('380006410a010203'));
    assert.deepEqual(driver.at('10.1.2.3/32'), inPre);
    for (const nlri of ['390006410a01020380', '100006']) {
      const broken = up();
      broken.send(announce(nlri));
      assert.equal(broken.shard.counters.unparsableNlri, 1);
      assert.equal(broken.routes.counts().routesV4, 0);
      assert.equal(broken.peer('192.0.2.1')?.suspect, true);
    }
  });

  void test('24 + 0 bits is the default route', () => {
    const driver = up();
    driver.send(announce('18000641'));
    assert.equal(driver.lookup('10.0.0.1').defaultRoute, true);
  });

  void test('a labeled route is another one than the unicast route of the prefix; another label is the same one', () => {
    const driver = up();
    driver.send(routeMonitoring(peer, { ...path, nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] }));
    driver.send([announce('200006410a'), announce('200007410a')]);
    assert.equal(driver.at('10.0.0.0/8').length, 2);
    driver.send(routeMonitoring(peer, { withdrawn: ['10.0.0.0/8'] }));
    assert.equal(driver.at('10.0.0.0/8').length, 1);
  });
});

void describe('RFC 8277 §2.3: Multiple Labels, negotiated by both', () => {
  void test('a stack ends with the bottom-of-stack bit', () => {
    const driver = up(multiple(3), multiple(3));
    driver.send(announce('60000640000650000661640101'));
    driver.send(announce('30000641640201'));
    assert.deepEqual([driver.at('100.1.1.0/24'), driver.at('100.2.1.0/24')], [inPre, inPre]);
  });

  void test('§2.1: a count of 0 is as if not sent', () => {
    const driver = up(multiple(0), multiple(0));
    driver.send(announce('30000640640101'));
    assert.deepEqual(driver.at('100.1.1.0/24'), inPre);
  });

  void test('RFC 9069 §5.2: of a Loc-RIB the sent OPEN alone tells', () => {
    const driver = up(multiple(3), {}, locRib);
    driver.send(announce('60000640000650000661640101', 1, locRib));
    assert.deepEqual(driver.at('100.1.1.0/24'), ['loc-rib 192.0.2.254']);
  });
});

void describe('RFC 8277 §2.4: a withdrawal has one 3-octet field of any value', () => {
  for (const open of [{ as: 65000 }, multiple(3)]) {
    for (const label of ['800000', '000000', '000641', '000640']) {
      void test(`${label} (${open.multipleLabels ? 'stacks' : 'one label'})`, () => {
        const driver = up(open, open);
        driver.send(announce('30000641640101'));
        driver.send(withdraw(`30${label}640101`));
        assert.deepEqual(driver.at('100.1.1.0/24'), []);
        assert.equal(driver.shard.counters.withdrawnUnknown, 0);
        assert.equal(driver.shard.counters.unparsableNlri, 0);
      });
    }
  }
});
