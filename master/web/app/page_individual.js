// @ts-check
/** One individual: where it lies, its layers, what was foretold and measured, every attempt on a board with its windows and conditions. */
import { ask } from './api.js';
import { axis, Chart, colours } from './chart.js';
import { badge, duration, el, fill, num, svg, table, when } from './dom.js';
import { openSearch } from './page_search.js';
import { change, href, view } from './state.js';
import { changed, describe, strip } from './strip.js';

/** Medians of the windows as dots on a line: drift and jumps are seen at once. @param {any} a */
function windows(a) {
  const w = a.window_median_us;
  if (!w.length) return null;
  const low = Math.min(...w), high = Math.max(...w), span = high - low || 1, W = 240, H = 44;
  const pts = w.map((/** @type {number} */ v, /** @type {number} */ i) => [8 + (W - 16) * (w.length > 1 ? i / (w.length - 1) : 0.5), 6 + (H - 12) * (1 - (v - low) / span)]);
  return el('div.windows', null, svg('svg', { viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: 'img', 'aria-label': `medians of ${w.length} windows, ${num(low / 1000)} to ${num(high / 1000)} ms` },
    svg('polyline', { points: pts.map((/** @type {number[]} */ p) => p.join(',')).join(' '), class: 'window-line' }), pts.map((/** @type {number[]} */ p) => svg('circle', { cx: p[0], cy: p[1], r: 2.6, class: 'window-dot' }))),
  el('small', null, `${w.length} windows, medians ${num(low / 1000)} … ${num(high / 1000)} ms`));
}

/** @param {import('./data.js').Search} s @param {any} x @param {any} other @param {any} otherX */
function genesBox(s, x, other, otherX) {
  const have = otherX ? otherX.individual.genes : null;
  return el('div.genes-box', null, s.spec.space.genes.map((/** @type {any} */ g) => {
    const v = x.individual.genes[g.name], off = v === undefined, differs = have && String(have[g.name] ?? 'off') !== String(v ?? 'off');
    return el('span.gene' + (off ? '.off' : '') + (differs ? '.differs' : ''), { title: off ? 'inactive here' : differs ? `#${other}: ${have[g.name] ?? 'off'}` : null }, el('i', null, g.name), ' ' + (off ? 'off' : v), differs ? el('s', null, ' ' + (have[g.name] ?? 'off')) : null);
  }));
}

/** @param {import('./data.js').Search} s @param {any} x @param {any} otherX @param {string} other */
function valuesCard(s, x, otherX, other) {
  const i = x.individual, names = new Set([...s.objectives.map((o) => o.name), ...Object.keys(i.metrics)]);
  const metric = (/** @type {any} */ y, /** @type {string} */ n) => y?.individual.metrics[n] || y?.individual.metrics[n.split('@')[0]];
  const rows = [...names].filter((n) => metric(x, n) || i.predicted?.[n]).map((name) => ({ name, m: metric(x, name), p: i.predicted?.[name], o: metric(otherX, name) }));
  return el('section.card', null, el('h2', null, 'Foretold and measured'), table([
    { name: 'metric', get: (/** @type {any} */ r) => r.name },
    { name: 'measured', num: true, get: (/** @type {any} */ r) => (r.m ? el('b', null, num(r.m.value)) : '–') },
    { name: '95 % interval', num: true, get: (/** @type {any} */ r) => (r.m && r.m.low !== r.m.high ? `${num(r.m.low)} … ${num(r.m.high)}` : r.m ? 'exact' : '') },
    { name: 'samples', num: true, get: (/** @type {any} */ r) => (r.m && r.m.n ? num(r.m.n) : '') },
    { name: 'foretold', num: true, get: (/** @type {any} */ r) => (r.p ? `${num(r.p.mean)} ± ${num(r.p.sd)}` : '') },
    { name: 'off by', num: true, get: (/** @type {any} */ r) => (r.p && r.m && r.p.sd > 0 ? `${num((r.m.value - r.p.mean) / r.p.sd)} sd` : '') },
    ...(otherX ? [{ name: '#' + other, num: true, get: (/** @type {any} */ r) => (r.o ? num(r.o.value) : '–') }, { name: 'difference', num: true, get: (/** @type {any} */ r) => (r.o && r.m && r.o.value ? `${r.m.value >= r.o.value ? '+' : '−'}${num(Math.abs(100 * (r.m.value / r.o.value - 1)))} %` : '') }] : []),
  ], rows, { label: 'values' }));
}

/** @param {any} a @param {number} k */
function attemptCard(a, k) {
  const conditions = Object.entries(a.conditions);
  return el('section.card.attempt', null, el('div.card-head', null, el('h2', null, `Attempt ${k + 1} on `, el('a', { href: href(['farm', a.board]) }, a.board)), badge(a.outcome === 'ok' ? 'done' : 'failed', a.outcome), el('span.spacer'), el('span.muted', null, `${when(a.started)}, ${duration(a.duration_s)}`)),
    a.reason ? el('p.warn', null, a.reason) : null, a.flags ? el('p.note', null, 'flags: ' + a.flags) : null, windows(a),
    el('details', null, el('summary', null, `Conditions (${conditions.length})`), el('dl.conditions', null, conditions.map(([key, v]) => [el('dt', null, key), el('dd', null, String(v))]))));
}

/** Spread of all samples as a histogram of each attempt. @param {any[]} attempts */
function spread(attempts) {
  const with_ = attempts.filter((a) => a.samples_us.length > 20);
  if (!with_.length) return null;
  const all = with_.flatMap((a) => a.samples_us).sort((x, y) => x - y), q = (/** @type {number} */ p) => all[Math.floor(p * (all.length - 1))], reach = 8 * (q(0.75) - q(0.25)) || 1, low = Math.max(all[0], q(0.25) - reach), high = Math.min(all[all.length - 1], q(0.75) + reach), outside = all.filter((v) => v < low || v > high).length, bins = 48, width = (high - low) / bins || 1;
  const chart = new Chart({ title: 'Spread of the latency samples', name: 'spread', height: 260, note: `${num(all.length)} samples${outside ? `; ${outside} far outside are not drawn, the slowest took ${num(all[all.length - 1] / 1000)} ms` : ''}.` });
  const rows = Array.from({ length: bins }, (_, b) => ({ at: (low + (b + 0.5) * width) / 1000, n: with_.map((a) => a.samples_us.filter((/** @type {number} */ v) => v >= low + b * width && v < low + (b + 1) * width).length) }));
  return { chart, draw: () => chart.draw(() => { const c = colours(); return { grid: { left: 56, right: 20, top: 36, bottom: 48 }, legend: { top: 4, textStyle: { color: c.soft } }, tooltip: { trigger: 'axis' }, xAxis: axis('latency, ms', { type: 'category', data: rows.map((r) => num(r.at)) }), yAxis: axis('samples', { nameGap: 40, min: 0 }),
    series: with_.map((a, k) => ({ name: `${a.board} (${k + 1})`, type: 'bar', barWidth: '92%', stack: 'all', itemStyle: { color: c.series[k % c.series.length], opacity: 0.8 }, data: rows.map((r) => r.n[k]) })) }; }, 0,
  { columns: [{ name: 'latency, ms', num: true, get: (/** @type {any} */ r) => num(r.at) }, ...with_.map((a, k) => ({ name: a.board, num: true, get: (/** @type {any} */ r) => r.n[k] }))], rows }) };
}

/** @param {any} box @param {string[]} path @returns {Promise<import('./main.js').Page>} */
export async function individualPage(box, path) {
  const s = await openSearch(path[1]), id = path[3];
  let x = await ask(`/searches/${s.id}/individuals/${id}`), other = '', otherX = /** @type {any} */ (null);

  const draw = async () => {
    const want = view().query.with || '';
    if (want !== other) {
      other = want;
      otherX = want ? await ask(`/searches/${s.id}/individuals/${want}`).catch(() => null) : null;
    }
    const i = x.individual, input = el('input', { type: 'number', min: '0', value: other, placeholder: 'id', 'aria-label': 'compare with individual', style: { width: '6.5em' } });
    const go = (/** @type {number} */ step) => { const at = s.rows.findIndex((r) => r.id === Number(id)), next = s.rows[at + step]; return next ? el('a.button', { href: href(['search', s.id, 'i', String(next.id)]), 'aria-label': step > 0 ? 'next individual' : 'individual before' }, step > 0 ? '›' : '‹') : null; };
    const differs = x.layers && otherX?.layers ? changed(x.layers, otherX.layers).size : 0, sp = spread(x.attempts);
    fill(box,
      el('div.page-head', null, el('div', null, el('p.crumb', null, el('a', { href: '#/searches' }, 'Searches'), ' / ', el('a', { href: href(['search', s.id]) }, s.status.name)), el('h1', null, `Individual #${id} `, badge(i.state), i.front ? el('span.badge.s-front', null, '◆ on the front') : null)),
        el('span.spacer'), go(-1), go(1), s.spec.supernet && i.state === 'done' ? el('a.button', { href: `api/v1/searches/${s.id}/individuals/${id}/network.onnx`, download: `${s.status.name}-${id}.onnx` }, 'ONNX') : null, el('a.button', { href: href(['search', s.id, 'front'], { pick: id }) }, 'Show on the front')),
      i.reason ? el('p.warn', null, i.reason) : null,
      el('section.card', null, el('div.card-head', null, el('h2', null, 'Architecture'), el('span.spacer'),
        el('form.row.tight', { onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); change({ with: input.value || null }); } }, el('span.muted', null, 'compare with'), i.parents.map((/** @type {number} */ p) => el('button', { type: 'button', onclick: () => change({ with: p }) }, `parent #${p}`)), input, el('button', { type: 'submit' }, 'Compare'), other ? el('button.plain', { type: 'button', onclick: () => change({ with: null }) }, '✕') : null)),
      x.layers ? [el('p.note', null, describe(x.layers) + '. Width: channels. Height: resolution. Darker: more of the multiply-accumulates. The digit is the kernel, a dot above marks a residual.'), strip(x.layers, { other: otherX?.layers, label: 'layers of #' + id }),
        otherX?.layers ? [el('p.note', null, `#${other} below; ${differs} of ${x.layers.length} layers differ (outlined).`), strip(otherX.layers, { other: x.layers, label: 'layers of #' + other })] : null] : el('p.muted', null, 'Networks of this space are not built here: a table or an external tool says what they measure.'),
      genesBox(s, x, other, otherX)),
      el('div.two', null, valuesCard(s, x, otherX, other), el('section.card', null, el('h2', null, 'Why it was proposed'), el('dl', null, el('dt', null, 'bred by'), el('dd', null, i.arm), el('dt', null, 'parents'), el('dd', null, i.parents.length ? i.parents.map((/** @type {number} */ p) => [el('a', { href: href(['search', s.id, 'i', String(p)]) }, '#' + p), ' ']) : 'none'),
        el('dt', null, 'generation'), el('dd', null, i.generation), el('dt', null, 'result'), el('dd', null, i.order ? `number ${i.order}, ${when(i.measured)}` : 'not yet'), el('dt', null, 'hypervolume then'), el('dd', null, num(i.hypervolume)), el('dt', null, 'rests on'), el('dd', null, `${i.measurements} measurement${i.measurements === 1 ? '' : 's'}${i.reused ? ', made before this search' : ''}`), i.flags.length ? [el('dt', null, 'flags'), el('dd', null, i.flags.join(', '))] : null))),
      sp ? sp.chart.element : null, x.attempts.length ? x.attempts.map(attemptCard) : el('section.card', null, el('p.muted', null, i.state === 'pending' ? 'It waits for a board, or is on one now.' : 'No record of an attempt is kept.')));
    sp?.draw();
  };
  await draw();
  document.title = `#${id} of ${s.status.name} – SONATA`;
  return {
    change: draw,
    news: async (news) => {
      if (x.individual.state !== 'pending' || !news.searches.some((/** @type {any} */ n) => String(n.id) === s.id)) return;
      const next = await ask(`/searches/${s.id}/individuals/${id}`).catch(() => null);
      if (next && next.individual.state !== x.individual.state) { x = next; draw(); }
    },
    leave: () => { document.title = 'SONATA'; },
  };
}
