import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RecordError } from '../../../src/base/errors.ts';
import { bmpMessageLength, decodeBmpMessage } from '../../../src/wire/bmp/messages.ts';
import type { BmpMessage } from '../../../src/wire/bmp/types.ts';
import {
  bgpUpdate,
  bmpMessage,
  initiation,
  peerDown,
  type PeerOptions,
  peerUp,
  perPeerHeader,
  routeMirroring,
  routeMonitoring,
  statisticsReport,
  termination,
} from '../../support/bmp-builder.ts';

const decode = (bytes: Buffer): BmpMessage => decodeBmpMessage(bytes, 0, bytes.length);

function decodeAs<K extends BmpMessage['kind']>(kind: K, bytes: Buffer): Extract<BmpMessage, { kind: K }> {
  const message = decode(bytes);
  assert.equal(message.kind, kind);
  return message as Extract<BmpMessage, { kind: K }>;
}

function errorOf(action: () => unknown): { code: string; offset: number; field: string } | null {
  try {
    action();
  } catch (error) {
    if (error instanceof RecordError)
      return { code: error.code, offset: error.detail.offset, field: error.detail.field };
    throw error;
  }
  return null;
}

const headerOf = (peer: PeerOptions): ReturnType<typeof decodeAs<'peer-down'>>['peer'] =>
  decodeAs('peer-down', peerDown(peer)).peer;

void describe('RFC 7854 §4.1: common header', () => {
  void test('messages one after another, at any offset of a buffer', () => {
    const messages = [initiation(), routeMonitoring({}, {}), termination()];
    const buffer = Buffer.concat([Buffer.alloc(5, 0xff), ...messages, Buffer.alloc(9, 3)]);
    const end = buffer.length - 9;
    const kinds: string[] = [];
    for (let at = 5; at < end;) {
      const to = at + bmpMessageLength(buffer, at, end, 5);
      kinds.push(decodeBmpMessage(buffer, at, to, 5).kind);
      at = to;
    }
    assert.deepEqual(kinds, ['initiation', 'route-monitoring', 'termination']);
  });

  void test('another version is an error of its own, even when cut short', () => {
    const message = initiation();
    message[0] = 4;
    for (const bytes of [message, message.subarray(0, 1)]) {
      assert.deepEqual(
        errorOf(() => decode(bytes)),
        { code: 'bmp-version', offset: 0, field: 'version' },
      );
    }
  });

  void test('lengths that lie', () => {
    const message = routeMonitoring({}, {});
    assert.equal(errorOf(() => decode(message.subarray(0, 4)))?.code, 'bmp-truncated');
    assert.equal(errorOf(() => decode(message.subarray(0, 40)))?.code, 'bmp-truncated');
    assert.equal(errorOf(() => decode(Buffer.concat([message, message])))?.code, 'bmp-length');
    message.writeUInt32BE(5, 1);
    assert.deepEqual(
      errorOf(() => decode(message)),
      { code: 'bmp-length', offset: 1, field: 'message length' },
    );
  });

  void test('the end of the range counts, not that of the buffer', () => {
    const message = routeMonitoring({}, {});
    assert.equal(errorOf(() => bmpMessageLength(message, 0, message.length - 1))?.code, 'bmp-truncated');
  });

  void test('offsets count from the start of the record', () => {
    const good = initiation();
    const bad = bmpMessage(3, perPeerHeader({}), Buffer.alloc(3));
    const buffer = Buffer.concat([Buffer.alloc(100), good, bad]);
    const start = 100 + good.length;
    const error = errorOf(() => decodeBmpMessage(buffer, start, buffer.length, 100));
    assert.deepEqual(error, { code: 'bmp-truncated', offset: good.length + 48, field: 'peer-up: local address' });
  });

  void test('an unknown type is a clean error', () => {
    assert.deepEqual(
      errorOf(() => decode(bmpMessage(7, perPeerHeader({})))),
      { code: 'bmp-type', offset: 5, field: 'message type' },
    );
  });

  void test('RFC 8654: messages larger than 64 KiB', () => {
    const communities = Array.from({ length: 16000 }, (_, i) => `1:${i}`);
    const big = routeMonitoring({}, bgpUpdate({ origin: 0, communities }));
    const message = decodeAs('route-monitoring', big);
    assert.equal(message.pduEnd - message.pduStart, big.length - 48);
    const mirrored = routeMirroring({}, Buffer.alloc(65000));
    assert.equal(decode(Buffer.concat([mirrored])).kind, 'route-mirroring');
    assert.equal(bmpMessageLength(bmpMessage(6, Buffer.alloc(70000)), 0, 70006), 70006);
  });
});

void describe('RFC 7854 §4.2, RFC 8671, RFC 9069: per-peer header', () => {
  void test('IPv4: the last 4 of 16 bytes; AS, BGP ID, distinguisher, microseconds', () => {
    const header = headerOf({
      type: 1,
      address: '198.51.100.7',
      as: 4200000001,
      bgpId: '192.0.2.200',
      distinguisher: '0000fde80000000b',
      timestampMs: 1_700_000_000_123.456,
    });
    assert.equal(header.address, '198.51.100.7');
    assert.equal(header.peerAs, 4200000001);
    assert.equal(header.bgpId, '192.0.2.200');
    assert.equal(header.distinguisher, '0000fde80000000b');
    assert.equal(header.timestampMs, 1_700_000_000_123.456);
    assert.equal(header.isIpv6, false);
  });

  void test('IPv6 and the other flags, each alone', () => {
    assert.deepEqual(
      [headerOf({ address: '2001:db8::1' }).address, headerOf({ address: '2001:db8::1' }).isIpv6],
      ['2001:db8::1', true],
    );
    const flags = (peer: PeerOptions): boolean[] => {
      const header = headerOf(peer);
      return [header.isIpv6, header.isPostPolicy, header.isTwoByteAsPath, header.isAdjRibOut, header.isFiltered];
    };
    for (const type of [0, 1, 2]) {
      assert.deepEqual(flags({ type }), [false, false, false, false, false]);
      assert.deepEqual(flags({ type, isPostPolicy: true }), [false, true, false, false, false]);
      assert.deepEqual(flags({ type, isTwoByteAsPath: true }), [false, false, true, false, false]);
      assert.deepEqual(flags({ type, isAdjRibOut: true }), [false, false, false, true, false]);
    }
  });

  void test('RFC 9069 §4.2: of Loc-RIB the same bits mean F or nothing', () => {
    const header = headerOf({ type: 3, flags: 0xff });
    assert.deepEqual(
      [
        header.isIpv6,
        header.isPostPolicy,
        header.isTwoByteAsPath,
        header.isAdjRibOut,
        header.isFiltered,
        header.address,
      ],
      [false, false, false, false, true, '0.0.0.0'],
    );
    assert.equal(headerOf({ type: 3, flags: 0x7f }).isFiltered, false);
  });

  void test('an unknown peer type is a clean error', () => {
    const error = { code: 'bmp-peer-type', offset: 6, field: 'peer-down: peer type' };
    assert.deepEqual(
      errorOf(() => decode(peerDown({ type: 4 }))),
      error,
    );
  });

  void test('a timestamp of 0 stays 0', () => assert.equal(headerOf({ timestampMs: 0 }).timestampMs, 0));

  void test('a header like the last one but for one field is not taken for it', () => {
    const base = { address: '192.0.2.1', bgpId: '192.0.2.1', distinguisher: '0000000000000001' };
    assert.equal(headerOf(base).address, '192.0.2.1');
    assert.equal(headerOf({ ...base, timestampMs: 5000 }).timestampMs, 5000);
    assert.equal(headerOf({ ...base, address: '192.0.2.2' }).address, '192.0.2.2');
    assert.equal(headerOf({ ...base, bgpId: '192.0.2.3' }).bgpId, '192.0.2.3');
    assert.equal(headerOf({ ...base, distinguisher: '0000000000000002' }).distinguisher, '0000000000000002');
    assert.equal(headerOf({ ...base, as: 7 }).peerAs, 7);
    assert.equal(headerOf({ ...base, flags: 0x80 }).address, '::c000:201');
  });
});

void describe('the seven messages', () => {
  void test('§4.3 Initiation', () => {
    const message = decodeAs('initiation', initiation({ sysName: 'edge1', sysDescr: 'router', text: 'x' }));
    assert.deepEqual(
      [message.sysName, message.sysDescr, message.information.map((t) => t.type)],
      ['edge1', 'router', [0, 1, 2]],
    );
  });

  void test('§4.5 Termination', () => assert.equal(decodeAs('termination', termination(3)).reason, 3));

  void test('§4.6 Route Monitoring names the range of the UPDATE', () => {
    const pdu = bgpUpdate({ withdrawn: ['10.0.0.0/8'] });
    const bytes = Buffer.concat([Buffer.alloc(7), routeMonitoring({ isPostPolicy: true }, pdu)]);
    const message = decodeBmpMessage(bytes, 7, bytes.length);
    assert.ok(message.kind === 'route-monitoring');
    assert.deepEqual(bytes.subarray(message.pduStart, message.pduEnd), pdu);
    assert.equal(message.peer.isPostPolicy, true);
  });

  void test('§4.7 Route Mirroring is not looked into', () => {
    assert.equal(decode(routeMirroring({}, Buffer.from([1, 2, 3]))).kind, 'route-mirroring');
  });

  void test('§4.8 Statistics: counters, gauges, per family; unknown types by length', () => {
    const perFamily = Buffer.from('00020100000000000f4240', 'hex');
    const report = statisticsReport({}, [
      { type: 0, value: 4294967295 },
      { type: 7, value: 18446744073709551615n },
      { type: 999, value: Buffer.alloc(5) },
      { type: 9, value: perFamily },
    ]);
    assert.deepEqual(decodeAs('statistics-report', report).statistics, [
      { type: 0, value: '4294967295' },
      { type: 7, value: '18446744073709551615' },
      { type: 999, value: '' },
      { type: 9, value: '2/1 1000000' },
    ]);
  });

  void test('§4.8: a count that is too high is an error', () => {
    const report = statisticsReport({}, [{ type: 0, value: 1 }]);
    report.writeUInt32BE(2, 48);
    assert.equal(errorOf(() => decode(report))?.field, 'statistics-report: statistic');
  });

  void test('§4.9 Peer Down: every reason with its data', () => {
    for (const reason of [1, 2, 3, 4, 5, 6, 77])
      assert.equal(decodeAs('peer-down', peerDown({}, reason)).reason, reason);
    assert.equal(errorOf(() => decode(bmpMessage(2, perPeerHeader({}))))?.field, 'peer-down: reason');
  });

  void test('§4.10 Peer Up: both OPENs in their order, ports, TLVs', () => {
    const message = decodeAs(
      'peer-up',
      peerUp(
        { address: '2001:db8::1' },
        {
          localAddress: '2001:db8::2',
          localPort: 179,
          remotePort: 50123,
          sentOpen: { as: 65000, bgpId: '192.0.2.254', addPath: [[1, 1, 1]] },
          receivedOpen: { as: 4200000001, bgpId: '192.0.2.1', addPath: [[1, 1, 2]] },
          tableName: 'blue',
          information: [{ type: 4, value: 'label' }],
        },
      ),
    );
    assert.deepEqual([message.localAddress, message.localPort, message.remotePort], ['2001:db8::2', 179, 50123]);
    assert.deepEqual([message.sentOpen.as, message.sentOpen.addPath.get(0x0101)], [65000, 1]);
    assert.deepEqual([message.receivedOpen.as, message.receivedOpen.addPath.get(0x0101)], [4200000001, 2]);
    assert.deepEqual([message.tableName, message.information.map((t) => t.type)], ['blue', [4, 3]]);
  });

  void test('the fingerprint tells OPENs and ports apart, and nothing else', () => {
    const print = (peer: PeerOptions, options: Parameters<typeof peerUp>[1] = {}): number =>
      decodeAs('peer-up', peerUp(peer, options)).fingerprint;
    const base = print({});
    assert.equal(print({ isPostPolicy: true, timestampMs: 9 }, { tableName: 'x' }), base);
    assert.notEqual(print({}, { remotePort: 40001 }), base);
    assert.notEqual(print({}, { localPort: 180 }), base);
    assert.notEqual(print({}, { sentOpen: { holdTimeS: 91 } }), base);
    assert.notEqual(print({}, { receivedOpen: { bgpId: '192.0.2.77' } }), base);
  });

  void test('TLVs and OPENs that run over the end', () => {
    assert.equal(errorOf(() => decode(bmpMessage(4, Buffer.from([0, 2, 0, 9, 1]))))?.code, 'bmp-tlv');
    assert.equal(errorOf(() => decode(bmpMessage(4, Buffer.from([0, 2]))))?.code, 'bmp-tlv');
    const up = peerUp({});
    up.writeUInt16BE(400, 6 + 42 + 20 + 16);
    assert.equal(errorOf(() => decode(up))?.field, 'peer-up: sent open');
  });
});
