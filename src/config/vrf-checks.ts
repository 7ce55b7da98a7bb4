/** Rules between the VRFs of a router: what a flow or a route carries must lead to one of them. */

import { distinguisherText, localDistinguisherText } from '../model/route-distinguisher.ts';
import { globalTableName } from '../model/router.ts';
import { type ConfigPath, formatPath } from './document.ts';
import type { Config } from './schema/config.ts';

interface Finding {
  readonly path: ConfigPath;
  readonly message: string;
}

export function checkVrfs(config: Config): Finding[] {
  return config.routers.flatMap(({ vrfs }, i) => checkVrfsOf(['routers', i, 'vrfs'], vrfs));
}

function checkVrfsOf(path: ConfigPath, vrfs: Config['routers'][number]['vrfs']): Finding[] {
  const findings: Finding[] = [];
  const owners = new Map<string, string>();
  for (const [name, vrf] of Object.entries(vrfs)) {
    for (const { at, what, text } of claimsOf(name, vrf)) {
      const where = [...path, ...at];
      const owner = owners.get(`${what} ${text}`);
      if (owner === undefined) owners.set(`${what} ${text}`, name);
      else findings.push({ path: where, message: `${formatPath(where)}: ${what} ${text} is in VRF ${owner} already` });
    }
    if (name !== globalTableName || (typeof vrf !== 'string' && isIdsOnly(vrf))) continue;
    const where = [...path, name];
    findings.push({ path: where, message: `${formatPath(where)}: the global table has ids only` });
  }
  return findings;
}

interface Claim {
  readonly at: ConfigPath;
  readonly what: string;
  readonly text: string;
}

/** In their one text each, so that different spellings are found equal. */
function claimsOf(name: string, vrf: Config['routers'][number]['vrfs'][string]): Claim[] {
  if (typeof vrf === 'string') return [{ at: [name], what: 'RD', text: distinguisherText(vrf) ?? vrf }];
  const { ids, rds, distinguishers } = vrf;
  return [
    ...ids.map((id, i) => ({ at: [name, 'ids', i], what: 'id', text: String(id) })),
    ...rds.map((text, i) => ({ at: [name, 'rds', i], what: 'RD', text: distinguisherText(text) ?? text })),
    ...distinguishers.map((value, i) => ({
      at: [name, 'distinguishers', i],
      what: 'distinguisher',
      text: (localDistinguisherText(String(value)) ?? '').replace('local:', ''),
    })),
  ];
}

function isIdsOnly(vrf: Exclude<Config['routers'][number]['vrfs'][string], string>): boolean {
  return vrf.rds.length + vrf.distinguishers.length + vrf.importTargets.length === 0;
}
