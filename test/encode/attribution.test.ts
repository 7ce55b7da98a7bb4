import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../src/base/errors.ts';
import { Attribution, isPrivateAs } from '../../src/encode/attribution.ts';
import { statusNoRoute } from '../../src/model/answer.ts';
import { absent, Flow } from '../../src/model/flow.ts';
import { enrichedBy, matchedAnswer, unmatchedAnswer } from '../support/route-answers.ts';

const matched = matchedAnswer({ prefix: '198.51.100.0/24', asPath: [65_001, 3320] });
const matchedPrivate = matchedAnswer({ prefix: '198.51.100.0/24', asPath: [65_001, 64_512] });
const matchedDefault = matchedAnswer({ prefix: '0.0.0.0/0', asPath: [65_001, 3320] });
const matchedSet = matchedAnswer({ prefix: '198.51.100.0/24', asPath: [[1, 7, 8]] });
const unmatched = unmatchedAnswer(statusNoRoute);

function dstAs(asn: string[], ofFlow: number, answer = matched, net = ['flow', 'routing'], dstNetLen = absent): number {
  const attribution = new Attribution({ asn, net });
  const flow = new Flow();
  flow.dstAs = ofFlow;
  flow.dstNetLen = dstNetLen;
  attribution.apply(flow, enrichedBy(answer));
  return attribution.dstAs;
}

void test('the first non-zero value of the chain wins', () => {
  assert.equal(dstAs(['flow', 'routing'], 64_500), 64_500);
  assert.equal(dstAs(['flow', 'routing'], 0), 3320);
  assert.equal(dstAs(['flow', 'routing'], absent), 3320);
  assert.equal(dstAs(['routing', 'flow'], 64_500), 3320);
  assert.equal(dstAs(['routing', 'flow'], 64_500, unmatched), 64_500);
  assert.equal(dstAs(['routing', 'flow'], 64_500, matchedSet), 64_500);
});

void test('a chain is the whole truth', () => {
  assert.equal(dstAs(['routing'], 64_500, unmatched), 0);
  assert.equal(dstAs([], 64_500), 0);
});

void test('private ASNs are passed over where the chain says so', () => {
  assert.equal(dstAs(['flow-except-private', 'routing'], 64_512), 3320);
  assert.equal(dstAs(['flow-except-private', 'routing'], 3356), 3356);
  assert.equal(dstAs(['routing-except-private', 'flow'], 3356, matchedPrivate), 3356);
  assert.equal(dstAs(['routing-except-private', 'flow'], 3356), 3320);
});

void test('flow-except-default-route looks at the length that the net chain decided on', () => {
  assert.equal(dstAs(['flow-except-default-route', 'routing'], 3356, matched, ['flow'], 0), 3320);
  assert.equal(dstAs(['flow-except-default-route', 'routing'], 3356, matched, ['flow', 'routing'], 0), 3356);
  assert.equal(dstAs(['flow-except-default-route'], 3356, matchedDefault, ['flow', 'routing'], 0), 0);
  assert.equal(dstAs(['flow-except-default-route'], 3356, unmatched, ['flow', 'routing'], 16), 3356);
});

void test('a prefix length of 0 is as none, learnt or sent', () => {
  const attribution = new Attribution({ asn: ['flow'], net: ['routing', 'flow'] });
  const flow = new Flow();
  flow.dstNetLen = 20;
  attribution.apply(flow, enrichedBy(matchedDefault));
  assert.equal(attribution.dstNetLen, 20);
  flow.dstNetLen = 0;
  attribution.apply(flow, enrichedBy(matchedDefault));
  assert.equal(attribution.dstNetLen, 0);
});

void test('net: source and destination by their own answers', () => {
  const attribution = new Attribution({ asn: ['routing'], net: ['routing', 'flow'] });
  const flow = new Flow();
  flow.srcNetLen = 16;
  flow.dstNetLen = 20;
  flow.srcAs = 9;
  attribution.apply(flow, enrichedBy(matched, unmatched));
  assert.deepEqual([attribution.srcNetLen, attribution.dstNetLen], [16, 24]);
  assert.deepEqual([attribution.srcAs, attribution.dstAs], [0, 3320]);
  attribution.apply(flow, enrichedBy(unmatched, matched));
  assert.deepEqual([attribution.srcNetLen, attribution.dstNetLen], [24, 20]);
  assert.deepEqual([attribution.srcAs, attribution.dstAs], [3320, 0]);
});

void test('which ASNs are private', () => {
  for (const asn of [0, 23_456, 64_496, 64_511, 64_512, 65_535, 65_536, 65_551, 4_200_000_000, 4_294_967_295]) {
    assert.equal(isPrivateAs(asn), true, String(asn));
    assert.equal(dstAs(['flow-except-private', 'routing'], asn), 3320, String(asn));
  }
  for (const asn of [1, 23_455, 23_457, 64_495, 65_552, 4_199_999_999]) {
    assert.equal(isPrivateAs(asn), false, String(asn));
    assert.equal(dstAs(['flow-except-private', 'routing'], asn), asn, String(asn));
  }
});

void test('names that are unknown are refused', () => {
  assert.throws(() => new Attribution({ asn: ['geo-ip'], net: [] }), ConfigError);
  assert.throws(() => new Attribution({ asn: [], net: ['flow-except-private'] }), ConfigError);
});
