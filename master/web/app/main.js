// @ts-check
/** Boot, login, and which page the address wants. */
import { ApiError, ask } from './api.js';
import { disposeCharts } from './chart.js';
import { el, fill, toast } from './dom.js';
import { view } from './state.js';
import { onNews, startStream, stopStream } from './stream.js';
import { adminPage } from './page_admin.js';
import { boardPage, farmPage } from './page_farm.js';
import { comparePage } from './page_compare.js';
import { individualPage } from './page_individual.js';
import { queuePage } from './page_queue.js';
import { submitPage } from './page_submit.js';
import { searchPage } from './page_search.js';
import { searchesPage } from './page_searches.js';

/**
 * A page draws into box and returns what to do when the view changes, news come, and it goes.
 * @typedef {{change?: () => void, news?: (news: any) => void, leave?: () => void}} Page
 */

const main = /** @type {any} */ (document.getElementById('main'));
const NAV = [['searches', 'Searches'], ['farm', 'Farm'], ['queue', 'Queue'], ['compare', 'Compare'], ['admin', 'Admin']];
/** What every page may want to know of the server. @type {any} */
export const me = { value: null };
/** Whether orders may be given. */
export const maySteer = () => Boolean(me.value) && !me.value.read_only && me.value.who.scope === 'write';
/** @type {Page|null} */
let page = null;
let shown = '', turn = 0;

/** @param {string[]} path @returns {[string, (box: any, path: string[]) => Promise<Page>|Page]} */
function pageOf(path) {
  switch (path[0]) {
    case 'search':
      return path[2] === 'i' ? [`search/${path[1]}/i/${path[3]}`, individualPage] : [`search/${path[1]}`, searchPage];
    case 'new': return ['new/' + (view().query.fork || ''), submitPage];
    case 'farm': return path[1] ? [`farm/${path[1]}`, boardPage] : ['farm', farmPage];
    case 'queue': return ['queue', queuePage];
    case 'compare': return ['compare', comparePage];
    case 'admin': return ['admin', adminPage];
    default: return ['searches', searchesPage];
  }
}

function drawNav() {
  const at = view().path[0] || 'searches', here = at === 'search' || at === 'new' ? 'searches' : at;
  const one = me.value?.who.scope === 'search'; // a shared search: there is nothing else to see
  fill(document.getElementById('nav'), NAV.filter(([path]) => !one || path === 'searches' || path === 'compare').map(([path, name]) => el('a', { href: '#/' + path, 'aria-current': here === path ? 'page' : null }, name)));
}

async function route() {
  const v = view();
  if (location.hash.startsWith('#login=')) return login(location.hash.slice(7));
  const [key, make] = pageOf(v.path);
  drawNav();
  if (page && key === shown) { page.change?.(); return; }
  const mine = ++turn;
  page?.leave?.();
  disposeCharts();
  page = null;
  shown = key;
  const box = el('div.page');
  fill(main, box);
  fill(box, el('p.muted.loading', { role: 'status' }, 'Loading …'));
  try {
    const next = await make(box, v.path);
    if (mine !== turn) next.leave?.();
    else page = next;
  } catch (e) {
    if (mine === turn) failed(e, box);
  }
}

/** @param {any} e @param {any} box */
function failed(e, box) {
  if (e instanceof ApiError && e.status === 401) { askLogin(); return; }
  shown = '';
  if (!(e instanceof ApiError)) console.error(e);
  fill(box, el('section.card', null, el('h1', null, e.status === 404 ? 'Not found' : 'This cannot be shown'), el('p', null, e.message), el('button', { type: 'button', onclick: () => route() }, 'Try again')));
}

/** The code in the link's last part never left the browser; it is taken out of the address at once. @param {string} secret */
async function login(secret) {
  history.replaceState(null, '', location.pathname + '#/searches');
  try {
    await ask('/login', { secret });
    await begin();
  } catch (e) {
    askLogin(/** @type {Error} */ (e).message);
  }
}

/** @param {string} [why] */
function askLogin(why) {
  stopStream();
  turn++;
  shown = '';
  page = null;
  /** @type {any} */ (document.getElementById('leave')).hidden = true;
  fill(document.getElementById('nav'));
  const input = el('input', { type: 'password', autocomplete: 'current-password', required: true, 'aria-label': 'token' });
  fill(main, el('section.card.login', null, el('h1', null, 'SONATA'), why ? el('p.warn', { role: 'alert' }, why) : null,
    el('p', null, 'Open the link that ', el('code', null, 'sonata web'), ' or ', el('code', null, 'sonata run --web'), ' or ', el('code', null, 'sonata token link'), ' printed: it works once. Or paste a token (', el('code', null, 'sonata token new'), '):'),
    el('form.row', { onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); ask('/login', { secret: input.value.trim() }).then(begin, (x) => askLogin(x.message)); } }, input, el('button.primary', { type: 'submit' }, 'Log in'))));
  input.focus();
}

/** @param {any} news */
function linkState(news) {
  const at = document.getElementById('link-state');
  if (!at) return;
  const text = news.lost ? '○ connection lost, trying again' : news.up ? '● live' : '○ the master does not answer';
  if (at.textContent !== text) at.textContent = text;
  at.className = 'link-state ' + (news.lost || !news.up ? 'is-bad' : 'is-good');
}

function initTheme() {
  const root = document.documentElement, keep = localStorage.getItem('sonata-theme');
  if (keep) root.dataset.theme = keep;
  const dark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);
  document.getElementById('theme')?.addEventListener('click', () => {
    root.dataset.theme = dark() ? 'light' : 'dark';
    localStorage.setItem('sonata-theme', root.dataset.theme);
    window.dispatchEvent(new Event('themechange'));
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => window.dispatchEvent(new Event('themechange')));
}

async function begin() {
  me.value = await ask('/me');
  const leave = /** @type {any} */ (document.getElementById('leave'));
  leave.hidden = false;
  leave.onclick = () => ask('/logout', {}).then(() => askLogin('You are logged out.'), (e) => toast(e.message, true));
  const who = me.value.who;
  if (who.scope === 'search' && view().path[0] !== 'search') history.replaceState(null, '', `#/search/${who.search}`);
  startStream(me.value.revision);
  await route();
}

document.getElementById('skip')?.addEventListener('click', (e) => { e.preventDefault(); main.focus(); });
initTheme();
onNews((news) => { linkState(news); page?.news?.(news); });
window.addEventListener('hashchange', route);
window.addEventListener('viewchange', () => page?.change?.());
if (location.hash.startsWith('#login=')) login(location.hash.slice(7));
else begin().catch((e) => (e.status === 401 ? askLogin() : failed(e, fill(main, el('div.page')).firstChild)));
