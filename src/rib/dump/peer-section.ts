/**
 * One peer: who it is, how its NLRI are to be read, what of it is remembered.
 *
 *   peer    integer type | text distinguisher | text | text address
 *           | integer AS | word BGP ID | integer local AS | word table name | integer state | integer state before silence
 *           | integer epoch | number epoch start | number last monitoring | number drop at | flag suspect
 *           | integer guessed views | integer, integer other AS width | flag filtered
 *           | list of parts (number fingerprint, list of integer families) | integer parts down
 *           | lists of integer: path ids inbound, outbound, present; label stacks | list (integer view and family, flag): learned
 *           | flag orders, then number since
 *   order   flag former | number time | list of number                       of the peer before
 *
 * A state is 0 = none, else 1 + its place in `states`.
 */

import { formatIp } from '../../base/ip.ts';
import { RecentOrders, type RecentMap } from '../doubtful-order.ts';
import { type BmpSession, Peer, peerKey, type PeerState } from '../peers.ts';
import { peerTypeLocRib, type PerPeerHeader } from '../../wire/bmp/types.ts';
import { itemOrder, itemPeer } from './format.ts';
import type { ItemReader } from './item-reader.ts';
import type { ItemWriter } from './item-writer.ts';

const states: readonly (PeerState | null)[] = [null, 'provisional', 'up', 'stale', 'down'];

export function* writePeer(peer: Peer, out: ItemWriter): Generator<void> {
  const { address, forms, recentOrders } = peer;
  out.begin(itemPeer);
  out.integer(peer.type);
  out.text(peer.distinguisher);
  out.text(peer.text);
  out.text(formatIp(address.family, address.w0, address.w1, address.w2, address.w3));
  out.integer(peer.as);
  out.word(peer.bgpId);
  out.integer(peer.localAs);
  out.word(peer.tableName);
  out.integer(states.indexOf(peer.state));
  out.integer(states.indexOf(peer.silencedFrom));
  out.integer(peer.epoch);
  out.number(peer.epochStartMs);
  out.number(peer.lastMonitoringMs);
  out.number(peer.dropAtMs);
  out.flag(peer.isSuspect);
  out.integer(peer.guessedViews);
  out.integer(peer.otherAsWidth[0]);
  out.integer(peer.otherAsWidth[1]);
  out.flag(peer.isFiltered);
  out.integer(peer.parts.length);
  for (const { families, fingerprint } of peer.parts) {
    out.number(fingerprint);
    out.integers(families);
  }
  out.integer(peer.partsDown);
  out.integers(forms.inbound);
  out.integers(forms.outbound);
  out.integers(forms.present);
  out.integers(forms.stacked);
  out.integer(forms.learned.size);
  for (const [family, hasPathId] of forms.learned) {
    out.integer(family);
    out.flag(hasPathId);
  }
  out.flag(recentOrders !== null);
  if (recentOrders !== null) out.number(recentOrders.sinceMs);
  out.end();
  yield;
  if (recentOrders !== null) yield* writeOrders(recentOrders, out);
}

function* writeOrders(orders: RecentMap<number, ReadonlySet<number>>, out: ItemWriter): Generator<void> {
  for (const isFormer of [false, true]) {
    for (const [timeMs, times] of isFormer ? orders.former : orders.current) {
      out.begin(itemOrder);
      out.flag(isFormer);
      out.number(timeMs);
      out.numbers([...times]);
      out.end();
      yield;
    }
  }
}

export function readPeer(session: BmpSession, reader: ItemReader): Peer {
  const header = readIdentity(reader);
  const key = peerKey(header);
  const neighbour = session.router.neighbours.get(key);
  if (neighbour === undefined) throw reader.error(`no neighbour ${key}`);
  if (session.peers.has(key)) throw reader.error(`peer ${key} was there before`);
  const peer = new Peer(session, key, neighbour, header);
  neighbour.peers++;
  session.peers.set(key, peer);
  peer.as = reader.integer();
  peer.bgpId = reader.word();
  peer.localAs = reader.integer();
  peer.tableName = reader.word();
  const state = states[reader.below(states.length, 'state')];
  if (state === null) throw reader.error('it has no state');
  peer.state = state;
  peer.silencedFrom = states[reader.below(states.length, 'state')];
  peer.epoch = reader.integer();
  peer.epochStartMs = reader.number();
  peer.lastMonitoringMs = reader.number();
  peer.dropAtMs = reader.number();
  peer.isSuspect = reader.flag();
  peer.guessedViews = reader.integer();
  peer.otherAsWidth[0] = reader.integer();
  peer.otherAsWidth[1] = reader.integer();
  peer.isFiltered = reader.flag();
  for (let left = reader.count(); left > 0; left--) {
    peer.parts.push({ fingerprint: reader.number(), families: reader.integers() });
  }
  peer.partsDown = reader.integer();
  const { forms } = peer;
  for (const set of [forms.inbound, forms.outbound, forms.present, forms.stacked]) {
    for (const family of reader.integers()) set.add(family);
  }
  for (let left = reader.count(); left > 0; left--) {
    const family = reader.integer();
    forms.learned.set(family, reader.flag());
  }
  if (reader.flag()) {
    peer.recentOrders = new RecentOrders();
    peer.recentOrders.sinceMs = reader.number();
  }
  return peer;
}

/** The header as the one that the peer was made with, as far as a peer remembers it. */
function readIdentity(reader: ItemReader): PerPeerHeader {
  const type = reader.below(256, 'type');
  const distinguisher = reader.text();
  if (!/^[0-9a-f]{16}$/.test(distinguisher)) throw reader.error('its distinguisher is not 16 hexadecimal digits');
  const text = reader.text();
  const address = reader.text();
  const isLocRib = type === peerTypeLocRib;
  return {
    type,
    flags: 0,
    isIpv6: false,
    isPostPolicy: false,
    isTwoByteAsPath: false,
    isAdjRibOut: false,
    isFiltered: false,
    distinguisher,
    address: isLocRib ? address : text,
    peerAs: 0,
    bgpId: isLocRib ? text : '',
    timestampMs: 0,
  };
}

export function readOrder(peer: Peer, reader: ItemReader): void {
  const { recentOrders } = peer;
  if (recentOrders === null) throw reader.error('its peer remembers none');
  const map = reader.flag() ? recentOrders.former : recentOrders.current;
  const timeMs = reader.number();
  map.set(timeMs, new Set(reader.numbers()));
}
