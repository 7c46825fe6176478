// @ts-check
/** One search: its head with orders, the filter that all its views share, and the views. */
import { ask } from './api.js';
import { disposeCharts } from './chart.js';
import { Search } from './data.js';
import { badge, confirmDialog, duration, el, fill, num, toast } from './dom.js';
import { drawFilterBar, readFilter } from './filter.js';
import { maySteer } from './main.js';
import { progress } from './page_searches.js';
import { href, view } from './state.js';
import { frontTab } from './tab_front.js';
import { genesTab } from './tab_genes.js';
import { historyTab } from './tab_history.js';
import { listTab } from './tab_list.js';
import { settingsTab } from './tab_settings.js';

/** @type {[string, string, (s: Search, box: any) => {draw: () => void}][]} */
const TABS = [['front', 'Front', frontTab], ['history', 'History', historyTab], ['genes', 'Genes', genesTab], ['individuals', 'Individuals', listTab], ['settings', 'Settings', settingsTab]];

/** Searches that were looked at stay in the page for a while: going to an individual and back asks only for what changed. @type {Map<string, Search>} */
const kept = new Map();

/** @param {string} id */
export async function openSearch(id) {
  let s = kept.get(id);
  if (s) {
    const status = (await ask('/searches/' + id)).search;
    await s.update(status);
  } else {
    s = new Search(id);
    await s.load();
    kept.set(id, s);
    if (kept.size > 6) kept.delete(/** @type {string} */ (kept.keys().next().value));
  }
  return s;
}

/** What an order will do, in words, before it is given. @param {Search} s @param {string} action */
async function order(s, action) {
  const name = `“${s.status.name}”`;
  /** @type {Record<string, any>} */
  const forms = {
    pause: { title: `Pause ${name}?`, text: `No new architectures are asked for; the ${num(s.status.pending)} that are being measured are finished. It can be resumed at any time.`, button: 'Pause' },
    resume: { title: `Resume ${name}?`, text: `It goes on with ${num(s.status.budget - s.status.evaluations)} evaluations left.`, button: 'Resume' },
    cancel: { title: `End ${name} for good?`, text: `The ${num(s.status.pending)} pending individuals are dropped. Its ${num(s.status.evaluations)} results stay. This cannot be taken back.`, button: 'End it', danger: true },
    extend: { title: `Extend ${name}`, text: `Its budget is ${num(s.status.budget)} evaluations, ${num(s.status.evaluations)} are used. A search that is done goes on.`, button: 'Extend', fields: [{ name: 'evaluations', label: 'Further evaluations', type: 'number', value: Math.max(10, Math.round(s.status.budget / 4)), min: 1, max: 10000000, required: true }] },
    priority: { title: `Priority of ${name}`, text: 'Within its team a search of higher priority gets boards strictly first; between teams it changes nothing.', button: 'Set it', fields: [{ name: 'priority', label: '−100 to 100', type: 'number', value: s.status.priority, min: -100, max: 100, required: true }] },
    retry: { title: `Measure again what failed in ${name}?`, text: `${num(s.status.failed)} individuals failed. They are measured again with fresh tries; the budget is not charged again.`, button: 'Measure again', fields: [{ name: 'cause', label: 'Which', options: ['failed', 'infra', 'lost', 'invalid', 'bug', 'config', 'infeasible', 'noisy', 'all'] }] },
  };
  const values = await confirmDialog(forms[action]);
  if (!values) return;
  const body = /** @type {any} */ ({ action });
  if (values.evaluations) body.evaluations = Number(values.evaluations);
  if (values.priority !== undefined) body.priority = Number(values.priority);
  if (values.cause) body.cause = values.cause;
  try {
    const got = await ask(`/searches/${s.id}/control`, body);
    toast(action === 'retry' ? `${num(got.count)} individuals are measured again` : `${action}: done`);
  } catch (e) {
    toast(/** @type {Error} */ (e).message, true);
  }
}

/** @param {Search} s @param {any} box */
function drawHead(s, box) {
  const st = s.status, open = st.state === 'running' || st.state === 'paused';
  const act = (/** @type {string} */ action, /** @type {string} */ text) => el('button', { type: 'button', onclick: () => order(s, action) }, text);
  const tile = (/** @type {string} */ name, /** @type {any} */ value, /** @type {string} */ more = '') => el('div.tile', null, el('span', null, name), el('b', null, value), more ? el('small', null, more) : null);
  const buttons = !maySteer() ? null : [st.state === 'running' ? act('pause', 'Pause') : null, st.state === 'paused' ? act('resume', 'Resume') : null, act('extend', 'Extend'), el('a.button', { href: href(['new'], { fork: s.id }) }, 'Fork'), open ? act('priority', 'Priority') : null,
    st.failed || st.infeasible ? act('retry', 'Retry') : null, open ? act('cancel', 'End') : null];
  fill(box, el('div.page-head', null, el('div', null, el('p.crumb', null, el('a', { href: '#/searches' }, 'Searches'), st.team ? ` / ${st.team}` : ''), el('h1', null, st.name, ' ', badge(st.state))), el('span.spacer'), el('div.row', null, buttons)),
    st.reason ? el('p.note.say', null, st.reason) : null,
    el('div.tiles', null, el('div.tile', null, el('span', null, 'evaluations'), el('b', null, progress(st))), tile('front', num(st.front_size), st.replicates ? `${num(st.replicates)} replicates` : ''), tile('hypervolume', num(st.hypervolume)),
      tile('pending', num(st.pending), st.screened ? `${num(st.screened)} more are screened` : ''), tile('unusable', num(st.failed + st.infeasible), st.failed || st.infeasible ? `${num(st.failed)} failed, ${num(st.infeasible)} infeasible` : ''), tile('board time', duration(st.board_s), `${duration(st.active_s)} by the clock`)));
}

/** @param {any} box @param {string[]} path @returns {Promise<import('./main.js').Page>} */
export async function searchPage(box, path) {
  const s = await openSearch(path[1]);
  const head = el('div'), tabs = el('div.tabs', { role: 'tablist', 'aria-label': 'views' }), bar = el('div'), body = el('div', { role: 'tabpanel' });
  fill(box, head, tabs, bar, body);
  let tab = '', current = /** @type {any} */ (null), timer = 0;
  const drawTabs = () => {
    const v = view();
    fill(tabs, TABS.map(([key, name]) => el('a', { role: 'tab', href: href(['search', s.id, key], v.query), 'aria-selected': String(key === tab) }, name)));
  };
  const draw = () => {
    const want = view().path[2] || 'front';
    if (want !== tab) {
      disposeCharts();
      tab = want;
      const make = (TABS.find(([key]) => key === tab) || TABS[0])[2];
      fill(body);
      current = make(s, body);
    }
    document.title = `${s.status.name} – SONATA`;
    drawTabs();
    const f = readFilter(s);
    if (tab === 'settings') fill(bar); else drawFilterBar(s, bar, f.active ? s.rows.filter(f.keep).length : s.rows.length);
    current.draw();
  };
  drawHead(s, head);
  draw();
  return {
    change: draw,
    news: async (news) => {
      const mine = news.searches.find((/** @type {any} */ x) => String(x.id) === s.id);
      if (!mine && !news.opened) return;
      const changed = await s.update(mine).catch(() => false);
      if (!head.querySelector('dialog')) drawHead(s, head);
      if (changed && !timer) timer = window.setTimeout(() => { timer = 0; if (!bar.contains(document.activeElement) || document.activeElement?.tagName === 'BUTTON') draw(); else current.draw(); }, 30);
    },
    leave: () => { clearTimeout(timer); document.title = 'SONATA'; },
  };
}
