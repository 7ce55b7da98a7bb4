/** RFC 9736: TLVs of a Peer Up are not those of an Initiation, though their numbers are the same. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeBmpMessage } from '../../src/wire/bmp/messages.ts';
import { bmpMessage, type PeerOptions, peerUp } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001 };

/** Type (2), length (2), text. */
function tlv(type: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([0, type, 0, text.length]), Buffer.from(text)]);
}

void describe('RFC 9736 §3: one registry for each message', () => {
  void test('Peer Up: 3 is the table name, 4 an admin label; 1 and 2 name no router', () => {
    const driver = new RibDriver();
    const information = [0, 1, 2, 3, 4, 250].map((type) => ({ type, value: `t${type}` }));
    const bytes = peerUp(peer, { information });
    driver.send([bmpMessage(4, tlv(2, 'edge1')), bytes]);
    const [session] = driver.shard.status().routers[0].sessions;
    assert.deepEqual([session.sysName, session.sysDescr], ['edge1', '']);
    const message = decodeBmpMessage(bytes, 0, bytes.length);
    assert.ok(message.kind === 'peer-up');
    assert.deepEqual([message.tableName, message.adminLabels], ['t3', ['t4']]);
    assert.deepEqual(
      message.information.map(({ type, value }) => [type, value.toString()]),
      information.map(({ type, value }) => [type, value]),
    );
  });

  void test('Initiation: 1 is sysDescr, 2 sysName; 3 and 4 are neither table nor label, unknown ones are passed over', () => {
    const bytes = bmpMessage(
      4,
      tlv(3, 'x'),
      tlv(1, 'a router'),
      tlv(250, ''),
      tlv(2, 'edge1'),
      tlv(0, 'free'),
      tlv(4, 'y'),
    );
    const message = decodeBmpMessage(bytes, 0, bytes.length);
    assert.ok(message.kind === 'initiation');
    assert.deepEqual([message.sysName, message.sysDescr], ['edge1', 'a router']);
    assert.equal(message.information.length, 6);
  });
});
