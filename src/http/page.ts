/**
 * The page at `/`: how this member is, for people who would rather look than read JSON. Plain HTML and script in one answer, nothing
 * from elsewhere; it reads /readyz, /metrics and /api/v1 of the same member every two seconds. Texts go in as text, never as HTML.
 */

import { lookupForm, lookupScript, lookupStyle } from './page-lookup.ts';

const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); --good: #2a7d46; --bad: #b3541e }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
h1 { font-size: 1.3rem; margin: 0 } h2 { font-size: 1rem; margin: 2rem 0 .5rem }
header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap }
.state { font-weight: 600 } .good { color: var(--good) } .bad { color: var(--bad) }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); white-space: nowrap }
th { font-weight: 600; opacity: .7 } td.number, th.number { text-align: right }
.bar { display: inline-block; height: .6rem; background: var(--good); border-radius: 2px; vertical-align: middle }
p.empty { opacity: .7 } nav a { margin-right: 1rem }
details { border-bottom: 1px solid var(--line); padding: .3rem 0 } summary { cursor: pointer; overflow-wrap: anywhere } .mark { color: var(--bad); margin-left: .5rem }
@media (prefers-color-scheme: dark) { :root { --good: #5fc27e; --bad: #f0935a } }`;

const script = `
const at = (id) => document.getElementById(id);
const make = (tag, text, kind) => { const e = document.createElement(tag); e.textContent = text; if (kind) e.className = kind; return e };
const shown = (v) => typeof v === 'number' ? v.toLocaleString('en') : v === true ? 'yes' : v === false ? 'no' : String(v ?? '');
function table(id, columns, rows, empty) {
  if (rows.length === 0) return at(id).replaceChildren(make('p', empty, 'empty'));
  const t = tableOf(columns, rows, ['serving']);
  at(id).replaceChildren(t);
  return t;
}
function tableOf(columns, rows, good) {
  const t = document.createElement('table');
  const isNumber = columns.map(([key]) => rows.every((r) => typeof r[key] === 'number'));
  t.append(document.createElement('tr'));
  columns.forEach(([, title], i) => t.rows[0].append(make('th', title, isNumber[i] ? 'number' : '')));
  for (const row of rows) {
    const tr = t.insertRow();
    columns.forEach(([key], i) => tr.append(make('td', shown(row[key]), isNumber[i] ? 'number' : key === 'state' ? (good.includes(row[key]) ? 'good' : 'bad') : '')));
  }
  return t;
}
function flows(text) {
  const rows = [...text.matchAll(/^flowrib_enrich_flows_total\\{result="([^"]+)"\\} (\\d+)$/gm)].map(([, result, count]) => ({ result, count: Number(count), share: '' })).filter((r) => r.count > 0);
  const total = rows.reduce((sum, r) => sum + r.count, 0);
  const t = table('flows', [['result', 'result'], ['count', 'flows'], ['share', 'share']], rows, 'No flow was read yet.');
  if (t) rows.forEach((r, i) => {
    const cell = t.rows[i + 1].cells[2];
    const bar = make('span', '', 'bar');
    bar.style.width = (12 * r.count / total).toFixed(2) + 'rem';
    cell.append(bar, ' ' + (100 * r.count / total).toFixed(1) + ' %');
  });
}
const opened = new Set();
const time = (ms) => ms ? new Date(ms).toISOString().replace(/\\.\\d+/, '') : '';
function showRouters(routers) {
  if (routers.length === 0) return at('routers').replaceChildren(make('p', 'No router has told of itself over BMP yet.', 'empty'));
  at('routers').replaceChildren(...routers.map((r) => {
    const id = r.shard + ' ' + r.key;
    const details = make('details', '');
    details.open = opened.has(id);
    details.addEventListener('toggle', () => details.open ? opened.add(id) : opened.delete(id));
    const summary = make('summary', r.name + (r.name === r.key ? '' : ' (' + r.key + ')') + ' · shard ' + r.shard + ' · ' + r.peersUp + ' of ' + r.peerCount + ' peers up · ' + shown(r.routeCount) + ' routes');
    for (const mark of ['stale', 'suspect', 'unordered']) if (r[mark]) summary.append(make('span', mark, 'mark'));
    const families = r.families.map((f) => f.family + (f.rd ? ' in ' + f.rd : '') + ': ' + f.views.map((v) => v.view + ' ' + shown(v.routes) + (v.complete ? '' : ' (incomplete)')).join(', ') + (f.authority ? '; ' + f.authority + ' answers' : '')).join(' · ');
    details.append(summary, make('p', families || 'No routes.'));
    if (r.lastEvent) details.append(make('p', 'Last: ' + [r.lastEvent.at, r.lastEvent.kind, r.lastEvent.peer, r.lastEvent.text].filter(Boolean).join(' '), 'empty'));
    const peers = r.sessions.flatMap((s) => s.peers.map((p) => ({ ...p, as: String(p.as), epoch: String(p.epoch), session: s.bmpAddress + (s.up ? '' : ' (down)'), since: time(p.epochStartMs), views: p.ribs.map((b) => b.view + ' ' + shown(b.routes) + (b.endOfRib ? '' : ' (no End-of-RIB)') + (b.stale ? ' stale' : '')).join(', ') })));
    const div = make('div', '', 'scroll');
    div.append(tableOf([['state', 'state'], ['address', 'peer'], ['as', 'AS'], ['epoch', 'epoch'], ['since', 'since'], ['rd', 'RD'], ['views', 'routes by view'], ['session', 'BMP session']], peers, ['up']));
    details.append(div);
    return details;
  }));
}
async function look() {
  try {
    const [ready, shards, routers, metrics] = await Promise.all([fetch('readyz').then((r) => r.json()), fetch('api/v1/shards').then((r) => r.json()), fetch('api/v1/routers').then((r) => r.json()), fetch('metrics').then((r) => r.text())]);
    at('state').textContent = ready.status === 'ready' ? 'ready: every shard serves' : 'not ready: shards are being restored';
    at('state').className = 'state ' + (ready.status === 'ready' ? 'good' : 'bad');
    flows(metrics);
    table('shards', [['shard', 'shard'], ['state', 'state'], ['copy', 'references only'], ['routes', 'routes'], ['vpnRoutes', 'VPN routes'], ['prefixes', 'prefixes'], ['attributeSets', 'attribute sets'], ['lag', 'log records behind'], ['restoreMs', 'restored in ms']], shards.shards, 'This member holds no shard.');
    showRouters(routers.routers);
  } catch (error) {
    at('state').textContent = 'no answer: ' + error.message;
    at('state').className = 'state bad';
  }
}
look();
setInterval(look, 2000);`;

export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>flowrib</title>
<style>${style}${lookupStyle}</style>
<header><h1>flowrib</h1><span id="state" class="state">asking …</span></header>
<h2>Flows by what became of them</h2><div id="flows" class="scroll"></div>
<h2>Shards of this member</h2><div id="shards" class="scroll"></div>
<h2>Routers of this member</h2><div id="routers"></div>
<h2>Why this route?</h2>${lookupForm}
<h2>More</h2><nav><a href="metrics">metrics</a><a href="readyz">readiness</a><a href="api/v1/shards">shards</a><a href="api/v1/routers">routers</a></nav>
<script>${script}${lookupScript}</script>
</html>
`;
