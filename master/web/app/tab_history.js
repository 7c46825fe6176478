// @ts-check
/** How the search went: hypervolume, who bred what, how well the models foretold. */
import { axis, Chart, colours } from './chart.js';
import { el, fill, num, table } from './dom.js';
import { readFilter } from './filter.js';
import { hover } from './tab_front.js';
import { change, view } from './state.js';

/** @typedef {import('./data.js').Search} Search @typedef {import('./data.js').Row} Row */

/** @param {Search} s @param {any} box */
export function historyTab(s, box) {
  const against = el('select', { 'aria-label': 'against', onchange: () => change({ hx: against.value === 'n' ? null : against.value }) }, el('option', { value: 'n' }, 'results'), el('option', { value: 't' }, 'hours since the beginning'), el('option', { value: 'b' }, 'board-hours (evenly shared)'));
  const objective = el('select', { 'aria-label': 'objective', onchange: () => change({ po: objective.value === '0' ? null : objective.value }) }, s.objectives.map((o, k) => el('option', { value: String(k) }, o.name)));
  const hv = new Chart({ title: 'Hypervolume', name: `hypervolume-${s.status.name}`, height: 320, controls: against, note: 'Of the search’s own box, as the search core counts it.' });
  const arms = new Chart({ title: 'Who bred the results', name: `arms-${s.status.name}`, height: 280, note: 'Share of each operator among results, in windows; the table says how many of each are on the front.' });
  const fore = new Chart({ title: 'Foretold and measured', name: `predictions-${s.status.name}`, height: 340, controls: objective });
  const modelBox = el('div'), armBox = el('div');
  fill(box, hv.element, el('div.two', null, el('div', null, fore.element, modelBox), el('div', null, arms.element, armBox)));

  const drawHv = (/** @type {Row[]} */ told) => {
    const by = view().query.hx || 'n', begin = Date.parse(s.status.created), perResult = s.status.board_s / 3600 / Math.max(1, told.length);
    against.value = by;
    const x = (/** @type {Row} */ r, /** @type {number} */ i) => (by === 'n' ? i + 1 : by === 't' ? Math.max(0, (/** @type {number} */ (r.told) - begin) / 3.6e6) : (i + 1) * perResult);
    const points = told.map((r, i) => ({ value: [x(r, i), r.hypervolume], id: r.id }));
    hv.draw(() => { const c = colours(); return { grid: { left: 66, right: 20, top: 20, bottom: 50 }, xAxis: axis(against.selectedOptions[0]?.textContent || '', { min: 0 }), yAxis: axis('hypervolume', { nameGap: 46 }), dataZoom: [{ type: 'inside', xAxisIndex: 0, filterMode: 'none' }],
      tooltip: { trigger: 'axis', formatter: (/** @type {any} */ q) => { const r = s.byId.get(q[0]?.data.id); return r ? el('div', null, `hypervolume ${num(r.hypervolume)}`, hover(s, r)) : ''; } },
      series: [{ type: 'line', step: 'end', showSymbol: false, lineStyle: { color: c.accent, width: 2 }, itemStyle: { color: c.accent }, areaStyle: { color: c.accent, opacity: 0.08 }, sampling: 'lttb', data: points }] }; }, 0,
    { columns: [{ name: 'result', num: true, get: (/** @type {Row} */ r) => r.order }, { name: 'id', num: true, get: (/** @type {Row} */ r) => r.id }, { name: 'hypervolume', num: true, raw: (/** @type {Row} */ r) => r.hypervolume, get: (/** @type {Row} */ r) => num(r.hypervolume) }], rows: told });
  };

  const drawArms = (/** @type {Row[]} */ told) => {
    const names = [...new Set(told.map((r) => r.arm))], size = Math.max(5, Math.ceil(told.length / 24)), windows = Math.ceil(told.length / size);
    const share = names.map((name) => Array.from({ length: windows }, (_, w) => { const part = told.slice(w * size, (w + 1) * size); return [Math.min(told.length, (w + 1) * size), part.filter((r) => r.arm === name).length / (part.length || 1)]; }));
    arms.draw(() => { const c = colours(); return { grid: { left: 52, right: 20, top: 44, bottom: 48 }, legend: { top: 4, textStyle: { color: c.soft }, type: 'scroll' }, xAxis: axis('results', { min: 0, max: told.length || 1 }), yAxis: axis('share', { nameGap: 38, min: 0, max: 1, axisLabel: { color: c.soft, formatter: (/** @type {number} */ v) => Math.round(100 * v) + ' %' } }),
      tooltip: { trigger: 'axis', valueFormatter: (/** @type {any} */ v) => Math.round(100 * (Array.isArray(v) ? v[1] : v)) + ' %' },
      series: names.map((name, k) => ({ name, type: 'line', stack: 'all', showSymbol: false, lineStyle: { width: 1 }, areaStyle: { opacity: 0.75 }, itemStyle: { color: c.series[k % c.series.length] }, data: share[k] })) }; }, 0,
    { columns: [{ name: 'bred by', get: (/** @type {string} */ n) => n }, { name: 'results', num: true, get: (/** @type {string} */ n) => told.filter((r) => r.arm === n).length }, { name: 'on the front', num: true, get: (/** @type {string} */ n) => told.filter((r) => r.arm === n && r.front).length }], rows: names });
    fill(armBox, el('section.card', null, el('h2', null, 'Operators'), table([
      { name: 'bred by', get: (/** @type {string} */ n) => n }, { name: 'results', num: true, get: (/** @type {string} */ n) => num(told.filter((r) => r.arm === n).length) }, { name: 'on the front', num: true, get: (/** @type {string} */ n) => num(told.filter((r) => r.arm === n && r.front).length) },
      { name: 'weight now', num: true, get: (/** @type {string} */ n) => { const a = s.insight?.arms.find((/** @type {any} */ x) => x.arm === n); return a ? num(a.weight) : '–'; } }], names, { label: 'operators' })));
  };

  const drawFore = (/** @type {Row[]} */ told) => {
    const k = Math.min(s.objectives.length - 1, Number(view().query.po || 0)), o = s.objectives[k];
    objective.value = String(k);
    const rows = told.filter((r) => r.predicted && r.values[k] !== null), inside = rows.filter((r) => Math.abs(/** @type {any} */ (r.predicted)[k] - /** @type {number} */ (r.values[k])) <= 1.96 * /** @type {any} */ (r.sd)[k]).length;
    const all = rows.map((r) => /** @type {number} */ (r.values[k])), low = Math.min(...all), high = Math.max(...all);
    fore.noteBox.textContent = rows.length ? `${num(rows.length)} proposals came with a prediction; ${Math.round(100 * inside / rows.length)} % of the values were within its 95 % interval.` : 'No proposal came with a prediction yet.';
    fore.draw(() => { const c = colours(); return { grid: { left: 66, right: 20, top: 20, bottom: 50 }, xAxis: axis(`foretold ${o.name}${o.unit ? ', ' + o.unit : ''}`), yAxis: axis('measured', { nameGap: 46 }), tooltip: { trigger: 'item', formatter: (/** @type {any} */ q) => { const r = s.byId.get(q.data?.id); return r ? el('div', null, `foretold ${num(/** @type {any} */ (r.predicted)[k])} ± ${num(/** @type {any} */ (r.sd)[k])}`, hover(s, r)) : ''; } },
      series: [{ type: 'scatter', symbolSize: 6, itemStyle: { color: c.accent, opacity: 0.55 }, data: rows.map((r) => ({ value: [/** @type {any} */ (r.predicted)[k], r.values[k]], id: r.id })) },
        { type: 'line', silent: true, showSymbol: false, lineStyle: { color: c.soft, type: 'dashed', width: 1 }, tooltip: { show: false }, data: rows.length ? [[low, low], [high, high]] : [] }] }; }, rows.length,
    { columns: [{ name: 'id', num: true, get: (/** @type {Row} */ r) => r.id }, { name: 'foretold', num: true, get: (/** @type {Row} */ r) => num(/** @type {any} */ (r.predicted)[k]) }, { name: '±', num: true, get: (/** @type {Row} */ r) => num(/** @type {any} */ (r.sd)[k]) }, { name: 'measured', num: true, get: (/** @type {Row} */ r) => num(r.values[k]) }], rows });
  };

  const drawModels = () => {
    const list = s.insight?.objectives || [];
    fill(modelBox, list.length ? el('section.card', null, el('h2', null, 'Models'), el('p.note', null, s.insight.trusted ? 'They are trusted: proposals follow them.' : 'They are not trusted yet: proposals do not follow them.'), table([{ name: 'objective', get: (/** @type {any} */ x) => x.objective },
      { name: 'rank correlation', num: true, get: (/** @type {any} */ x) => num(x.rank_correlation) }, { name: 'coverage of 95 %', num: true, get: (/** @type {any} */ x) => (x.coverage === null ? '–' : Math.round(100 * x.coverage) + ' %') }], list, { label: 'models' })) : null);
  };
  let asked = false;
  const draw = () => {
    const f = readFilter(s), told = s.rows.filter((r) => r.order > 0 && r.hypervolume !== null && f.keep(r)).sort((a, b) => a.order - b.order);
    drawHv(told);
    drawFore(told);
    drawArms(told);
    drawModels();
    if (!asked) {
      asked = true;
      s.loadInsight().then(() => { asked = false; drawModels(); drawArms(told); }, () => { asked = false; });
    }
  };
  return { draw };
}
