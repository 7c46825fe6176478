// @ts-check
/** Who runs, who waits and why, by team: share used against weight, quotas left. */
import { ask } from './api.js';
import { ago, badge, duration, el, fill, num, table } from './dom.js';
import { progress } from './page_searches.js';
import { href } from './state.js';

/** @param {number} used @param {number} max @param {string} text */
const quota = (used, max, text) => el('span.progress', null, el('span.track', { 'aria-hidden': 'true' }, el('span.done', { style: { width: (max ? Math.min(100, 100 * used / max) : 0) + '%' } })), ' ' + text);

/** @param {any} box @returns {Promise<import('./main.js').Page>} */
export async function queuePage(box) {
  let q = await ask('/queue');
  const draw = () => {
    const names = [...new Set([...q.teams.map((/** @type {any} */ t) => t.name), ...q.searches.map((/** @type {any} */ s) => s.team)])].sort(), weights = q.teams.reduce((/** @type {number} */ w, /** @type {any} */ t) => w + t.weight, 0) || 1, day = q.teams.reduce((/** @type {number} */ d, /** @type {any} */ t) => d + t.day_s, 0);
    fill(box, el('div.page-head', null, el('h1', null, 'Queue')),
      q.teams.length ? el('section.card', null, el('h2', null, 'Teams'), table([
        { name: 'team', get: (/** @type {any} */ t) => t.name }, { name: 'running', num: true, get: (/** @type {any} */ t) => q.searches.filter((/** @type {any} */ s) => s.team === t.name && s.state === 'running').length },
        { name: 'boards now', get: (/** @type {any} */ t) => quota(t.boards, t.boards_max, t.boards_max ? `${t.boards} of ${t.boards_max}` : `${t.boards}`) }, { name: 'today', get: (/** @type {any} */ t) => quota(t.day_s, t.day_s_max, duration(t.day_s) + (t.day_s_max ? ' of ' + duration(t.day_s_max) : '')) },
        { name: 'share of today / of the weights', num: true, get: (/** @type {any} */ t) => `${day ? Math.round(100 * t.day_s / day) : 0} % / ${Math.round(100 * t.weight / weights)} %` }, { name: 'weight', num: true, get: (/** @type {any} */ t) => num(t.weight) }, { name: 'board time in all', num: true, get: (/** @type {any} */ t) => duration(t.board_s) },
        { name: 'searches', num: true, get: (/** @type {any} */ t) => `${t.searches_unfinished}${t.searches_max ? ' of ' + t.searches_max : ''}` }, { name: 'shares results', get: (/** @type {any} */ t) => (t.share ? 'yes' : 'no') }], q.teams, { label: 'teams' })) : null,
      names.map((team) => {
        const list = q.searches.filter((/** @type {any} */ s) => s.team === team).sort((/** @type {any} */ a, /** @type {any} */ b) => b.priority - a.priority || a.id - b.id);
        return el('section.card', null, el('h2', null, team || 'Unfinished searches'), list.length ? table([{ name: 'search', get: (/** @type {any} */ s) => el('a', { href: href(['search', String(s.id)]) }, `${s.id} ${s.name}`) }, { name: 'state', get: (/** @type {any} */ s) => badge(s.state) }, { name: 'priority', num: true, get: (/** @type {any} */ s) => s.priority }, { name: 'evaluations', get: progress },
          { name: 'pending', num: true, get: (/** @type {any} */ s) => num(s.pending) }, { name: 'begun', get: (/** @type {any} */ s) => ago(s.created) }, { name: 'waits because', cls: 'wide', get: (/** @type {any} */ s) => s.reason }], list, { label: `searches of ${team}` }) : el('p.muted', null, 'Nothing unfinished.'));
      }), names.length ? null : el('section.card.empty', null, el('p', null, 'No search is unfinished.')));
  };
  draw();
  return { change: draw, news: async (news) => { if (news.searches.length || news.opened) { q = await ask('/queue'); draw(); } } };
}
