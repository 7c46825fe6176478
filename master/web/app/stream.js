// @ts-check
/** News from the server: one stream for the page, closed while the tab is hidden, taken up again where it was. */

/** @type {EventSource|null} */
let source = null;
let since = 0, wanted = false, first = true;
/** @type {Set<(news: any) => void>} */
const listeners = new Set();

/** @param {(news: any) => void} f @returns {() => void} takes it back */
export function onNews(f) {
  listeners.add(f);
  return () => listeners.delete(f);
}

/** @param {number} revision what the page has */
export function startStream(revision) {
  since = Math.max(since, revision);
  wanted = true;
  if (first) {
    first = false;
    document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  }
  open();
}

export function stopStream() {
  wanted = false;
  close();
}

function close() {
  source?.close();
  source = null;
}

function open() {
  if (source || !wanted || document.hidden) return;
  source = new EventSource('api/v1/events?since=' + since);
  source.addEventListener('change', (e) => {
    const news = JSON.parse(/** @type {MessageEvent} */ (e).data);
    since = news.revision;
    tell(news);
  });
  source.onopen = () => tell({ revision: since, up: true, searches: [], boards: false, opened: true });
  source.onerror = () => {
    tell({ revision: since, up: false, searches: [], boards: false, lost: true });
    if (source && source.readyState === EventSource.CLOSED) { // refused: perhaps logged out
      source = null;
      setTimeout(open, 5000);
    }
  };
}

/** @param {any} news */
function tell(news) {
  for (const f of [...listeners]) f(news);
}
