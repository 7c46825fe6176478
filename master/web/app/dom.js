// @ts-check
/** Making elements, and numbers as text for people. */

/**
 * el('button.primary', {type: 'button', onclick: f}, 'text', child, …). Properties that begin with "on" are listeners, `style` is an object, the rest attributes; null and false are left out.
 * @param {string} tag @param {any} [props] @param {...any} children @returns {any}
 */
export function el(tag, props, ...children) {
  const [name, ...classes] = tag.split('.');
  const e = document.createElement(name);
  if (classes.length) e.className = classes.join(' ');
  setProps(e, props);
  add(e, children);
  return e;
}

/** The same in SVG. @param {string} tag @param {any} [props] @param {...any} children @returns {any} */
export function svg(tag, props, ...children) {
  const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
  setProps(e, props);
  add(e, children);
  return e;
}

/** @param {any} e @param {any} props */
function setProps(e, props) {
  for (const key in props || {}) {
    const v = props[key];
    if (v === null || v === undefined || v === false) continue;
    if (key.startsWith('on')) e.addEventListener(key.slice(2), v);
    else if (key === 'style') Object.assign(e.style, v);
    else if (key === 'value' || key === 'checked' || key === 'selected' || key === 'disabled') e[key] = v;
    else e.setAttribute(key, v === true ? '' : String(v));
  }
}

/** @param {any} e @param {any[]} children */
function add(e, children) {
  for (const c of children.flat(Infinity)) {
    if (c === null || c === undefined || c === false) continue;
    e.append(c instanceof Node ? c : String(c));
  }
}

/** Replaces what is in an element. @param {any} e @param {...any} children */
export function fill(e, ...children) {
  e.replaceChildren();
  add(e, children);
  return e;
}

/** Up to four significant digits. @param {number|null|undefined} v */
export function num(v) {
  if (v === null || v === undefined || Number.isNaN(v)) return '–';
  const a = Math.abs(v);
  if (a >= 1e9 || (a > 0 && a < 1e-4)) return v.toExponential(2);
  if (a >= 1e6) return (v / 1e6).toPrecision(4).replace(/\.?0+$/, '') + ' M';
  if (v === Math.round(v)) return v.toLocaleString('en-US').replace(/,/g, ' ');
  if (a >= 100) return v.toFixed(1);
  return a >= 10 ? v.toFixed(2) : String(+v.toPrecision(4));
}

/** "3 m 05 s". @param {number} s */
export function duration(s) {
  if (!(s >= 0)) return '–';
  if (s < 10) return s.toFixed(1) + ' s';
  if (s < 60) return Math.round(s) + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min ' + String(Math.round(s % 60)).padStart(2, '0') + ' s';
  if (s < 172800) return Math.floor(s / 3600) + ' h ' + String(Math.floor(s / 60) % 60).padStart(2, '0') + ' min';
  return (s / 86400).toFixed(1) + ' d';
}

/** How long ago, of a time as text or in ms. @param {string|number|null} t */
export function ago(t) {
  if (!t) return 'never';
  const s = (Date.now() - (typeof t === 'number' ? t : Date.parse(t))) / 1000;
  if (s < 5) return 'just now';
  if (s < 90) return Math.round(s) + ' s ago';
  if (s < 5400) return Math.round(s / 60) + ' min ago';
  if (s < 129600) return Math.round(s / 3600) + ' h ago';
  return Math.round(s / 86400) + ' d ago';
}

/** Local date and time. @param {string|number|null} t */
export function when(t) {
  if (!t) return '–';
  const d = new Date(t), p = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${p(d.getMonth() + 1)}-${p(d.getDate())} ${p(d.getHours())}:${p(d.getMinutes())}:${p(d.getSeconds())}`;
}

/** A number of things in words: count(1, 'board') is "1 board". @param {number} n @param {string} word */
export const count = (n, word) => `${num(n)} ${word}${n === 1 ? '' : 's'}`;

/** Offers text as a file. @param {string} name @param {string} text @param {string} type */
export function download(name, text, type) {
  const url = text.startsWith('data:') ? text : URL.createObjectURL(new Blob([text], { type }));
  const a = el('a', { href: url, download: name });
  document.body.append(a);
  a.click();
  a.remove();
  if (!text.startsWith('data:')) setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** A word of state with a mark whose shape says it too. @param {string} state @param {string} [text] */
export function badge(state, text) {
  const mark = { running: '▶', paused: '❚❚', done: '✓', failed: '✕', canceled: '◼', ready: '●', busy: '▶', held: '❚❚', offline: '○', infeasible: '✕', pending: '◌' }[state] || '·';
  return el('span.badge.s-' + state, null, el('span', { 'aria-hidden': 'true' }, mark), ' ' + (text || state));
}

/** Says something for some seconds. @param {string} text @param {boolean} [bad] */
export function toast(text, bad) {
  const t = el('div.toast' + (bad ? '.bad' : ''), null, text);
  document.getElementById('toasts')?.append(t);
  setTimeout(() => t.remove(), bad ? 9000 : 4000);
}

/** A table with headings. Columns: {name, get(row), text?, num?, sort?}. @param {any[]} columns @param {any[]} rows @param {any} [o] @returns {any} */
export function table(columns, rows, o = {}) {
  const head = columns.map((c) => el('th' + (c.num ? '.num' : ''), { scope: 'col', 'aria-sort': o.sort && o.sort.key === c.key ? (o.sort.down ? 'descending' : 'ascending') : null },
    o.onsort && c.key ? el('button.th', { type: 'button', onclick: () => o.onsort(c.key) }, c.name, el('span', { 'aria-hidden': 'true' }, o.sort?.key === c.key ? (o.sort.down ? ' ▾' : ' ▴') : '')) : c.name));
  const body = rows.map((r) => {
    const tr = el('tr' + (o.picked && o.picked(r) ? '.picked' : ''), null, columns.map((c) => el('td' + (c.num ? '.num' : '') + (c.cls ? '.' + c.cls : ''), null, c.get(r))));
    return tr;
  });
  return el('div.scroll' + (o.tall ? '.tall' : ''), { tabindex: '0', role: 'region', 'aria-label': o.label || 'table' },
    el('table', null, o.caption ? el('caption', null, o.caption) : null, el('thead', null, el('tr', null, head)), el('tbody', null, body)));
}

/** Asks before something is done; resolves to the form's values or null. fields: [{name, label, type, value, min, max, options}]. @param {any} o @returns {Promise<any>} */
export function confirmDialog(o) {
  return new Promise((resolve) => {
    const inputs = /** @type {any} */ ({});
    const fields = (o.fields || []).map((/** @type {any} */ f) => {
      inputs[f.name] = f.options ? el('select', null, f.options.map((/** @type {any} */ x) => el('option', { value: x }, x)))
        : el('input', { type: f.type || 'text', value: f.value ?? '', min: f.min, max: f.max, required: f.required });
      return el('label.field', null, el('span', null, f.label), inputs[f.name]);
    });
    const close = (/** @type {any} */ value) => { dialog.close(); dialog.remove(); resolve(value); };
    const form = el('form', { method: 'dialog', onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); close(Object.fromEntries(Object.entries(inputs).map(([k, i]) => [k, /** @type {any} */ (i).value]))); } },
      el('h2', null, o.title), el('p', null, o.text), fields,
      el('div.row.end', null, el('button', { type: 'button', onclick: () => close(null) }, 'Leave it'), el('button.primary' + (o.danger ? '.danger' : ''), { type: 'submit' }, o.button)));
    const dialog = el('dialog', { oncancel: () => close(null) }, form);
    document.body.append(dialog);
    dialog.showModal();
  });
}
