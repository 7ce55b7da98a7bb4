/** The part of the page that asks why: a form, and its answer. Script and style as text, joined into one answer by page.ts. */

export const lookupStyle = `
form { display: flex; gap: .5rem; flex-wrap: wrap; align-items: end }
label { display: flex; flex-direction: column; font-size: .85rem; opacity: .9; flex: 1 1 10rem }
input { font: inherit; padding: .35rem .5rem; border: 1px solid var(--line); border-radius: 4px; background: none; color: inherit; min-width: 0 }
button { font: inherit; padding: .4rem 1rem; border: 1px solid var(--line); border-radius: 4px; background: none; color: inherit; cursor: pointer }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .8rem; margin: .5rem 0 } dt { opacity: .7 } dd { margin: 0; overflow-wrap: anywhere }
.candidate { border-top: 1px solid var(--line); padding: .4rem 0; overflow-wrap: anywhere } .candidate small { display: block; opacity: .8 }
@media (max-width: 480px) { dl { grid-template-columns: 1fr } dd { margin-bottom: .4rem } label { flex-basis: 100% } }`;

export const lookupForm = `<form id="ask">
<label>router<input name="router" required placeholder="name or address"></label>
<label>address<input name="address" required placeholder="2001:db8::1"></label>
<label>next hop<input name="nextHop" placeholder="optional"></label>
<label>RD or VRF<input name="rd" placeholder="optional"></label>
<button>Look up</button></form><div id="answer" aria-live="polite"></div>`;

export const lookupScript = `
const list = (pairs) => { const dl = make('dl', ''); for (const [term, text] of pairs) dl.append(make('dt', term), make('dd', text)); return dl };
const orDash = (v) => v === null || v === '' ? '–' : String(v);
function candidate(c) {
  const div = make('div', '', 'candidate');
  const why = c.lostBy === null ? 'chosen' : 'lost by ' + c.lostBy;
  div.append(make('b', c.prefix + ' '), make('span', why, c.lostBy === null ? 'good' : 'bad'));
  const marks = [c.stale && 'stale', c.suspect && 'suspect', !c.complete && 'no End-of-RIB'].filter(Boolean).join(', ');
  div.append(make('small', c.view + ' · peer ' + c.peer.address + ' AS ' + c.peer.as + ' ' + c.peer.state + (c.tier === 'own' ? '' : ' · reference router ' + c.router) + (c.rd === null ? '' : ' · RD ' + c.rd) + (marks && ' · ' + marks)));
  div.append(make('small', 'AS path ' + orDash(c.asPath) + ' · next hop ' + orDash(c.nextHops.join(', ')) + ' · local pref ' + orDash(c.localPref) + ' · MED ' + orDash(c.med) + ' · ' + orDash(c.origin) + ' · ' + Math.round(c.ageMs / 1000).toLocaleString('en') + ' s old'));
  const communities = [...c.communities, ...c.largeCommunities, ...c.extCommunities].join(' ');
  if (communities) div.append(make('small', 'communities ' + communities));
  return div;
}
async function askWhy(event) {
  event.preventDefault();
  const target = 'api/v1/lookup?' + new URLSearchParams(new FormData(at('ask')));
  at('answer').replaceChildren(make('p', 'asking …', 'empty'));
  try {
    const body = await fetch(target).then((r) => r.json());
    if (body.error) return at('answer').replaceChildren(make('p', body.error, 'bad'));
    const parts = [make('p', body.status, body.status === 'matched' ? 'good' : 'bad')];
    if (body.status === 'matched') parts.push(list([['prefix', body.route.prefix], ['AS path', orDash(body.route.as_path_text ?? body.route.as_path.join(' '))], ['next hop', orDash(body.route.next_hop)], ['communities', orDash([...body.route.communities, ...body.route.large_communities, ...body.route.ext_communities].join(' '))], ['decided by', body.route.decided_by]]));
    parts.push(list(body.steps.map(({ step, text }) => [step, text])), ...body.candidates.map(candidate));
    at('answer').replaceChildren(...parts);
  } catch (error) {
    at('answer').replaceChildren(make('p', 'no answer: ' + error.message, 'bad'));
  }
}
at('ask').addEventListener('submit', askWhy);`;
