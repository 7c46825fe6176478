// @ts-check
/** A chart with its frame: title, table of its data, SVG and PNG for a paper, colours of the page's theme. ECharts draws it, SVG up to 2,000 points and canvas beyond. */
import { download, el, fill, num, table, toast } from './dom.js';

const CANVAS_FROM = 2000, TABLE_ROWS = 500;

/** @type {Promise<any>|null} */
let loading = null;

/** ECharts, loaded when the first chart is drawn. @returns {Promise<any>} */
function echarts() {
  const w = /** @type {any} */ (window);
  if (!loading) {
    loading = new Promise((resolve, reject) => {
      const script = el('script', { src: 'echarts.min.js' });
      script.onload = () => (w.echarts ? resolve(w.echarts) : reject(new Error('ECharts is not built in: charts show as tables')));
      script.onerror = () => reject(new Error('ECharts could not be loaded: charts show as tables'));
      document.head.append(script);
    });
  }
  return loading;
}

/** Colours of the theme in force. */
export function colours() {
  const css = getComputedStyle(document.documentElement), get = (/** @type {string} */ name) => css.getPropertyValue(name).trim();
  return { ink: get('--ink'), soft: get('--soft'), line: get('--line'), grid: get('--grid'), paper: get('--paper'), accent: get('--accent'), front: get('--front'), other: get('--other'), bad: get('--bad'), good: get('--good'),
    series: ['--c1', '--c2', '--c3', '--c4', '--c5', '--c6', '--c7', '--c8'].map(get) };
}

/** An axis in the theme's colours. @param {string} name @param {any} [more] */
export function axis(name, more) {
  const c = colours();
  return { type: 'value', name, nameLocation: 'middle', nameGap: 30, scale: true, nameTextStyle: { color: c.soft, fontSize: 12.5 }, axisLabel: { color: c.soft, hideOverlap: true }, axisLine: { show: true, lineStyle: { color: c.line } },
    axisTick: { lineStyle: { color: c.line } }, splitLine: { lineStyle: { color: c.grid } }, minorSplitLine: { show: false }, ...more };
}

/** Values over decades are for a log axis. @param {(number|null)[]} values */
export function wantsLog(values) {
  let low = Infinity, high = -Infinity;
  for (const v of values) if (v !== null) { if (v < low) low = v; if (v > high) high = v; }
  return low > 0 && high / low > 20;
}

/** Options of a linear or log axis; the log one ends near the data, not at decades. @param {boolean} log */
export const scale = (log) => (log ? { type: 'log', min: (/** @type {any} */ v) => round(v.min * 0.85), max: (/** @type {any} */ v) => round(v.max * 1.15), axisLabel: { color: colours().soft, hideOverlap: true, formatter: num }, minorTick: { show: true, splitNumber: 9 } } : { type: 'value' });
/** @param {number} v */
const round = (v) => Number(v.toPrecision(2));

/** @type {Set<Chart>} */
const all = new Set();
window.addEventListener('resize', () => all.forEach((c) => c.chart?.resize()));
window.addEventListener('themechange', () => all.forEach((c) => c.redraw()));

export class Chart {
  /** @param {{title: string, note?: string, height?: number, name: string, controls?: any}} o */
  constructor(o) {
    this.o = o;
    this.chart = /** @type {any} */ (null);
    this.option = /** @type {any} */ (null);
    this.points = 0;
    this.data = /** @type {{columns: any[], rows: any[]}|null} */ (null);
    this.handlers = /** @type {[string, (e: any, chart: any) => void][]} */ ([]);
    this.canvas = el('div.canvas', { role: 'img', 'aria-label': o.title, tabindex: '0', style: { height: (o.height || 380) + 'px' } });
    this.tableBox = el('div.chart-table', { hidden: true });
    this.tableButton = el('button.plain', { type: 'button', 'aria-pressed': 'false', onclick: () => this.toggleTable() }, 'Table');
    this.noteBox = el('p.note', null, o.note || '');
    this.element = el('section.card.chart-card', { 'aria-label': o.title }, el('div.card-head', null, el('h2', null, o.title), el('span.spacer'), o.controls || null, el('span.row.tight', null,
      this.tableButton, el('button.plain', { type: 'button', title: 'For a paper', onclick: () => this.save('svg') }, 'SVG'), el('button.plain', { type: 'button', onclick: () => this.save('png') }, 'PNG'))),
    this.noteBox, this.canvas, this.tableBox);
    all.add(this);
  }

  /** @param {string} event @param {(e: any, chart: any) => void} f */
  on(event, f) { this.handlers.push([event, f]); return this; }

  /** option() is called at each drawing, so that it takes the colours of the theme. @param {() => any} option @param {number} points @param {{columns: any[], rows: any[]}} data */
  async draw(option, points, data) {
    this.option = option;
    this.points = points;
    this.data = data;
    if (!this.tableBox.hidden) this.drawTable();
    await this.redraw();
  }

  async redraw() {
    if (!this.option || !this.canvas.isConnected) return;
    let lib;
    try {
      lib = await echarts();
    } catch (e) {
      fill(this.canvas, el('p.muted', null, String(/** @type {Error} */ (e).message)));
      if (this.tableBox.hidden) this.toggleTable();
      return;
    }
    if (!this.canvas.isConnected) return;
    const renderer = this.points > CANVAS_FROM ? 'canvas' : 'svg';
    if (this.chart && this.renderer !== renderer) { this.chart.dispose(); this.chart = null; }
    if (!this.chart) {
      this.renderer = renderer;
      this.chart = lib.init(this.canvas, null, { renderer });
      for (const [event, f] of this.handlers) this.chart.on(event, (/** @type {any} */ e) => f(e, this.chart));
    }
    this.chart.setOption(this.fullOption(), { replaceMerge: ['series', 'xAxis', 'yAxis', 'grid', 'legend', 'visualMap', 'dataZoom'] });
  }

  fullOption() {
    const c = colours(), o = this.option();
    return { animation: false, textStyle: { color: c.ink, fontFamily: getComputedStyle(document.body).fontFamily }, aria: { enabled: false }, ...o,
      tooltip: { confine: true, backgroundColor: c.paper, borderColor: c.line, textStyle: { color: c.ink, fontSize: 13 }, ...o.tooltip } };
  }

  toggleTable() {
    this.tableBox.hidden = !this.tableBox.hidden;
    this.tableButton.setAttribute('aria-pressed', String(!this.tableBox.hidden));
    if (!this.tableBox.hidden) this.drawTable();
  }

  drawTable() {
    if (!this.data) return;
    const { columns, rows } = this.data;
    fill(this.tableBox, table(columns, rows.slice(0, TABLE_ROWS), { label: 'data of ' + this.o.title }),
      rows.length > TABLE_ROWS ? el('p.note', null, `The first ${TABLE_ROWS} of ${rows.length} rows; CSV has all.`) : null,
      el('p', null, el('button', { type: 'button', onclick: () => download(this.o.name + '.csv', csv(columns, rows), 'text/csv') }, 'CSV')));
  }

  /** A picture on white, in ink, whatever the theme of the page. @param {'svg'|'png'} kind */
  async save(kind) {
    try {
      const lib = await echarts(), root = document.documentElement, theme = root.dataset.theme;
      const box = el('div.off-screen', { style: { width: '900px', height: (this.o.height || 380) + 'px' } });
      document.body.append(box);
      root.dataset.theme = 'light';
      const chart = lib.init(box, null, { renderer: kind === 'svg' ? 'svg' : 'canvas', width: 900, height: this.o.height || 380 });
      chart.setOption({ ...this.fullOption(), backgroundColor: '#ffffff' });
      if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
      if (kind === 'svg') download(this.o.name + '.svg', chart.renderToSVGString(), 'image/svg+xml');
      else download(this.o.name + '.png', chart.getDataURL({ type: 'png', pixelRatio: 3, backgroundColor: '#ffffff' }), 'image/png');
      chart.dispose();
      box.remove();
    } catch (e) {
      toast(String(/** @type {Error} */ (e).message), true);
    }
  }

  dispose() {
    all.delete(this);
    this.chart?.dispose();
    this.chart = null;
  }
}

/** @param {any[]} columns @param {any[]} rows */
export function csv(columns, rows) {
  const cell = (/** @type {any} */ v) => { const t = v === null || v === undefined ? '' : v instanceof Node ? v.textContent || '' : String(v); return /[",\n]/.test(t) ? `"${t.replace(/"/g, '""')}"` : t; };
  return [columns.map((c) => cell(c.name)).join(','), ...rows.map((r) => columns.map((c) => cell(c.raw ? c.raw(r) : c.get(r))).join(','))].join('\n') + '\n';
}

/** Takes every chart of a page that goes. */
export function disposeCharts() {
  for (const c of [...all]) c.dispose();
}
