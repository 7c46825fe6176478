// @ts-check
/** Individuals as a table: the filter's, sorted, a page at a time. */
import { csv } from './chart.js';
import { badge, download, el, fill, num, table } from './dom.js';
import { readFilter } from './filter.js';
import { change, href, view } from './state.js';

const PAGE = 100;

/** @typedef {import('./data.js').Search} Search @typedef {import('./data.js').Row} Row */

/** @param {Search} s @param {any} box */
export function listTab(s, box) {
  const columns = [
    { name: 'id', key: 'id', num: true, sort: (/** @type {Row} */ r) => r.id, raw: (/** @type {Row} */ r) => r.id, get: (/** @type {Row} */ r) => el('a', { href: href(['search', s.id, 'i', String(r.id)]) }, '#' + r.id) },
    { name: 'state', key: 'state', sort: (/** @type {Row} */ r) => r.state, raw: (/** @type {Row} */ r) => r.state, get: (/** @type {Row} */ r) => [badge(r.state), r.front ? el('span.on-front', { title: 'on the front' }, ' ◆') : null] },
    ...s.objectives.map((o, k) => ({ name: o.name + (o.unit ? ', ' + o.unit : ''), key: 'v' + k, num: true, sort: (/** @type {Row} */ r) => r.values[k], raw: (/** @type {Row} */ r) => r.values[k],
      get: (/** @type {Row} */ r) => [num(r.values[k]), r.values[k] !== null && r.low[k] !== r.high[k] ? el('small', null, `${num(r.low[k])} … ${num(r.high[k])}`) : null] })),
    ...s.spec.constraints.map((/** @type {any} */ c, /** @type {number} */ k) => ({ name: `${c.metric}${c.board ? '@' + c.board : ''} (limit)`, key: 'c' + k, num: true, sort: (/** @type {Row} */ r) => r.constraints[k], raw: (/** @type {Row} */ r) => r.constraints[k], get: (/** @type {Row} */ r) => num(r.constraints[k]) })),
    { name: 'order', key: 'order', num: true, sort: (/** @type {Row} */ r) => r.order, get: (/** @type {Row} */ r) => r.order || '–' },
    { name: 'bred by', key: 'arm', sort: (/** @type {Row} */ r) => r.arm, get: (/** @type {Row} */ r) => r.arm },
    { name: 'measured', key: 'n', num: true, sort: (/** @type {Row} */ r) => r.measurements, get: (/** @type {Row} */ r) => r.measurements || '–' },
    { name: 'board', key: 'board', sort: (/** @type {Row} */ r) => r.board, get: (/** @type {Row} */ r) => r.board },
    { name: 'note', cls: 'wide', get: (/** @type {Row} */ r) => r.reason || (r.reused ? 'known before' : '') },
    { name: 'architecture', cls: 'wide', get: (/** @type {Row} */ r) => s.choices(r).map(([g, c]) => `${g}=${c}`).join(' ') },
  ];
  const draw = () => {
    const q = view().query, f = readFilter(s), rows = s.rows.filter(f.keep), sort = { key: q.sort || 'id', down: q.down === '1' }, column = columns.find((c) => c.key === sort.key) || columns[0];
    const get = /** @type {any} */ (column).sort;
    rows.sort((a, b) => { const x = get(a), y = get(b); if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1; return (x < y ? -1 : x > y ? 1 : a.id - b.id) * (sort.down ? -1 : 1); });
    const pages = Math.max(1, Math.ceil(rows.length / PAGE)), page = Math.min(pages, Math.max(1, Number(q.page) || 1));
    const go = (/** @type {number} */ p, /** @type {string} */ text, /** @type {boolean} */ off) => el('button', { type: 'button', disabled: off, onclick: () => change({ page: p === 1 ? null : p }) }, text);
    fill(box, el('section.card', null, el('div.card-head', null, el('h2', null, 'Individuals'), el('span.spacer'), go(page - 1, '‹ Before', page <= 1), el('span.muted', null, `page ${page} of ${pages}`), go(page + 1, 'Next ›', page >= pages),
      el('button', { type: 'button', onclick: () => download(`individuals-${s.status.name}.csv`, csv(columns, rows), 'text/csv') }, 'CSV')),
    table(columns, rows.slice((page - 1) * PAGE, page * PAGE), { label: 'individuals', sort, onsort: (/** @type {string} */ key) => change({ sort: key === 'id' ? null : key, down: sort.key === key && !sort.down ? '1' : null, page: null }) })));
  };
  return { draw };
}
