/** base/ip.ts against independent readers and printers of the same texts: ipaddr.js, Node, the URL standard. */

import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { formatIp, IpAddress, ipAddressOf } from '../../src/base/ip.ts';

function fromBytes(bytes: Uint8Array): IpAddress {
  const address = new IpAddress();
  assert.ok(address.readBytes(bytes, 0, bytes.length));
  return address;
}

const v4Bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Many zero groups, so that "::" falls in every place. */
const v6Bytes = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0), fc.nat({ max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));

test('IPv4: printed as ipaddr.js prints it, and read back', () => {
  fc.assert(
    fc.property(v4Bytes, (bytes) => {
      const address = fromBytes(bytes);
      assert.equal(address.family, 4);
      assert.equal(address.toString(), ipaddr.fromByteArray([...bytes]).toString());
      assert.ok(ipAddressOf(address.toString())?.equals(address));
    }),
  );
});

test('IPv6: printed as RFC 5952 says, and read back', () => {
  fc.assert(
    fc.property(v6Bytes, (bytes) => {
      const address = fromBytes(bytes);
      const other = ipaddr.fromByteArray([...bytes]) as ipaddr.IPv6;
      const expected = other.isIPv4MappedAddress()
        ? `::ffff:${other.toIPv4Address().toString()}`
        : other.toRFC5952String();
      assert.equal(address.toString(), expected);
      assert.ok(ipAddressOf(expected)?.equals(address));
      assert.ok(ipAddressOf(other.toNormalizedString())?.equals(address));
      assert.ok(ipAddressOf(other.toString().toUpperCase())?.equals(address));
    }),
  );
});

test('what is accepted is what Node accepts, and means what the URL standard says', () => {
  const pieces = fc.array(
    fc.constantFrom(':', '::', '.', '0', '1', 'f', 'ffff', 'abcd', '12345', '255', '256', '192.0.2.1', 'g'),
    { maxLength: 16 },
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('');
      const address = ipAddressOf(text);
      assert.equal(address?.family ?? 0, isIP(text), text);
      if (address === null) return;
      const { hostname } = new URL(address.family === 6 ? `http://[${text}]/` : `http://${text}/`);
      assert.deepEqual(bytesOf(address), ipaddr.parse(hostname.replaceAll(/[[\]]/g, '')).toByteArray(), text);
    }),
    { numRuns: 5000 },
  );
});

function bytesOf(address: IpAddress): number[] {
  const words = address.family === 4 ? [address.w0] : [address.w0, address.w1, address.w2, address.w3];
  return words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
}

test('malformed texts are refused and leave no address behind', () => {
  const address = new IpAddress();
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.256',
    '1..2.3',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4/32',
    ':',
    ':::',
    '1:',
    ':1',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '::1.2.3',
    '1:2:3:4:5:6:7:1.2.3.4',
    '[::1]',
  ]) {
    address.setV4(1);
    assert.equal(address.parse(text), false, text);
    assert.equal(address.family, 0, text);
    assert.equal(address.toString(), '');
  }
});

test('IPv4-mapped addresses', () => {
  const address = ipAddressOf('::ffff:192.0.2.1');
  assert.equal(address?.family, 6);
  assert.equal(address?.toString(), '::ffff:192.0.2.1');
  address?.unmap();
  assert.equal(address?.toString(), '192.0.2.1');
  const plain = ipAddressOf('2001:db8::ffff:c000:201');
  plain?.unmap();
  assert.equal(plain?.toString(), '2001:db8::ffff:c000:201');
});

test('no address, 0.0.0.0 and :: are unspecified', () => {
  assert.ok(new IpAddress().isUnspecified());
  assert.ok(ipAddressOf('0.0.0.0')?.isUnspecified());
  assert.ok(ipAddressOf('::')?.isUnspecified());
  assert.equal(ipAddressOf('::1')?.isUnspecified(), false);
  assert.equal(new IpAddress().readBytes(new Uint8Array(8), 0, 8), false);
});

test('words with the top bit set print unsigned', () => {
  assert.equal(formatIp(4, -1, 0, 0, 0), '255.255.255.255');
  assert.equal(formatIp(6, -1, -1, -1, -1), 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
  const copy = new IpAddress();
  copy.copyFrom(fromBytes(new Uint8Array(16).fill(0x80)));
  assert.equal(copy.toString(), '8080:8080:8080:8080:8080:8080:8080:8080');
});
