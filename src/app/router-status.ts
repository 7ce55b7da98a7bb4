/** One router as /api/v1/routers shows it: what the shard holds of it, summed up by router and family, with the last event. */

import type { FamilyStatus, LastEvent, RouterStatus } from '../http/status.ts';
import { viewNames } from '../model/answer.ts';
import { type RouterState, viewComplete, viewNotHeld } from '../rib/peers.ts';
import type { PeerStatus, RibStatus, RouterStatus as RibRouterStatus } from '../rib/status.ts';

/** Labeled unicast (SAFI 4) is in the unicast table (RFC 8277). */
const familyNames: Readonly<Record<string, string>> = {
  '1/1': 'ipv4',
  '1/4': 'ipv4',
  '2/1': 'ipv6',
  '2/4': 'ipv6',
  '1/128': 'vpnv4',
  '2/128': 'vpnv6',
  '25/70': 'evpn',
};

export function routerStatus(
  shard: number,
  router: RibRouterStatus,
  state: RouterState | undefined,
  views: readonly number[],
  lastEvent: LastEvent | null,
): RouterStatus {
  const { name, key, sessions } = router;
  const peers = sessions.flatMap((session) => session.peers);
  const ribs = peers.flatMap((peer) => peer.ribs);
  return {
    name,
    key,
    shard,
    sessionCount: sessions.length,
    sessionsUp: sessions.filter(({ up }) => up).length,
    peerCount: peers.length,
    peersUp: peers.filter((peer) => peer.state === 'up').length,
    routeCount: ribs.reduce((sum, { routes }) => sum + routes, 0),
    stale: ribs.some(({ stale }) => stale),
    suspect: peers.some(({ suspect }) => suspect) || ribs.some(({ suspect }) => suspect),
    unordered: router.unordered,
    families: familiesOf(peers, state, views),
    lastEvent,
    sessions,
  };
}

function familiesOf(
  peers: readonly PeerStatus[],
  state: RouterState | undefined,
  configured: readonly number[],
): FamilyStatus[] {
  const byTable = new Map<string, { family: string; rd: string; ribs: RibStatus[] }>();
  for (const { rd, ribs } of peers) {
    for (const rib of ribs) {
      const family = familyNames[`${rib.afi}/${rib.safi}`] ?? `${rib.afi}/${rib.safi}`;
      const key = `${rd} ${family}`;
      const known = byTable.get(key);
      if (known === undefined) byTable.set(key, { family, rd, ribs: [rib] });
      else known.ribs.push(rib);
    }
  }
  const tables = [...byTable].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return tables.map(([, { family, rd, ribs }]): FamilyStatus => {
    const isGlobal = rd === '' && /^ipv[46]$/.test(family);
    const states = state === undefined || !isGlobal ? null : state.viewStates(family === 'ipv4' ? 4 : 6);
    const answering = configured.find((view) => states?.[view] === viewComplete);
    return {
      family,
      rd: rd === '' ? null : rd,
      routes: ribs.reduce((sum, { routes }) => sum + routes, 0),
      views: viewsOf(ribs, states, configured),
      authority: answering === undefined ? null : viewNames[answering],
    };
  });
}

function viewsOf(
  ribs: readonly RibStatus[],
  states: Uint8Array | null,
  configured: readonly number[],
): FamilyStatus['views'] {
  const order = [...configured, ...viewNames.keys()];
  const views = [...new Set(ribs.map(({ view }) => viewNames.indexOf(view)))];
  return views
    .toSorted((a, b) => order.indexOf(a) - order.indexOf(b))
    .map((view) => {
      const mine = ribs.filter((rib) => rib.view === viewNames[view]);
      const known = states?.[view] ?? viewNotHeld;
      const complete = states === null ? mine.every(({ endOfRib }) => endOfRib) : known === viewComplete;
      return { view: viewNames[view], complete, routes: mine.reduce((sum, { routes }) => sum + routes, 0) };
    });
}
