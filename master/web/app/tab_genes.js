// @ts-check
/** Which genes matter and which choices the front prefers. */
import { axis, Chart, colours } from './chart.js';
import { el, fill, num } from './dom.js';
import { readFilter } from './filter.js';
import { change } from './state.js';

const PARALLEL_GENES = 16, PARALLEL_ROWS = 1000, BARS = 16;

/** @typedef {import('./data.js').Search} Search @typedef {import('./data.js').Row} Row */

/** @param {Search} s @param {any} box */
export function genesTab(s, box) {
  const mapBox = el('div'), barBox = el('div.two'), parallelBox = el('div');
  fill(box, mapBox, barBox, parallelBox);
  const bars = s.objectives.map((o) => new Chart({ title: `What moves ${o.name}`, name: `importance-${o.metric}-${s.status.name}`, height: 340, note: 'Share of the variance of the model’s prediction; hover shows the effect of each choice.' }));
  const parallel = new Chart({ title: 'Parallel coordinates', name: `parallel-${s.status.name}`, height: 420 });
  let barsShown = false, asked = false;

  const drawMap = (/** @type {Row[]} */ rows) => {
    const genes = s.spec.space.genes, done = rows.filter((r) => r.state === 'done'), front = done.filter((r) => r.front), most = Math.max(...genes.map((/** @type {any} */ g) => g.choices.length));
    const c = colours();
    const share = (/** @type {Row[]} */ list, /** @type {number} */ j, /** @type {string} */ d) => list.filter((r) => r.genes[j] === d).length / (list.filter((r) => r.genes[j] !== '.').length || 1);
    const body = genes.map((/** @type {any} */ g, /** @type {number} */ j) => el('li', null, el('b', null, g.name), el('span.row.tight', null, g.choices.map((/** @type {string} */ label, /** @type {number} */ v) => {
      const d = v.toString(16), a = share(front, j, d), b = share(done, j, d), diff = front.length ? a - b : 0, strong = Math.min(1, Math.abs(diff) * 1.6);
      return el('button.allele', { type: 'button', title: `${g.name} = ${label}: ${Math.round(100 * a)} % of the front, ${Math.round(100 * b)} % of all measured`, onclick: () => change({ ['g.' + g.name]: d }),
        style: { background: `color-mix(in srgb, ${diff > 0 ? c.front : c.accent} ${Math.round(strong * 60)}%, ${c.paper})` } }, el('b', null, label), el('small', null, front.length ? `${diff >= 0 ? '+' : '−'}${Math.round(100 * Math.abs(diff))}` : '–'));
    }))));
    fill(mapBox, el('section.card', null, el('h2', null, 'Allele map'), el('p.note', null, `Share of each choice on the front (${num(front.length)}) minus its share among all measured (${num(done.length)}), in points: orange is preferred, blue avoided. Click filters everything by that choice.`),
      el('ul.alleles' + (most > 3 ? '.wide' : ''), null, body)));
  };

  const drawBars = () => {
    const list = s.insight?.objectives || [];
    if (!list.length) { fill(barBox, el('section.card', null, el('h2', null, 'Importance'), el('p.muted', null, 'The models have not learned enough yet.'))); barsShown = false; return; }
    if (!barsShown) fill(barBox, bars.map((b) => b.element));
    barsShown = true;
    list.forEach((/** @type {any} */ x, /** @type {number} */ k) => {
      const genes = x.genes.filter((/** @type {any} */ g) => g.importance !== null).sort((/** @type {any} */ a, /** @type {any} */ b) => b.importance - a.importance), shown = genes.slice(0, BARS).reverse(), unit = s.objectives[k].unit;
      bars[k].draw(() => { const c = colours(); return { grid: { left: 86, right: 46, top: 8, bottom: 32 }, xAxis: axis('', { min: 0, axisLabel: { color: c.soft, formatter: (/** @type {number} */ v) => Math.round(100 * v) + ' %' } }), yAxis: { type: 'category', data: shown.map((/** @type {any} */ g) => g.gene), axisLabel: { color: c.ink }, axisLine: { lineStyle: { color: c.line } }, axisTick: { show: false } },
        tooltip: { trigger: 'item', formatter: (/** @type {any} */ q) => { const g = shown[q.dataIndex]; return el('div.hover', null, el('b', null, g.gene), ` ${(100 * g.importance).toFixed(1)} %`, el('table', null, Object.entries(g.effect).map(([label, v]) => el('tr', null, el('td', null, label), el('td.num', null, `${num(/** @type {any} */ (v))} ${unit}`))))); } },
        series: [{ type: 'bar', barMaxWidth: 16, itemStyle: { color: c.series[k % c.series.length], borderRadius: [0, 3, 3, 0] }, label: { show: true, position: 'right', color: c.soft, formatter: (/** @type {any} */ q) => (100 * q.value).toFixed(q.value < 0.1 ? 1 : 0) + ' %' }, data: shown.map((/** @type {any} */ g) => g.importance) }] }; }, 0,
      { columns: [{ name: 'gene', get: (/** @type {any} */ g) => g.gene }, { name: 'importance', num: true, get: (/** @type {any} */ g) => (100 * g.importance).toFixed(2) + ' %' }, { name: 'effects', get: (/** @type {any} */ g) => Object.entries(g.effect).map(([l, v]) => `${l}: ${num(/** @type {any} */ (v))}`).join(', ') }], rows: genes });
    });
  };

  const drawParallel = (/** @type {Row[]} */ rows, /** @type {boolean} */ filtered) => {
    const genes = s.spec.space.genes, done = rows.filter((r) => r.state === 'done' && r.values.every((v) => v !== null));
    const fits = genes.length <= PARALLEL_GENES ? done.length <= 5 * PARALLEL_ROWS : done.length <= (filtered ? PARALLEL_ROWS : 200);
    if (!fits) {
      fill(parallelBox, el('section.card', null, el('h2', null, 'Parallel coordinates'), el('p.muted', null, `${genes.length} genes and ${num(done.length)} individuals make a picture nobody reads: filter to at most ${num(PARALLEL_ROWS)} (select on the front, or click in the map above).`)));
      return;
    }
    if (!parallel.element.isConnected) fill(parallelBox, parallel.element);
    const order = done.slice().sort((a, b) => Number(a.front) - Number(b.front));
    parallel.draw(() => { const c = colours(); const dims = [...genes.map((/** @type {any} */ g, /** @type {number} */ j) => ({ dim: j, name: g.name, type: 'category', data: ['off', ...g.choices] })), ...s.objectives.map((o, k) => ({ dim: genes.length + k, name: o.name, type: 'value', scale: true }))];
      return { parallel: { left: 40, right: 60, top: 40, bottom: 24, parallelAxisDefault: { nameTextStyle: { color: c.ink }, axisLabel: { color: c.soft, fontSize: 11 }, axisLine: { lineStyle: { color: c.line } }, axisTick: { show: false } } }, parallelAxis: dims, tooltip: { show: false },
        series: [{ type: 'parallel', progressive: 500, lineStyle: { width: 1, opacity: 0.3 }, data: order.map((r) => ({ value: [...[...r.genes].map((d, j) => (d === '.' ? 'off' : genes[j].choices[parseInt(d, 16)])), ...r.values], lineStyle: { color: r.front ? c.front : c.other, width: r.front ? 2 : 1, opacity: r.front ? 0.85 : 0.25 } })) }] }; }, done.length,
    { columns: [{ name: 'id', num: true, get: (/** @type {Row} */ r) => r.id }, ...s.objectives.map((o, k) => ({ name: o.name, num: true, get: (/** @type {Row} */ r) => num(r.values[k]) })), ...genes.map((/** @type {any} */ g, /** @type {number} */ j) => ({ name: g.name, get: (/** @type {Row} */ r) => (r.genes[j] === '.' ? '' : g.choices[parseInt(r.genes[j], 16)]) }))], rows: order });
  };

  const draw = () => {
    const f = readFilter(s), rows = s.rows.filter(f.keep);
    drawMap(rows);
    drawBars();
    drawParallel(rows, f.active);
    if (!asked) {
      asked = true;
      s.loadInsight().then(() => { asked = false; drawBars(); }, () => { asked = false; });
    }
  };
  return { draw };
}
