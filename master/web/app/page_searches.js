// @ts-check
/** All searches. */
import { ask } from './api.js';
import { ago, badge, duration, el, fill, num, table } from './dom.js';
import { maySteer } from './main.js';
import { change, href, view } from './state.js';

/** @param {any} s */
export const noteOf = (s) => s.reason || (s.priority ? `priority ${s.priority}` : '');

/** @param {any} s */
export function progress(s) {
  const share = s.budget ? Math.min(1, s.evaluations / s.budget) : 0;
  return el('span.progress', { title: `${num(s.evaluations)} of ${num(s.budget)} evaluations` }, el('span.track', { 'aria-hidden': 'true' }, el('span.done', { style: { width: 100 * share + '%' } })), ` ${num(s.evaluations)} / ${num(s.budget)}`);
}

/** @param {any} box @returns {Promise<import('./main.js').Page>} */
export async function searchesPage(box) {
  /** @type {Map<number, any>} */
  const byId = new Map();
  for (const s of (await ask('/searches')).searches) byId.set(s.id, s);
  const list = el('div');
  const text = el('input', { type: 'search', placeholder: 'name or team', 'aria-label': 'filter by name or team', value: view().query.q || '', oninput: () => change({ q: text.value || null }) });
  const states = el('select', { 'aria-label': 'state', onchange: () => change({ state: states.value || null }) }, el('option', { value: '' }, 'every state'), ['running', 'paused', 'done', 'failed', 'canceled'].map((x) => el('option', { value: x }, x)));
  const compare = el('button', { type: 'button', disabled: true, onclick: () => { location.hash = href(['compare'], { s: [...picked].join(',') }); } }, 'Compare');
  /** @type {Set<number>} */
  const picked = new Set();
  fill(box, el('div.page-head', null, el('h1', null, 'Searches'), el('span.spacer'), text, states, compare, maySteer() ? el('a.button.primary', { href: '#/new' }, 'New search') : null), list);

  const draw = () => {
    const q = view().query, want = (q.q || '').toLowerCase();
    states.value = q.state || '';
    const sort = { key: q.sort || 'id', down: q.down !== '0' };
    const rows = [...byId.values()].filter((s) => (!q.state || s.state === q.state) && (!want || `${s.team}/${s.name}`.toLowerCase().includes(want)));
    /** @type {Record<string, (s: any) => any>} */
    const keys = { id: (s) => s.id, name: (s) => s.name, team: (s) => s.team, state: (s) => s.state, evaluations: (s) => s.evaluations / (s.budget || 1), front: (s) => s.front_size, hv: (s) => s.hypervolume || 0, created: (s) => s.created };
    const get = keys[sort.key] || keys.id;
    rows.sort((a, b) => (get(a) < get(b) ? -1 : get(a) > get(b) ? 1 : 0) * (sort.down ? -1 : 1));
    const columns = [
      { name: '', get: (/** @type {any} */ s) => el('input', { type: 'checkbox', 'aria-label': `compare ${s.name}`, checked: picked.has(s.id), onchange: (/** @type {any} */ e) => { if (e.target.checked) picked.add(s.id); else picked.delete(s.id); compare.disabled = picked.size < 2; } }) },
      { name: 'id', key: 'id', num: true, get: (/** @type {any} */ s) => s.id },
      { name: 'name', key: 'name', get: (/** @type {any} */ s) => el('a', { href: href(['search', String(s.id)]) }, s.name) },
      ...([...byId.values()].some((s) => s.team) ? [{ name: 'team', key: 'team', get: (/** @type {any} */ s) => s.team }] : []),
      { name: 'state', key: 'state', get: (/** @type {any} */ s) => badge(s.state) },
      { name: 'evaluations', key: 'evaluations', get: progress },
      { name: 'front', key: 'front', num: true, get: (/** @type {any} */ s) => num(s.front_size) },
      { name: 'hypervolume', key: 'hv', num: true, get: (/** @type {any} */ s) => num(s.hypervolume) },
      { name: 'unusable', num: true, get: (/** @type {any} */ s) => num(s.failed + s.infeasible) },
      { name: 'board time', num: true, get: (/** @type {any} */ s) => duration(s.board_s) },
      { name: 'begun', key: 'created', get: (/** @type {any} */ s) => ago(s.created) },
      { name: 'note', cls: 'wide', get: (/** @type {any} */ s) => noteOf(s) },
    ];
    fill(list, byId.size ? el('section.card', null, table(columns, rows, { label: 'searches', sort, onsort: (/** @type {string} */ key) => change({ sort: key, down: sort.key === key && sort.down ? '0' : null }) }), rows.length ? null : el('p.muted', null, 'No search fits the filter.'))
      : el('section.card.empty', null, el('h2', null, 'No searches yet'), el('p', null, 'Submit one with ', el('code', null, 'sonata submit search.yaml'), ', or run one here with ', el('code', null, 'sonata run --web search.yaml'), '.')));
  };
  draw();
  return { change: draw, news: (news) => { for (const s of news.searches) byId.set(s.id, s); if (news.searches.length) draw(); } };
}
