// @ts-check
/** Teams, keys and the audit log, for those whose key may see them. */
import { ask } from './api.js';
import { ago, confirmDialog, el, fill, num, table, toast, when } from './dom.js';
import { maySteer, me } from './main.js';

/** @param {any} who */
const describe = (who) => (who.keys ? `${who.label || 'the key of this sonata-web'}: ${who.admin ? 'admin' : 'team ' + who.team}, ${who.search ? 'reads search ' + who.search : { read: 'reads', write: 'reads and steers', metrics: 'sees counts' }[/** @type {'read'} */ (who.scope)]}${who.expires ? ', until ' + when(who.expires) : ''}` : 'this master runs without keys: whoever is logged in may do everything');

/** @param {any} t @param {() => void} then */
async function revoke(t, then) {
  const name = t.label || t.id.slice(0, 8);
  if (!await confirmDialog({ title: `Revoke token ${name}?`, text: `Whoever has it is shut out at once, open pages within seconds. It cannot be taken back.`, button: 'Revoke', danger: true })) return;
  await ask(`/tokens/${t.id}/revoke`, {}).then(() => { toast(`${name} is revoked`); then(); }, (e) => toast(e.message, true));
}

/** @param {any[]} tokens @param {() => void} then */
const tokenTable = (tokens, then) => table([{ name: 'id', get: (/** @type {any} */ t) => el('code', null, t.id.slice(0, 8)) }, { name: 'label', get: (/** @type {any} */ t) => t.label }, { name: 'may', get: (/** @type {any} */ t) => (t.once ? 'log in once: ' : '') + (t.search ? `read search ${t.search}` : t.scope) }, { name: 'of key', get: (/** @type {any} */ t) => t.owner }, { name: 'team', get: (/** @type {any} */ t) => t.team },
  { name: 'expires', get: (/** @type {any} */ t) => when(t.expires) }, { name: 'used', get: (/** @type {any} */ t) => (t.used ? ago(t.used) : '') }, { name: '', get: (/** @type {any} */ t) => (maySteer() ? el('button', { type: 'button', onclick: () => revoke(t, then) }, 'Revoke') : null) }], tokens, { label: 'tokens' });

/** @param {any} box @returns {Promise<import('./main.js').Page>} */
export async function adminPage(box) {
  const get = (/** @type {string} */ path) => ask(path).catch((e) => ({ error: e.message }));
  const [keys, audit, teams, tokens] = await Promise.all([get('/keys'), get('/audit?limit=500'), get('/teams'), get('/tokens')]);
  const card = (/** @type {string} */ title, /** @type {any} */ value, /** @type {() => any} */ draw) => el('section.card', null, el('h2', null, title), value.error ? el('p.muted', null, value.error) : draw());
  fill(box, el('div.page-head', null, el('h1', null, 'Admin')),
    el('section.card', null, el('h2', null, 'Server'), el('dl', null, el('dt', null, 'sonata-web'), el('dd', null, me.value.version + (me.value.read_only ? ', shows only' : '')), el('dt', null, 'master'), el('dd', null, me.value.master), el('dt', null, 'you'), el('dd', null, describe(me.value.who)), el('dt', null, 'API'), el('dd', null, el('a', { href: 'api/v1/openapi.json' }, 'openapi.json')), el('dt', null, 'metrics'), el('dd', null, el('code', null, location.pathname.replace(/[^/]*$/, '') + 'metrics')))),
    card('Keys', keys, () => table([{ name: 'label', get: (/** @type {any} */ k) => k.label }, { name: 'role', get: (/** @type {any} */ k) => k.role }, { name: 'team', get: (/** @type {any} */ k) => k.team }, { name: 'public key', get: (/** @type {any} */ k) => el('code', null, k.public_key.slice(0, 12) + '…') }, { name: 'made', get: (/** @type {any} */ k) => when(k.created) }, { name: 'revoked', get: (/** @type {any} */ k) => (k.revoked ? when(k.revoked) : '') }, { name: 'workers', num: true, get: (/** @type {any} */ k) => k.workers || '' }], keys.keys, { label: 'keys' })),
    card('Tokens', tokens, () => [el('p.note', null, 'Made by the holder of a key: ', el('code', null, 'sonata token new --read --expires 90d'), '. Share one search: ', el('code', null, 'sonata token new --search 7 --url URL'), '.'), tokenTable(tokens.tokens, () => { void adminPage(box); })]),
    card('Teams', teams, () => table([{ name: 'team', get: (/** @type {any} */ t) => t.name }, { name: 'weight', num: true, get: (/** @type {any} */ t) => num(t.weight) }, { name: 'searches', num: true, get: (/** @type {any} */ t) => num(t.searches) }, { name: 'uploads', num: true, get: (/** @type {any} */ t) => num(t.uploaded) + ' B' }], teams.teams, { label: 'teams' })),
    card('Who changed what', audit, () => table([{ name: 'when', get: (/** @type {any} */ e) => when(e.at) }, { name: 'who', get: (/** @type {any} */ e) => e.actor || '–' }, { name: 'what', cls: 'wide', get: (/** @type {any} */ e) => e.text }], audit.entries.slice().reverse(), { label: 'audit log' })));
  return {};
}
