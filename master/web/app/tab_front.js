// @ts-check
/** The front: any two objectives, what is dominated, infeasible and pending, intervals, constraints, choosing one. */
import { axis, Chart, colours, scale, wantsLog } from './chart.js';
import { frontOf, knee } from './data.js';
import { el, fill, num, table } from './dom.js';
import { readFilter } from './filter.js';
import { change, href, view } from './state.js';

/** @typedef {import('./data.js').Search} Search @typedef {import('./data.js').Row} Row */

const LARGE = 4000;
/** What of the address changes nothing about which individuals are drawn where. */
const LOOKS = new Set(['ci', 'dom', 'inf', 'pend', 'lx', 'ly', 'x', 'y', 'pick', 'best']);

/** Lines of a hover. @param {Search} s @param {Row} r */
export function hover(s, r) {
  return el('div.hover', null, el('b', null, '#' + r.id), ` ${r.arm}${r.front ? ', on the front' : ''}${r.state !== 'done' ? ', ' + r.state : ''}`,
    el('table', null, s.objectives.map((o, k) => el('tr', null, el('td', null, o.name), el('td.num', null, r.state === 'pending' && r.predicted ? `≈ ${num(r.predicted[k])}` : num(r.values[k]), ' ' + o.unit), el('td.muted', null,
      r.values[k] !== null && r.low[k] !== r.high[k] ? `${num(r.low[k])} … ${num(r.high[k])}` : '')))),
    el('div.genes', null, s.choices(r).map(([g, c]) => `${g}=${c}`).join(' ')), r.reason ? el('div.warn', null, r.reason) : null);
}

/** @param {Search} s @param {any} box */
export function frontTab(s, box) {
  const n = s.objectives.length;
  const select = (/** @type {string} */ key, /** @type {number} */ standard) => el('select', { 'aria-label': key === 'x' ? 'horizontal axis' : 'vertical axis', onchange: (/** @type {any} */ e) => change({ [key]: Number(e.target.value) === standard ? null : e.target.value }) },
    s.objectives.map((o, k) => el('option', { value: String(k) }, o.name)));
  const sx = select('x', n > 1 ? 1 : 0), sy = select('y', 0);
  /** @param {string} key @param {string} label @param {boolean} standard */
  const flag = (key, label, standard) => {
    const input = el('input', { type: 'checkbox', onchange: () => change({ [key]: input.checked === standard ? null : input.checked ? '1' : '0' }) });
    return { input, label: el('label.check', null, input, label), get: () => { const v = view().query[key]; return v === undefined ? standard : v === '1'; } };
  };
  const flags = { ci: flag('ci', 'intervals', true), dom: flag('dom', 'dominated', true), inf: flag('inf', 'infeasible', true), pend: flag('pend', 'pending', true) };
  const logs = [el('select', { 'aria-label': 'scale of the horizontal axis', onchange: (/** @type {any} */ e) => change({ lx: e.target.value || null }) }), el('select', { 'aria-label': 'scale of the vertical axis', onchange: (/** @type {any} */ e) => change({ ly: e.target.value || null }) })];
  logs.forEach((l) => fill(l, el('option', { value: '' }, 'auto'), el('option', { value: 'lin' }, 'linear'), el('option', { value: 'log' }, 'log')));
  const brush = el('button', { type: 'button', 'aria-pressed': 'false', title: 'Drag a rectangle: the filter follows', onclick: () => { brushing = !brushing; brush.setAttribute('aria-pressed', String(brushing)); setBrush(); } }, '⬚ Select');
  const controls = el('div.controls', null, el('label.field.inline', null, el('span', null, '↔'), sx), logs[0], el('label.field.inline', null, el('span', null, '↕'), sy), logs[1], Object.values(flags).map((f) => f.label), brush,
    el('button', { type: 'button', title: 'Out of any zoom', onclick: () => { chart.chart?.dispatchAction({ type: 'dataZoom', batch: [{ dataZoomIndex: 0, start: 0, end: 100 }, { dataZoomIndex: 1, start: 0, end: 100 }] }); } }, 'Whole'));
  const limit = el('input', { type: 'number', step: 'any', 'aria-label': 'limit' }), goalSelect = el('select', { 'aria-label': 'objective to be best in' }), limitSelect = el('select', { 'aria-label': 'objective that is limited' });
  s.objectives.forEach((o, k) => { goalSelect.append(el('option', { value: String(k) }, o.metric)); limitSelect.append(el('option', { value: String(k) }, o.name)); });
  if (n > 1) limitSelect.value = '1';
  const sign = el('span');
  const chooser = el('form.row.chooser', { onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); if (limit.value !== '') change({ best: `${goalSelect.value}:${limitSelect.value}:${limit.value}`, pick: null }); } },
    'Best', goalSelect, 'with', limitSelect, sign, limit, el('button', { type: 'submit' }, 'Find'), el('button', { type: 'button', onclick: () => change({ best: 'knee', pick: null }) }, 'Knee of the front'));
  const chart = new Chart({ title: 'Pareto front', name: `front-${s.status.name}`, height: 460, controls: null });
  const slider = el('input', { type: 'range', min: '1', 'aria-label': 'front as of a number of results', oninput: () => { const top = Number(slider.max); change({ until: Number(slider.value) >= top ? null : slider.value }); } });
  const sliderText = el('span.muted');
  const pickBox = el('div'), listBox = el('div');
  chart.element.insertBefore(controls, chart.canvas);
  chart.element.insertBefore(chooser, chart.canvas);
  chart.element.append(el('label.row.slider', null, el('span.muted', null, 'through time'), slider, sliderText));
  fill(box, el('div.split', null, el('div', null, chart.element), el('div.side', null, pickBox)), listBox);

  let brushing = false, line = /** @type {Row[]} */ ([]), crowd = /** @type {Row[]} */ ([]), parted = /** @type {any} */ ({ key: '' });
  /** The row of a point; those of a crowd have no objects of their own. @param {any} e */
  const idOf = (e) => e.data?.id ?? (e.seriesName === 'dominated' ? crowd[e.dataIndex]?.id : undefined);
  const setBrush = () => chart.chart?.dispatchAction({ type: 'takeGlobalCursor', key: 'brush', brushOption: brushing ? { brushType: 'rect', brushMode: 'single' } : { brushType: false } });
  const axes = () => { const q = view().query; return [Math.min(n - 1, Number(q.x ?? (n > 1 ? 1 : 0))), Math.min(n - 1, Number(q.y ?? 0))]; };
  chart.on('click', (e) => { if (idOf(e) !== undefined) change({ pick: idOf(e), best: null }); });
  chart.on('dblclick', (e) => { if (idOf(e) !== undefined) location.hash = href(['search', s.id, 'i', String(idOf(e))]); });
  chart.on('brushEnd', (e) => {
    const area = e.areas?.[0];
    if (!area?.coordRange) return;
    const [kx, ky] = axes(), [[x0, x1], [y0, y1]] = area.coordRange, p = (/** @type {number} */ v) => String(+v.toPrecision(5));
    brushing = false;
    brush.setAttribute('aria-pressed', 'false');
    chart.chart?.dispatchAction({ type: 'brush', areas: [] });
    setBrush();
    change({ ['r' + kx]: `${p(x0)}:${p(x1)}`, ['r' + ky]: `${p(y0)}:${p(y1)}` });
  });
  chart.canvas.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => {
    const step = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
    if (step && line.length) {
      const at = line.findIndex((r) => String(r.id) === view().query.pick);
      change({ pick: line[at < 0 ? 0 : (at + step + line.length) % line.length].id, best: null });
      e.preventDefault();
    } else if (e.key === 'Enter' && view().query.pick) location.hash = href(['search', s.id, 'i', view().query.pick]);
  });

  /** The chosen row: by hand, or by a rule that goes on holding while results come. @param {Row[]} front @param {number} kx @param {number} ky @param {boolean} lx @param {boolean} ly */
  const chosen = (front, kx, ky, lx, ly) => {
    const q = view().query;
    if (q.pick) return { row: s.byId.get(Number(q.pick)) || null, why: '' };
    if (q.best === 'knee') return { row: knee(front, kx, ky, lx, ly), why: 'knee of the front' };
    if (!q.best) return { row: null, why: '' };
    const [g, l, x] = q.best.split(':').map(Number), og = s.objectives[g], ol = s.objectives[l];
    if (!og || !ol) return { row: null, why: '' };
    let best = /** @type {Row|null} */ (null);
    for (const r of front) if (/** @type {number} */ (r.values[l]) * ol.sign <= x * ol.sign && (!best || /** @type {number} */ (r.values[g]) * og.sign < /** @type {number} */ (best.values[g]) * og.sign)) best = r;
    return { row: best, why: `best ${og.name} with ${ol.name} ${ol.sign > 0 ? '≤' : '≥'} ${num(x)}`, l, x };
  };

  const draw = () => {
    const q = view().query, f = readFilter(s), [kx, ky] = axes(), top = Math.max(1, s.status.evaluations, ...s.rows.slice(-1).map((r) => r.order));
    sx.value = String(kx);
    sy.value = String(ky);
    logs[0].value = q.lx || '';
    logs[1].value = q.ly || '';
    for (const x of Object.values(flags)) x.input.checked = x.get();
    if (q.best && q.best !== 'knee' && document.activeElement !== limit) [goalSelect.value, limitSelect.value, limit.value] = q.best.split(':');
    sign.textContent = s.objectives[Number(limitSelect.value)]?.sign > 0 ? '≤' : '≥';
    slider.max = String(top);
    if (document.activeElement !== slider) slider.value = String(Math.min(top, f.until));
    sliderText.textContent = f.until < Infinity ? `first ${f.until} of ${top} results` : `all ${num(top)} results`;

    const key = [s.revision, s.rows.length, kx, ky, ...Object.keys(q).filter((k) => !LOOKS.has(k)).sort().map((k) => `${k}=${q[k]}`)].join('|');
    if (key !== parted.key) parted = { key, ...part(s, f, kx, ky) };
    const { front, measured, infeasible, pending } = parted, lx = q.lx ? q.lx === 'log' : parted.lx, ly = q.ly ? q.ly === 'log' : parted.ly;
    const drawable = front.filter((r) => r.values[kx] !== null && r.values[ky] !== null);
    line = drawable.slice().sort((a, b) => /** @type {number} */ (a.values[kx]) - /** @type {number} */ (b.values[kx]));
    crowd = flags.dom.get() ? measured : [];
    const pick = chosen(drawable, kx, ky, lx, ly);
    const point = (/** @type {Row} */ r) => ({ value: [r.values[kx], r.values[ky]], id: r.id });
    const option = () => frontOption(s, { packed: parted.packed, kx, ky, lx, ly, two: n === 2, line, measured: flags.dom.get() ? measured : [], infeasible: flags.inf.get() ? infeasible : [], pending: flags.pend.get() ? pending : [], ci: flags.ci.get(), pick, point, idOf });
    chart.noteBox.textContent = `${num(front.length)} on the front, ${num(measured.length)} dominated${infeasible.length ? `, ${num(infeasible.length)} infeasible` : ''}${pending.length ? `, ${num(pending.length)} pending at their prediction` : ''}. Click picks, double click opens, wheel zooms, arrow keys walk along the front.`;
    chart.draw(option, measured.length + front.length + infeasible.length + pending.length, { columns: columnsOf(s), rows: line.concat(measured, infeasible) });
    drawPick(s, pickBox, pick.row, pick.why, q);
    fill(listBox, el('section.card', null, el('h2', null, 'On the front'), table(columnsOf(s), line.slice(0, 200), { label: 'individuals on the front', tall: true, picked: (/** @type {Row} */ r) => r === pick.row })));
  };
  limitSelect.onchange = draw;
  return { draw };
}

/** @param {Search} s */
export function columnsOf(s) {
  return [
    { name: 'id', num: true, get: (/** @type {Row} */ r) => el('a', { href: href(['search', s.id, 'i', String(r.id)]) }, '#' + r.id), raw: (/** @type {Row} */ r) => r.id },
    ...s.objectives.map((o, k) => ({ name: o.name + (o.unit ? ', ' + o.unit : ''), num: true, raw: (/** @type {Row} */ r) => r.values[k],
      get: (/** @type {Row} */ r) => [num(r.values[k]), r.values[k] !== null && r.low[k] !== r.high[k] ? el('small', null, `${num(r.low[k])} … ${num(r.high[k])}`) : null] })),
    { name: 'bred by', get: (/** @type {Row} */ r) => r.arm },
    { name: 'measured', num: true, get: (/** @type {Row} */ r) => r.measurements || '–' },
    { name: 'architecture', cls: 'wide', get: (/** @type {Row} */ r) => s.choices(r).map(([g, c]) => `${g}=${c}`).join(' ') },
  ];
}

/** @param {Search} s @param {any} d */
function frontOption(s, d) {
  const c = colours(), { kx, ky } = d, ox = s.objectives[kx], oy = s.objectives[ky], name = (/** @type {any} */ o) => o.name + (o.unit ? ', ' + o.unit : '') + (o.goal === 'max' ? '  →' : '  ←');
  const limits = [];
  s.spec.constraints.forEach((/** @type {any} */ k) => {
    for (const [o, at] of /** @type {[any, string][]} */ ([[ox, 'xAxis'], [oy, 'yAxis']])) if (k.metric === o.metric && (!k.board || k.board === o.board)) for (const side of ['min', 'max']) if (k[side] !== null) limits.push({ [at]: k[side], label: { formatter: `${side} ${num(k[side])}`, position: at === 'xAxis' ? 'end' : 'insideEndTop' } });
  });
  if (d.pick.l !== undefined && (d.pick.l === kx || d.pick.l === ky)) limits.push({ [d.pick.l === kx ? 'xAxis' : 'yAxis']: d.pick.x, lineStyle: { color: c.accent, type: 'solid' }, label: { formatter: 'limit ' + num(d.pick.x), color: c.accent, position: d.pick.l === kx ? 'end' : 'insideEndTop' } });
  const both = d.line.concat(d.line.length < 300 && d.measured.length < 600 ? d.measured : []);
  const bars = d.ci ? both.filter((/** @type {any} */ r) => r.low[kx] !== r.high[kx] || r.low[ky] !== r.high[ky]).map((/** @type {any} */ r) => [r.values[kx], r.values[ky], r.low[kx], r.high[kx], r.low[ky], r.high[ky], r.front ? 1 : 0]) : [];
  const scatter = (/** @type {any} */ more) => ({ type: 'scatter', emphasis: { scale: 1.4 }, ...more });
  return {
    grid: { left: 66, right: 24, top: 44, bottom: 56 },
    legend: { top: 6, right: 8, itemGap: 18, textStyle: { color: c.soft }, itemWidth: 14, data: ['front', 'dominated', d.infeasible.length ? 'infeasible' : null, d.pending.length ? 'pending' : null].filter(Boolean) },
    tooltip: { trigger: 'item', formatter: (/** @type {any} */ q) => { const r = s.byId.get(d.idOf(q)); return r ? hover(s, r) : ''; } },
    brush: { toolbox: [], xAxisIndex: 0, yAxisIndex: 0, brushStyle: { color: 'rgba(11,107,203,.12)', borderColor: c.accent }, outOfBrush: { colorAlpha: 1 } },
    toolbox: { show: false },
    dataZoom: [{ type: 'inside', xAxisIndex: 0, filterMode: 'none' }, { type: 'inside', yAxisIndex: 0, filterMode: 'none' }],
    xAxis: axis(name(ox), scale(d.lx)), yAxis: axis(name(oy).replace('→', '↑').replace('←', '↓'), { ...scale(d.ly), nameGap: 46 }),
    series: [
      { name: 'intervals', type: 'custom', silent: true, z: 3, renderItem: renderInterval, data: bars, itemStyle: { color: c.soft }, tooltip: { show: false } },
      scatter({ name: 'dominated', symbol: 'circle', symbolSize: d.measured.length > 3000 ? 4 : 7, large: d.measured.length > LARGE, largeThreshold: LARGE, itemStyle: { color: c.other, opacity: 0.55 }, data: d.measured.length > LARGE ? d.packed : d.measured.map(d.point), z: 2 }),
      scatter({ name: 'infeasible', symbol: 'path://M0,1 L1,0 L4,3 L7,0 L8,1 L5,4 L8,7 L7,8 L4,5 L1,8 L0,7 L3,4 Z', symbolSize: 8, itemStyle: { color: c.bad, opacity: 0.7 }, data: d.infeasible.map(d.point), z: 2 }),
      scatter({ name: 'pending', symbol: 'emptyCircle', symbolSize: 9, itemStyle: { color: c.accent, opacity: 0.9 }, data: d.pending.map((/** @type {any} */ r) => ({ value: [r.predicted[kx], r.predicted[ky]], id: r.id })), z: 4 }),
      { name: 'front', type: 'line', step: d.two ? (ox.sign > 0 ? 'end' : 'start') : false, symbol: 'diamond', symbolSize: 12, showSymbol: true, showAllSymbol: true, lineStyle: { color: c.front, width: d.two ? 1.6 : 0, opacity: 0.75 }, itemStyle: { color: c.front, borderColor: c.paper, borderWidth: 1 },
        data: d.line.map(d.point), z: 5, markLine: limits.length ? { silent: true, symbol: 'none', lineStyle: { color: c.bad, type: 'dashed' }, label: { color: c.bad, position: 'insideEndTop' }, data: limits } : undefined },
      scatter({ name: 'picked', symbol: 'circle', symbolSize: 22, silent: true, itemStyle: { color: 'transparent', borderColor: c.ink, borderWidth: 2 }, data: d.pick.row && d.pick.row.values[kx] !== null ? [d.point(d.pick.row)] : [], z: 6 }),
    ],
  };
}

/** The individuals that the filter keeps, by how they are drawn. @param {Search} s @param {any} f @param {number} kx @param {number} ky */
function part(s, f, kx, ky) {
  const rows = f.active ? s.rows.filter(f.keep) : s.rows, front = f.until < Infinity ? frontOf(s, rows) : rows.filter((r) => r.front), onFront = new Set(front);
  const has = (/** @type {Row} */ r) => r.values[kx] !== null && r.values[ky] !== null;
  const measured = rows.filter((r) => r.state === 'done' && has(r) && !onFront.has(r)), known = measured.concat(front);
  return { front, measured, infeasible: rows.filter((r) => r.state === 'infeasible' && has(r)), pending: rows.filter((r) => r.state === 'pending' && r.predicted),
    lx: wantsLog(known.map((r) => r.values[kx])), ly: wantsLog(known.map((r) => r.values[ky])), packed: measured.length > LARGE ? packed(measured, kx, ky) : null };
}

/** Coordinates one after another, which is what a chart of many points takes without looking at each. @param {Row[]} rows @param {number} kx @param {number} ky */
function packed(rows, kx, ky) {
  const out = new Float64Array(2 * rows.length);
  rows.forEach((r, i) => { out[2 * i] = /** @type {number} */ (r.values[kx]); out[2 * i + 1] = /** @type {number} */ (r.values[ky]); });
  return out;
}

/** A cross of two intervals. @param {any} params @param {any} api */
function renderInterval(params, api) {
  const [x, y, x0, x1, y0, y1] = [0, 1, 2, 3, 4, 5].map((k) => api.value(k)), style = { stroke: api.visual('color'), lineWidth: 1, opacity: api.value(6) ? 0.75 : 0.3 };
  const line = (/** @type {number[]} */ a, /** @type {number[]} */ b) => { const [p, q] = [api.coord(a), api.coord(b)]; return { type: 'line', shape: { x1: p[0], y1: p[1], x2: q[0], y2: q[1] }, style }; };
  const children = [];
  if (x0 !== x1) children.push(line([x0, y], [x1, y]));
  if (y0 !== y1) children.push(line([x, y0], [x, y1]));
  return { type: 'group', children };
}

/** @param {Search} s @param {any} box @param {Row|null} r @param {string} why @param {any} q */
function drawPick(s, box, r, why, q) {
  if (!r) {
    fill(box, el('section.card.pick', null, el('h2', null, 'Choose one'), el('p.muted', null, why ? `Nothing on the front fits: ${why}.` : 'Click a point, walk along the front with the arrow keys, or let a rule choose: the knee, or the best under a limit. The choice is part of the address, so a link shows it.')));
    return;
  }
  fill(box, el('section.card.pick', null, el('div.card-head', null, el('h2', null, 'Individual #' + r.id), el('span.spacer'), el('button.plain', { type: 'button', 'aria-label': 'no choice', onclick: () => change({ pick: null, best: null }) }, '✕')),
    why ? el('p.note', null, why) : null,
    el('dl', null, s.objectives.map((o, k) => [el('dt', null, o.name), el('dd', null, el('b', null, num(r.values[k])), ' ' + o.unit, r.low[k] !== r.high[k] ? el('small', null, `${num(r.low[k])} … ${num(r.high[k])}`) : null)]),
      el('dt', null, 'bred by'), el('dd', null, r.arm, r.parents.length ? [' from ', r.parents.map((p, i) => [i ? ' and ' : '', el('a', { href: href(['search', s.id, 'i', String(p)]) }, '#' + p)])] : ''),
      r.predicted ? [el('dt', null, 'foretold'), el('dd', null, s.objectives.map((o, k) => `${num(/** @type {any} */ (r.predicted)[k])} ± ${num(/** @type {any} */ (r.sd)[k])}`).join(', '))] : null,
      r.board ? [el('dt', null, 'board'), el('dd', null, el('a', { href: href(['farm', r.board]) }, r.board))] : null),
    el('div.genes-box', null, s.choices(r).map(([g, c]) => el('span.gene', null, el('i', null, g), ' ' + c))),
    el('p', null, el('a.button.primary', { href: href(['search', s.id, 'i', String(r.id)]) }, 'Open'))));
}
