// @ts-check
/** What the search was told to do. */
import { duration, el, fill, num, table, when } from './dom.js';

/** @param {import('./data.js').Search} s @param {any} box */
export function settingsTab(s, box) {
  const draw = () => {
    const p = s.spec, st = s.status;
    const pair = (/** @type {string} */ name, /** @type {any} */ value) => (value === '' || value === null || value === undefined ? null : [el('dt', null, name), el('dd', null, value)]);
    const { name, population, generational, ...options } = p.algorithm;
    fill(box, el('div.two', null,
      el('section.card', null, el('h2', null, 'Search'), el('dl', null, pair('name', p.name), pair('number', s.id), pair('team', st.team), pair('algorithm', name), pair('population', population || 'by the budget'), pair('way', generational ? 'generational' : 'steady state'),
        Object.entries(options).map(([k, v]) => pair(k, v)), pair('seed', String(p.seed)), pair('budget', `${num(st.budget)} evaluations${p.budget_wall_s ? ', ' + duration(p.budget_wall_s) : ''}`), pair('priority', st.priority), pair('begun', when(st.created)), pair('ended', st.finished ? when(st.finished) : null))),
      el('section.card', null, el('h2', null, 'What is measured'), table([{ name: 'objective', get: (/** @type {any} */ o) => o.metric }, { name: 'board type', get: (/** @type {any} */ o) => o.board || 'any' }, { name: 'goal', get: (/** @type {any} */ o) => o.goal }, { name: 'unit', get: (/** @type {any} */ o) => o.unit }], p.objectives, { label: 'objectives' }),
        p.constraints.length ? table([{ name: 'constraint', get: (/** @type {any} */ o) => o.metric + (o.board ? '@' + o.board : '') }, { name: 'from', num: true, get: (/** @type {any} */ o) => num(o.min) }, { name: 'to', num: true, get: (/** @type {any} */ o) => num(o.max) }], p.constraints, { label: 'constraints' }) : null,
        el('dl', null, pair('tier', p.tier), pair('dataset', p.dataset), pair('supernet', p.supernet), pair('replicates', p.replicates))),
      el('section.card', null, el('h2', null, `Space ${p.space.name}`), el('p.note', null, `${num(p.space.size)} architectures, ${p.space.genes.length} genes`), table([{ name: 'gene', get: (/** @type {any} */ g) => g.name }, { name: 'choices', get: (/** @type {any} */ g) => g.choices.join(', ') }, { name: 'active with', get: (/** @type {any} */ g) => g.when || '' }], p.space.genes, { label: 'genes' })),
      el('section.card', null, el('h2', null, 'Counts'), el('dl', null, pair('evaluations', num(st.evaluations)), pair('pending', num(st.pending)), pair('infeasible', num(st.infeasible)), pair('failed', num(st.failed)), pair('taken from earlier measurements', num(st.reused)), pair('told anew', num(st.told_anew)), pair('replicates', num(st.replicates)), pair('board time', duration(st.board_s)), pair('time', duration(st.active_s))))));
  };
  return { draw };
}
