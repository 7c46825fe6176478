// @ts-check
/** A new search from a search file, and a fork of one that there is: looked at before it is sent. */
import { ask } from './api.js';
import { el, fill, num, toast } from './dom.js';
import { href, view } from './state.js';

const EXAMPLE = `name: my-search
space: nats            # a preset, or a space file beside this one
objectives:
  - {metric: accuracy, goal: max}
  - {metric: latency, board: rpi4, goal: min}
budget: {evaluations: 200}
`;

/** A file input that fills a text area. @param {string} label @param {string} id @param {string} text */
function textFrom(label, id, text) {
  const area = el('textarea', { id, rows: '12', spellcheck: 'false', value: text, 'aria-label': label });
  const input = el('input', { type: 'file', accept: '.yaml,.yml,text/yaml', 'aria-label': `open a ${label}`, onchange: async () => { if (input.files[0]) area.value = await input.files[0].text(); area.dispatchEvent(new Event('input')); } });
  return { area, box: el('div.field', null, el('label', { for: id }, label), el('div.row', null, input), area) };
}

/** What the master would be asked to do, in words. @param {any} got */
function describe(got) {
  const s = got.spec, goals = s.objectives.map((/** @type {any} */ o) => `${o.goal === 'max' ? 'maximise' : 'minimise'} ${o.metric}${o.board ? ' on ' + o.board : ''}`);
  return [el('p', { role: 'status' }, `Valid: “${s.name}” searches ${num(got.architectures)} architectures of ${s.space?.name || 'its space'} with ${s.algorithm?.name || s.algorithm}, ${num(s.budget?.evaluations ?? s.budget_evaluations ?? 0)} evaluations.`), el('ul', null, goals.map((/** @type {string} */ t) => el('li', null, t)))];
}

/** @param {any} box @returns {Promise<import('./main.js').Page>} */
export async function submitPage(box) {
  const parent = view().query.fork, status = parent ? (await ask('/searches/' + parent)) : null;
  const file = textFrom('search file', 'search-file', parent ? '' : EXAMPLE), space = textFrom('space file (when the search file names one)', 'space-file', '');
  space.area.rows = 4;
  const said = el('div', { 'aria-live': 'polite' });
  const name = el('input', { value: status ? status.search.name + '-fork' : '', 'aria-label': 'name' }), evaluations = el('input', { type: 'number', min: '1', value: status ? status.search.budget : '', 'aria-label': 'evaluations' });
  const objectives = el('input', { placeholder: 'as they are', 'aria-label': 'objectives', style: { width: '24em' } });
  const body = () => (/** @type {any} */ ({ ...(file.area.value.trim() ? { file: file.area.value, space: space.area.value } : {}), ...(parent ? { fork_of: Number(parent), ...(file.area.value.trim() ? {} : { name: name.value, evaluations: Number(evaluations.value), objectives: objectives.value.split(/[\s,]+/).filter(Boolean) }) } : {}) }));
  const wrong = (/** @type {string} */ text) => fill(said, el('p.warn', { role: 'alert' }, text));
  const check = async () => {
    if (!file.area.value.trim()) { fill(said, el('p.muted', null, 'There is no file to check.')); return; }
    const got = await ask('/searches/check', { file: file.area.value, space: space.area.value }).catch((e) => ({ valid: false, error: e.message }));
    if (got.valid) fill(said, describe(got)); else wrong(got.error);
  };
  const send = async () => {
    try {
      const got = await ask('/searches', body());
      toast(`search ${got.search} is submitted`);
      location.hash = href(['search', String(got.search)]);
    } catch (e) {
      wrong(/** @type {Error} */ (e).message);
    }
  };
  const field = (/** @type {string} */ label, /** @type {any} */ input) => el('label.field', null, el('span', null, label), input);
  fill(box, el('div.page-head', null, el('div', null, el('p.crumb', null, el('a', { href: '#/searches' }, 'Searches')), el('h1', null, parent ? `Fork “${status.search.name}”` : 'New search'))),
    el('form.card.submit', { onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); void send(); } },
      parent ? [el('p', null, `It begins with every result of search ${parent} that fits the new objectives; nothing of it is measured again or charged.`), el('div.row', null, field('Name', name), field('Evaluations', evaluations), field('Objectives, such as accuracy:max latency@rpi4:min', objectives)), el('details', null, el('summary', null, 'Or by a search file'), file.box, space.box)]
        : [file.box, el('details', null, el('summary', null, 'Space file'), space.box), el('p.note', null, 'A search with a supernet needs one that is installed beside sonata-web and that the master has; `sonata submit` uploads it.')],
      said, el('div.row.end', null, el('button', { type: 'button', onclick: check }, 'Check'), el('button.primary', { type: 'submit' }, parent ? 'Fork' : 'Submit'))));
  document.title = `${parent ? 'Fork' : 'New search'} – SONATA`;
  return { leave: () => { document.title = 'SONATA'; } };
}
