// @ts-check
/** Teams, keys and the audit log, for those whose key may see them. */
import { ask } from './api.js';
import { el, fill, num, table, when } from './dom.js';
import { me } from './main.js';

/** @param {any} box @returns {Promise<import('./main.js').Page>} */
export async function adminPage(box) {
  const get = (/** @type {string} */ path) => ask(path).catch((e) => ({ error: e.message }));
  const [keys, audit, teams] = await Promise.all([get('/keys'), get('/audit?limit=500'), get('/teams')]);
  const card = (/** @type {string} */ title, /** @type {any} */ value, /** @type {() => any} */ draw) => el('section.card', null, el('h2', null, title), value.error ? el('p.muted', null, value.error) : draw());
  fill(box, el('div.page-head', null, el('h1', null, 'Admin')),
    el('section.card', null, el('h2', null, 'Server'), el('dl', null, el('dt', null, 'sonata-web'), el('dd', null, me.value.version + (me.value.read_only ? ', shows only' : '')), el('dt', null, 'master'), el('dd', null, me.value.master), el('dt', null, 'API'), el('dd', null, el('a', { href: 'api/v1/openapi.json' }, 'openapi.json')), el('dt', null, 'metrics'), el('dd', null, el('code', null, location.pathname.replace(/[^/]*$/, '') + 'metrics')))),
    card('Keys', keys, () => table([{ name: 'label', get: (/** @type {any} */ k) => k.label }, { name: 'role', get: (/** @type {any} */ k) => k.role }, { name: 'team', get: (/** @type {any} */ k) => k.team }, { name: 'public key', get: (/** @type {any} */ k) => el('code', null, k.public_key.slice(0, 12) + '…') }, { name: 'made', get: (/** @type {any} */ k) => when(k.created) }, { name: 'revoked', get: (/** @type {any} */ k) => (k.revoked ? when(k.revoked) : '') }, { name: 'workers', num: true, get: (/** @type {any} */ k) => k.workers || '' }], keys.keys, { label: 'keys' })),
    card('Teams', teams, () => table([{ name: 'team', get: (/** @type {any} */ t) => t.name }, { name: 'weight', num: true, get: (/** @type {any} */ t) => num(t.weight) }, { name: 'searches', num: true, get: (/** @type {any} */ t) => num(t.searches) }, { name: 'uploads', num: true, get: (/** @type {any} */ t) => num(t.uploaded) + ' B' }], teams.teams, { label: 'teams' })),
    card('Who changed what', audit, () => table([{ name: 'when', get: (/** @type {any} */ e) => when(e.at) }, { name: 'who', get: (/** @type {any} */ e) => e.actor || '–' }, { name: 'what', cls: 'wide', get: (/** @type {any} */ e) => e.text }], audit.entries.slice().reverse(), { label: 'audit log' })));
  return {};
}
