// @ts-check
/** One filter for all charts and tables of a search. In the address: state=done,pending  arm=sbx  k11=01 (choices as digits, key "g." + gene)  r0=70:93 (range of objective 0)  until=120. */
import { el, fill, num } from './dom.js';
import { change, view } from './state.js';

/** @typedef {import('./data.js').Search} Search @typedef {import('./data.js').Row} Row */

/** @param {string|undefined} text @returns {[number, number]|null} */
function range(text) {
  if (!text) return null;
  const [a, b] = text.split(':');
  return [a === '' ? -Infinity : Number(a), b === '' || b === undefined ? Infinity : Number(b)];
}

/** The filter that the address holds. @param {Search} s */
export function readFilter(s) {
  const q = view().query, genes = s.spec.space.genes;
  const states = q.state ? new Set(q.state.split(',')) : null, arms = q.arm ? new Set(q.arm.split(',')) : null;
  const ranges = s.objectives.map((_, k) => range(q['r' + k]));
  /** @type {[number, string][]} */
  const wanted = [];
  genes.forEach((/** @type {any} */ g, /** @type {number} */ j) => { if (q['g.' + g.name]) wanted.push([j, q['g.' + g.name]]); });
  const until = q.until ? Number(q.until) : Infinity;
  const active = !!(states || arms || wanted.length || ranges.some(Boolean) || until < Infinity);
  /** @param {Row} r */
  const keep = (r) => {
    if (states && !states.has(r.state)) return false;
    if (arms && !arms.has(r.arm)) return false;
    if (until < Infinity && (r.order === 0 || r.order > until)) return false;
    for (const [j, digits] of wanted) if (!digits.includes(r.genes[j])) return false;
    for (let k = 0; k < ranges.length; k++) {
      const x = ranges[k], v = r.values[k];
      if (x && (v === null || v < x[0] || v > x[1])) return false;
    }
    return true;
  };
  return { active, keep, states, arms, ranges, wanted, until };
}

/** Takes every part of the filter out of the address. @param {Search} s */
export function clearFilter(s) {
  /** @type {Record<string, null>} */
  const out = { state: null, arm: null, until: null };
  s.objectives.forEach((_, k) => { out['r' + k] = null; });
  s.spec.space.genes.forEach((/** @type {any} */ g) => { out['g.' + g.name] = null; });
  change(out);
}

let panelOpen = false;

/** The bar that says what is filtered and changes it. @param {Search} s @param {any} box @param {number} shown */
export function drawFilterBar(s, box, shown) {
  const f = readFilter(s), genes = s.spec.space.genes, chips = [];
  /** @param {string} text @param {Record<string, any>} without */
  const chip = (text, without) => chips.push(el('button.chip', { type: 'button', title: 'Take this out', onclick: () => change(without) }, text, el('span', { 'aria-hidden': 'true' }, ' ✕')));
  if (f.states) chip('state: ' + [...f.states].join(' or '), { state: null });
  if (f.arms) chip('bred by ' + [...f.arms].join(' or '), { arm: null });
  f.ranges.forEach((x, k) => { if (x) chip(`${x[0] > -Infinity ? num(x[0]) + ' ≤ ' : ''}${s.objectives[k].name}${x[1] < Infinity ? ' ≤ ' + num(x[1]) : ''}`, { ['r' + k]: null }); });
  for (const [j, digits] of f.wanted) chip(`${genes[j].name} = ${[...digits].map((d) => (d === '.' ? 'off' : genes[j].choices[parseInt(d, 16)])).join(' or ')}`, { ['g.' + genes[j].name]: null });
  if (f.until < Infinity) chip(`first ${f.until} results`, { until: null });
  const open = el('button', { type: 'button', 'aria-expanded': String(panelOpen), onclick: () => { panelOpen = !panelOpen; panel.hidden = !panelOpen; open.setAttribute('aria-expanded', String(panelOpen)); } }, 'Filter');
  const panel = filterPanel(s, f);
  fill(box, el('div.filter', null, open, chips, f.active ? el('button.plain', { type: 'button', onclick: () => clearFilter(s) }, 'Show all') : null,
    el('span.muted', null, f.active ? `${num(shown)} of ${num(s.rows.length)} individuals` : `${num(s.rows.length)} individuals`)), panel);
}

/** @param {Search} s @param {ReturnType<typeof readFilter>} f */
function filterPanel(s, f) {
  const arms = [...new Set(s.rows.map((r) => r.arm))].sort(), genes = s.spec.space.genes;
  /** @param {string} key @param {string} label @param {string[]} values @param {Set<string>|null} have */
  const several = (key, label, values, have) => el('fieldset', null, el('legend', null, label), values.map((v) => el('label.check', null,
    el('input', { type: 'checkbox', checked: !have || have.has(v), onchange: (/** @type {any} */ e) => {
      const set = new Set(have || values);
      if (e.target.checked) set.add(v); else set.delete(v);
      change({ [key]: set.size === values.length || !set.size ? null : [...set].join(',') });
    } }), v)));
  const ranges = s.objectives.map((o, k) => el('fieldset', null, el('legend', null, `${o.name}${o.unit ? ', ' + o.unit : ''}`), ['from', 'to'].map((word, side) => {
    const have = f.ranges[k] ? /** @type {any} */ (f.ranges[k])[side] : Infinity;
    return el('label.field.small', null, el('span', null, word), el('input', { type: 'number', step: 'any', value: Number.isFinite(have) ? String(have) : '', onchange: (/** @type {any} */ e) => {
      const now = f.ranges[k] ? [.../** @type {any} */ (f.ranges[k])] : [-Infinity, Infinity];
      now[side] = e.target.value === '' ? (side ? Infinity : -Infinity) : Number(e.target.value);
      change({ ['r' + k]: Number.isFinite(now[0]) || Number.isFinite(now[1]) ? `${Number.isFinite(now[0]) ? now[0] : ''}:${Number.isFinite(now[1]) ? now[1] : ''}` : null });
    } }));
  })));
  const pick = el('select', { 'aria-label': 'choice of a gene', onchange: (/** @type {any} */ e) => { if (e.target.value) { const [g, d] = e.target.value.split('='); change({ ['g.' + g]: d }); } } },
    el('option', { value: '' }, 'gene = choice …'), genes.map((/** @type {any} */ g) => el('optgroup', { label: g.name }, g.choices.map((/** @type {string} */ c, /** @type {number} */ v) => el('option', { value: g.name + '=' + v.toString(16) }, `${g.name} = ${c}`)))));
  const panel = el('div.filter-panel.card', null, several('state', 'State', ['done', 'pending', 'screened', 'infeasible', 'failed'], f.states), several('arm', 'Bred by', arms, f.arms), ranges,
    el('fieldset', null, el('legend', null, 'Gene'), pick));
  panel.hidden = !panelOpen;
  return panel;
}
