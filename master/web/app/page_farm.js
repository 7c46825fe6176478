// @ts-check
/** Boards: a tile each, by type; and one board with its history and orders. */
import { ask } from './api.js';
import { axis, Chart, colours } from './chart.js';
import { ago, badge, confirmDialog, el, fill, num, table, toast, when } from './dom.js';
import { maySteer } from './main.js';
import { href, view, change } from './state.js';

/** One word of what a board does, for its colour and mark. @param {any} b */
export function stateOf(b) {
  if (!b.online) return 'offline';
  if (b.held || b.state === 'maintenance' || b.state === 'quarantine' || b.state === 'retired') return 'held';
  return b.phase || b.state === 'busy' ? 'busy' : b.state === 'ready' ? 'ready' : 'held';
}

/** How far the last canary is from its reference, in percent; null: no canary. @param {any} b */
export const drift = (b) => (b.canary_us > 0 && b.reference_us > 0 ? 100 * (b.canary_us / b.reference_us - 1) : null);

/** @param {any} b */
function canaryText(b) {
  if (b.canary_at === undefined) return 'no canary';
  const d = drift(b);
  if (d === null) return b.canary_us === 0 && b.reference_us > 0 ? `canary failed ${ago(b.canary_at)}` : `canary ${ago(b.canary_at)}`;
  return `canary ${d >= 0 ? '+' : '−'}${Math.abs(d).toFixed(1)} % ${ago(b.canary_at)}`;
}

/** @param {any} b */
function tile(b) {
  const state = stateOf(b), d = drift(b);
  return el('a.board.card.b-' + state, { href: href(['farm', b.id]) }, el('div.card-head', null, el('b', null, b.id), el('span.spacer'), badge(state, state === 'held' ? b.held || b.state : state)),
    el('p', null, state === 'busy' ? b.phase || 'measuring' : state === 'offline' ? 'its worker is away' : b.held_why || b.detail || ' '),
    el('p.muted' + (d !== null && Math.abs(d) > 3 ? '.warn' : ''), null, canaryText(b)), b.warning ? el('p.warn', null, b.warning) : null,
    el('p.muted', null, `${b.worker}${b.done !== undefined ? `, ${num(b.done)} results${b.failed ? `, ${num(b.failed)} failed` : ''}` : ''}`),
    b.busy_share !== null ? el('span.track', { title: `busy ${Math.round(100 * b.busy_share)} % of the time since it is known` }, el('span.done', { style: { width: Math.round(100 * b.busy_share) + '%' } })) : null);
}

/** @param {any} box @returns {Promise<import('./main.js').Page>} */
export async function farmPage(box) {
  let boards = (await ask('/boards')).boards, searches = (await ask('/queue')).searches;
  const draw = () => {
    const want = view().query.state || '', types = [...new Set(boards.map((/** @type {any} */ b) => b.type))].sort();
    const counts = (/** @type {any[]} */ list) => ['ready', 'busy', 'held', 'offline'].map((x) => [x, list.filter((b) => stateOf(b) === x).length]);
    fill(box, el('div.page-head', null, el('h1', null, 'Farm'), el('span.spacer'), el('div.row', null, counts(boards).map(([x, n]) => el('button.state-count' + (want === x ? '.on' : ''), { type: 'button', 'aria-pressed': String(want === x), onclick: () => change({ state: want === x ? null : x }) }, badge(String(x), `${n} ${x}`))))),
      boards.length ? null : el('section.card.empty', null, el('h2', null, 'No boards yet'), el('p', null, 'A worker brings them: ', el('code', null, 'sonata-worker --master … --board …'))),
      types.map((t) => {
        const all = boards.filter((/** @type {any} */ b) => b.type === t), list = all.filter((/** @type {any} */ b) => !want || stateOf(b) === want).sort((/** @type {any} */ a, /** @type {any} */ b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
        const waiting = searches.filter((/** @type {any} */ s) => s.state === 'running' && s.reason.includes(`type ${t} `)).length;
        return list.length ? el('section', null, el('h2.group', null, t, el('span.muted', null, ` ${counts(all).filter(([, n]) => n).map(([x, n]) => `${n} ${x}`).join(', ')}; measures ${all[0].metrics}`), waiting ? el('span.warn', null, ` ${waiting} searches wait for it`) : null), el('div.boards', null, list.map(tile))) : null;
      }));
  };
  draw();
  const timer = setInterval(draw, 20000); // "3 min ago" moves
  return { change: draw, news: async (news) => { if (!news.boards && !news.opened) return; boards = (await ask('/boards')).boards; searches = (await ask('/queue')).searches; draw(); }, leave: () => clearInterval(timer) };
}

const ORDERS = /** @type {[string, string, string][]} */ ([
  ['drain', 'Drain', 'It gets no new jobs; the one it has ends, then it is in maintenance until it is released.'],
  ['release', 'Release', 'Ends drain and quarantine: it gets jobs again after it proved itself.'],
  ['recalibrate', 'Recalibrate', 'It measures a new reference for its canaries; drift is counted from there on.'],
  ['quarantine', 'Quarantine', 'It gets no jobs for a while, then has to prove itself with a canary.'],
  ['power-cycle', 'Power-cycle', 'Its power is switched off and on by the recovery commands its worker was given. What it measures now is lost and tried again.'],
  ['retire', 'Retire', 'It never gets a job again.'],
  ['invalidate', 'Invalidate', 'What it began to measure in this span is taken back: individuals that rest on it are measured again, also of searches that ended.'],
  ['disown', 'Disown', 'Its name no longer belongs to the key it came with: a worker with another key may bring it.'],
]);

/** @param {any} b */
async function giveOrder(b, /** @type {string} */ action, /** @type {string} */ name, /** @type {string} */ text) {
  const values = await confirmDialog({ title: `${name} ${b.id}?`, text, button: name, danger: action === 'retire' || action === 'invalidate' || action === 'power-cycle', fields: [...(action === 'invalidate' ? [{ name: 'from', label: 'From (your local time)', type: 'datetime-local', required: true }, { name: 'to', label: 'To (empty: now)', type: 'datetime-local' }] : []), { name: 'reason', label: 'Why (others read it)' }] });
  if (!values) return;
  try {
    await ask(`/boards/${encodeURIComponent(b.id)}/control`, { action, reason: values.reason, ...(values.from ? { from: Date.parse(values.from) } : {}), ...(values.to ? { to: Date.parse(values.to) } : {}) });
    toast(`${name}: ordered`);
  } catch (e) {
    toast(/** @type {Error} */ (e).message, true);
  }
}

/** @param {any} box @param {string[]} path @returns {Promise<import('./main.js').Page>} */
export async function boardPage(box, path) {
  const id = path[1], chart = new Chart({ title: 'Canary against its reference', name: `canary-${id}`, height: 240, note: 'Percent above (slower) or below. Beyond 3 % a board is to be looked at.' });
  const get = async () => (await ask('/boards')).boards.find((/** @type {any} */ b) => b.id === id);
  let b = await get(), events = /** @type {any[]|null} */ (null), why = '';
  if (!b) throw Object.assign(new Error(`There is no board ${id}.`), { status: 404 });
  const loadEvents = () => ask(`/boards/${encodeURIComponent(id)}/history?limit=500`).then((h) => { events = h.events; }, (e) => { events = null; why = e.message; });
  await loadEvents();
  const head = el('div'), list = el('div');
  fill(box, head, chart.element, list);
  const draw = () => {
    const state = stateOf(b), d = drift(b), pair = (/** @type {string} */ n, /** @type {any} */ v) => (v ? [el('dt', null, n), el('dd', null, v)] : null);
    fill(head, el('div.page-head', null, el('div', null, el('p.crumb', null, el('a', { href: '#/farm' }, 'Farm'), ' / ' + b.type), el('h1', null, b.id, ' ', badge(state, state === 'held' ? b.held || b.state : state))), el('span.spacer'),
      !maySteer() || !events ? null : el('div.row', null, ORDERS.map(([action, name, text]) => el('button', { type: 'button', onclick: () => giveOrder(b, action, name, text) }, name)))),
    b.warning ? el('p.warn', null, b.warning) : null,
    el('section.card', null, el('dl', null, pair('state', b.state), pair('does', b.phase), pair('held', b.held ? `${b.held}${b.held_why ? ' ' + b.held_why : ''}` : ''), pair('worker', b.worker), pair('backend', b.backend), pair('measures', b.metrics.join(', ')), pair('detail', b.detail), pair('results', b.done !== undefined ? `${num(b.done)}, ${num(b.failed)} attempts failed` : ''),
      pair('busy', b.busy_share !== null ? Math.round(100 * b.busy_share) + ' % since it is known' : ''), pair('canary', d === null ? canaryText(b) : `${num(b.canary_us)} µs, reference ${num(b.reference_us)} µs (${d >= 0 ? '+' : '−'}${Math.abs(d).toFixed(1)} %), ${ago(b.canary_at)}`))));
    const canaries = (events || []).filter((e) => e.canary_us > 0 && e.reference_us > 0).reverse();
    chart.element.hidden = canaries.length < 2;
    if (canaries.length >= 2) chart.draw(() => { const c = colours(); return { grid: { left: 60, right: 20, top: 16, bottom: 44 }, xAxis: axis('', { type: 'time', axisLine: { onZero: false, lineStyle: { color: c.line } } }), yAxis: axis('percent', { nameGap: 40, scale: false }), tooltip: { trigger: 'axis', valueFormatter: (/** @type {number} */ v) => v.toFixed(2) + ' %' },
      series: [{ type: 'line', symbolSize: 6, lineStyle: { color: c.accent }, itemStyle: { color: c.accent }, data: canaries.map((e) => [e.at, 100 * (e.canary_us / e.reference_us - 1)]), markLine: { silent: true, symbol: 'none', lineStyle: { color: c.bad, type: 'dashed' }, label: { show: false }, data: [{ yAxis: 3 }, { yAxis: -3 }] } }] }; }, 0,
    { columns: [{ name: 'at', get: (/** @type {any} */ e) => when(e.at) }, { name: 'canary, µs', num: true, get: (/** @type {any} */ e) => num(e.canary_us) }, { name: 'reference, µs', num: true, get: (/** @type {any} */ e) => num(e.reference_us) }], rows: canaries });
    fill(list, el('section.card', null, el('h2', null, 'What happened'), events ? table([{ name: 'when', get: (/** @type {any} */ e) => when(e.at) }, { name: 'what', get: (/** @type {any} */ e) => e.kind }, { name: 'state then', get: (/** @type {any} */ e) => e.state }, { name: 'said', cls: 'wide', get: (/** @type {any} */ e) => e.text },
      { name: 'results not to be trusted', get: (/** @type {any} */ e) => (e.invalid_to ? `${when(e.invalid_from)} to ${when(e.invalid_to)}` : '') }], events, { label: 'history' }) : el('p.muted', null, `The history is for admins: ${why}`)));
  };
  draw();
  return { change: draw, news: async (news) => { if (!news.boards && !news.opened) return; b = (await get()) || b; await loadEvents(); draw(); } };
}
