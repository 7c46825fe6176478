// @ts-check
/** The whole view is in the address: #/search/7/front?x=1&y=0&state=done. What is not there is as it is by default. */

/** @typedef {{path: string[], query: Record<string, string>}} View */

/** @returns {View} */
export function view() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  return { path: path.split('/').filter(Boolean).map(decodeURIComponent), query: Object.fromEntries(new URLSearchParams(query || '')) };
}

/** @param {string[]} path @param {Record<string, any>} [query] */
export function href(path, query) {
  const q = new URLSearchParams();
  for (const key of Object.keys(query || {}).sort()) {
    const v = (query || {})[key];
    if (v !== null && v !== undefined && v !== '') q.set(key, String(v));
  }
  const text = q.toString().replace(/%2C/g, ',').replace(/%3A/g, ':');
  return '#/' + path.map(encodeURIComponent).join('/') + (text ? '?' + text : '');
}

/** Changes some of the query; null takes a key away. The page is told by 'hashchange' unless quiet. @param {Record<string, any>} changes @param {boolean} [quiet] */
export function change(changes, quiet) {
  const v = view();
  const next = href(v.path, { ...v.query, ...changes });
  if (next === location.hash) return;
  history.replaceState(null, '', next);
  if (!quiet) window.dispatchEvent(new Event('viewchange'));
}
