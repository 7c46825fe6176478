// @ts-check
/** Several searches in one picture: fronts, hypervolume in a common box, how much of one's front another's dominates. */
import { ask } from './api.js';
import { axis, Chart, colours, scale, wantsLog } from './chart.js';
import { dominates, feasible, hypervolume2 } from './data.js';
import { badge, el, fill, num, table } from './dom.js';
import { openSearch } from './page_search.js';
import { change, href, view } from './state.js';
import { hover } from './tab_front.js';

/** @typedef {import('./data.js').Search} Search @typedef {import('./data.js').Row} Row */

const SYMBOLS = ['diamond', 'circle', 'triangle', 'rect', 'pin', 'arrow', 'roundRect'];

/** Share of b's front that something of a's dominates or equals. @param {Search} a @param {Search} b */
function coverage(a, b) {
  const A = a.front, B = b.front, o = a.objectives;
  return B.length ? B.filter((y) => A.some((x) => dominates(o, x.values, y.values) || x.values.every((v, k) => v === y.values[k]))).length / B.length : NaN;
}

/** @param {any} box @returns {Promise<import('./main.js').Page>} */
export async function comparePage(box) {
  const listed = (await ask('/searches')).searches;
  /** @type {Search[]} */
  let searches = [];
  let ids = '';
  const fronts = new Chart({ title: 'Fronts', name: 'compare-fronts', height: 440 }), curves = new Chart({ title: 'Hypervolume in a common box', name: 'compare-hypervolume', height: 340 });
  const picker = el('div.row.picker'), charts = el('div'), tables = el('div'), axesBox = el('div.row');
  fill(box, el('div.page-head', null, el('h1', null, 'Compare')), el('section.card', null, el('h2', null, 'Searches'), picker), charts, tables);

  const color = (/** @type {number} */ k) => { const c = colours(); return c.series[k % c.series.length]; };
  const draw = async () => {
    const want = view().query.s || '', chosen = new Set(want.split(',').filter(Boolean));
    fill(picker, listed.slice().reverse().slice(0, 60).map((/** @type {any} */ s) => el('label.check', null, el('input', { type: 'checkbox', checked: chosen.has(String(s.id)), onchange: (/** @type {any} */ e) => { if (e.target.checked) chosen.add(String(s.id)); else chosen.delete(String(s.id)); change({ s: [...chosen].join(',') || null }); } }), `${s.id} ${s.name}`)));
    if (want !== ids) {
      ids = want;
      searches = (await Promise.all([...chosen].slice(0, 12).map((id) => openSearch(id).catch(() => null)))).filter(Boolean).map((s) => /** @type {Search} */ (s));
    }
    if (searches.length < 2) { fill(charts, el('section.card.empty', null, el('p', null, 'Choose two or more searches with the same objectives.'))); fill(tables); return; }
    const names = searches[0].objectives.map((o) => o.metric + o.goal).join(), fit = searches.filter((s) => s.objectives.map((o) => o.metric + o.goal).join() === names), n = searches[0].objectives.length;
    if (!fronts.element.isConnected) fill(charts, axesBox, fronts.element, curves.element);
    const kx = Math.min(n - 1, Number(view().query.x ?? 1)), ky = Math.min(n - 1, Number(view().query.y ?? 0)), o = searches[0].objectives;
    const sel = (/** @type {string} */ key, /** @type {number} */ at) => el('select', { 'aria-label': key === 'x' ? 'horizontal axis' : 'vertical axis', onchange: (/** @type {any} */ e) => change({ [key]: e.target.value }) }, o.map((x, k) => el('option', { value: String(k), selected: k === at }, x.metric)));
    fill(axesBox, n > 2 ? ['↔ ', sel('x', kx), ' ↕ ', sel('y', ky)] : null, fit.length < searches.length ? el('span.warn', null, `${searches.length - fit.length} of them have other objectives and are left out.`) : null);
    const label = (/** @type {Search} */ s) => `${s.id} ${s.status.name}`;
    const points = fit.flatMap((s) => s.front.filter((r) => r.values[kx] !== null && r.values[ky] !== null));
    fronts.draw(() => { const c = colours(); return { grid: { left: 66, right: 24, top: 44, bottom: 52 }, legend: { top: 6, textStyle: { color: c.soft }, type: 'scroll' }, tooltip: { trigger: 'item', formatter: (/** @type {any} */ q) => { const s = fit[q.seriesIndex], r = s?.byId.get(q.data?.id); return r ? el('div', null, label(s), hover(s, r)) : ''; } },
      xAxis: axis(o[kx].metric + (o[kx].unit ? ', ' + o[kx].unit : ''), scale(wantsLog(points.map((r) => r.values[kx])))), yAxis: axis(o[ky].metric + (o[ky].unit ? ', ' + o[ky].unit : ''), { nameGap: 46, ...scale(wantsLog(points.map((r) => r.values[ky]))) }),
      series: fit.map((s, k) => ({ name: label(s), type: 'line', step: n === 2 ? (o[kx].sign > 0 ? 'end' : 'start') : false, symbol: SYMBOLS[k % SYMBOLS.length], symbolSize: 10, showAllSymbol: true, lineStyle: { width: n === 2 ? 1.5 : 0 }, itemStyle: { color: color(k) }, color: color(k),
        data: s.front.filter((r) => r.values[kx] !== null && r.values[ky] !== null).sort((a, b) => /** @type {number} */ (a.values[kx]) - /** @type {number} */ (b.values[kx])).map((r) => ({ value: [r.values[kx], r.values[ky]], id: r.id })) })) }; }, points.length,
    { columns: [{ name: 'search', get: (/** @type {any} */ x) => label(x.s) }, { name: 'id', num: true, get: (/** @type {any} */ x) => x.r.id }, ...o.map((x, k) => ({ name: x.metric, num: true, get: (/** @type {any} */ y) => num(y.r.values[k]) }))], rows: fit.flatMap((s) => s.front.map((r) => ({ s, r }))) });

    const box2 = n === 2 ? common(fit) : null;
    curves.element.hidden = !box2;
    const series = box2 ? fit.map((s) => curve(s, box2)) : [];
    curves.noteBox.textContent = box2 ? `Share of the box from ${num(box2.worst[1])} ${o[1].unit}, ${num(box2.worst[0])} ${o[0].unit} to ${num(box2.best[1])} ${o[1].unit}, ${num(box2.best[0])} ${o[0].unit}: all fronts of these searches lie in it.` : '';
    if (box2) curves.draw(() => { const c = colours(); return { grid: { left: 60, right: 24, top: 44, bottom: 48 }, legend: { top: 6, textStyle: { color: c.soft }, type: 'scroll' }, tooltip: { trigger: 'axis', valueFormatter: (/** @type {number} */ v) => (100 * v).toFixed(1) + ' %' }, xAxis: axis('results', { min: 0 }), yAxis: axis('of the box', { nameGap: 42, min: 0, max: 1, axisLabel: { color: c.soft, formatter: (/** @type {number} */ v) => Math.round(100 * v) + ' %' } }),
      series: fit.map((s, k) => ({ name: label(s), type: 'line', step: 'end', showSymbol: false, color: color(k), lineStyle: { width: 2 }, data: series[k] })) }; }, 0, { columns: [{ name: 'search', get: (/** @type {any} */ x) => label(x.s) }, { name: 'results', num: true, get: (/** @type {any} */ x) => x.p[0] }, { name: 'of the box', num: true, get: (/** @type {any} */ x) => (100 * x.p[1]).toFixed(2) + ' %' }], rows: fit.flatMap((s, k) => series[k].map((p) => ({ s, p }))) });
    fill(tables, el('div.two', null, el('section.card', null, el('h2', null, 'Summary'), table([{ name: 'search', get: (/** @type {any} */ s) => el('a', { href: href(['search', s.id]) }, label(s)) }, { name: 'state', get: (/** @type {any} */ s) => badge(s.status.state) }, { name: 'algorithm', get: (/** @type {any} */ s) => s.spec.algorithm.name }, { name: 'seed', get: (/** @type {any} */ s) => String(s.spec.seed) }, { name: 'results', num: true, get: (/** @type {any} */ s) => num(s.status.evaluations) }, { name: 'front', num: true, get: (/** @type {any} */ s) => num(s.front.length) },
      ...(box2 ? [{ name: 'of the box', num: true, get: (/** @type {any} */ s) => { const c = series[fit.indexOf(s)]; return c.length ? (100 * c[c.length - 1][1]).toFixed(1) + ' %' : '–'; } }] : [])], fit, { label: 'summary' })),
    el('section.card', null, el('h2', null, 'C metric'), el('p.note', null, 'Share of the column’s front that the row’s front dominates or equals.'), table([{ name: '', get: (/** @type {any} */ s) => label(s) }, ...fit.map((b) => ({ name: String(b.id), num: true, get: (/** @type {any} */ a) => (a === b ? '–' : Math.round(100 * coverage(a, b)) + ' %') }))], fit, { label: 'C metric' }))));
  };
  await draw();
  return { change: draw, news: async (news) => { const mine = searches.filter((s) => news.searches.some((/** @type {any} */ x) => String(x.id) === s.id)); for (const s of mine) await s.update(news.searches.find((/** @type {any} */ x) => String(x.id) === s.id)); if (mine.length) draw(); } };
}

/** The box that all fronts lie in, a tenth wider on the worse side. @param {Search[]} list */
function common(list) {
  const o = list[0].objectives, all = list.flatMap((s) => s.front).map((r) => /** @type {number[]} */ (r.values)).filter((v) => v.every((x) => x !== null));
  if (all.length < 2) return null;
  const worst = o.map((x, k) => Math.max(...all.map((v) => x.sign * v[k])) * x.sign), best = o.map((x, k) => Math.min(...all.map((v) => x.sign * v[k])) * x.sign);
  return { best, worst: worst.map((w, k) => w + 0.1 * (w - best[k] || o[k].sign)) };
}

/** Volume after each result that made a difference. @param {Search} s @param {{best: number[], worst: number[]}} box @returns {number[][]} */
function curve(s, box) {
  const told = s.rows.filter((r) => r.order > 0 && r.state === 'done' && r.values.every((v) => v !== null) && feasible(s, r)).sort((a, b) => a.order - b.order), out = [[0, 0]];
  /** @type {number[][]} */
  let front = [];
  for (const r of told) {
    const v = /** @type {number[]} */ (r.values);
    if (front.some((f) => dominates(s.objectives, f, v) || f.every((x, k) => x === v[k]))) continue;
    front = front.filter((f) => !dominates(s.objectives, v, f));
    front.push(v);
    out.push([r.order, hypervolume2(s.objectives, front, box.worst, box.best)]);
  }
  out.push([s.status.evaluations, out[out.length - 1][1]]);
  return out;
}
