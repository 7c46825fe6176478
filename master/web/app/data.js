// @ts-check
/** One search in the page: specification, status, rows by id; loaded in pages, then kept up with what changed. */
import { ask } from './api.js';

const COLUMNS = 'id,state,front,values,low,high,constraints,genes,arm,parents,generation,order,told,hypervolume,predicted,sd,board,flags,measurements,reused,reason';
const PAGE = 20000;

/**
 * @typedef {{id: number, state: string, front: boolean, values: (number|null)[], low: (number|null)[], high: (number|null)[], constraints: (number|null)[], genes: string, arm: string,
 *   parents: number[], generation: number, order: number, told: number|null, hypervolume: number|null, predicted: number[]|null, sd: number[]|null, board: string, flags: number,
 *   measurements: number, reused: boolean, reason: string}} Row
 * @typedef {{metric: string, board: string, goal: string, unit: string, name: string, sign: number}} Objective
 */

export class Search {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    this.revision = 0;
    /** @type {any} */ this.status = null;
    /** @type {any} */ this.spec = null;
    /** @type {Map<number, Row>} */ this.byId = new Map();
    /** @type {Row[]} */ this.rows = [];
    /** @type {Objective[]} */ this.objectives = [];
    /** @type {any} */ this.insight = undefined;
    this.insightAt = -1;
    this.busy = false;
    this.again = false;
  }

  /** @param {AbortSignal} [signal] */
  async load(signal) {
    const head = await ask(`/searches/${this.id}`, undefined, signal);
    this.status = head.search;
    this.spec = head.spec;
    this.objectives = head.spec.objectives.map((/** @type {any} */ o) => ({ ...o, name: o.board ? `${o.metric}@${o.board}` : o.metric, sign: o.goal === 'max' ? -1 : 1 }));
    await this.fetchRows(0, signal);
  }

  /** What changed since we last asked. false: nothing. @param {any} status newest, when it is known */
  async update(status) {
    if (status) this.status = status;
    if (this.busy) {
      this.again = true;
      return false;
    }
    this.busy = true;
    try {
      let changed = 0;
      do {
        this.again = false;
        changed += await this.fetchRows(this.revision);
      } while (this.again);
      return changed > 0;
    } finally {
      this.busy = false;
    }
  }

  /** @param {number} since @param {AbortSignal} [signal] */
  async fetchRows(since, signal) {
    let from = 0, changed = 0, revision = this.revision;
    for (;;) {
      const page = await ask(`/searches/${this.id}/individuals?columns=${COLUMNS}&limit=${PAGE}&from=${from}&since=${since}`, undefined, signal);
      revision = from === 0 ? page.revision : Math.min(revision, page.revision); // a change between two pages is asked for again
      for (const values of page.rows) {
        const row = /** @type {any} */ ({});
        page.columns.forEach((/** @type {string} */ name, /** @type {number} */ i) => { row[name] = values[i]; });
        this.byId.set(row.id, row);
        changed++;
      }
      if (page.next === null) break;
      from = page.next;
    }
    this.revision = revision;
    if (changed) this.rows = [...this.byId.values()].sort((a, b) => a.id - b.id);
    return changed;
  }

  /** Importance, effects, arms; asked again when some results came. */
  async loadInsight() {
    const told = this.status.evaluations;
    if (this.insight !== undefined && told < this.insightAt + Math.max(5, this.insightAt * 0.02)) return this.insight;
    this.insightAt = told;
    this.insight = (await ask(`/searches/${this.id}/insight`)).insight;
    return this.insight;
  }

  get front() { return this.rows.filter((r) => r.front); }

  /** [[gene, choice], …] of the active genes. @param {Row} row */
  choices(row) {
    const genes = this.spec.space.genes, out = [];
    for (let j = 0; j < genes.length; j++) if (row.genes[j] !== '.') out.push([genes[j].name, genes[j].choices[parseInt(row.genes[j], 16)]]);
    return out;
  }
}

/** a dominates b: nowhere worse, somewhere better. @param {Objective[]} o @param {(number|null)[]} a @param {(number|null)[]} b */
export function dominates(o, a, b) {
  let better = false;
  for (let k = 0; k < o.length; k++) {
    const x = o[k].sign * /** @type {number} */ (a[k]), y = o[k].sign * /** @type {number} */ (b[k]);
    if (x > y) return false;
    if (x < y) better = true;
  }
  return better;
}

/** The rows that no other dominates, of those with all values and within the constraints. @param {Search} s @param {Row[]} rows */
export function frontOf(s, rows) {
  const o = s.objectives, ok = rows.filter((r) => r.state === 'done' && r.values.every((v) => v !== null) && feasible(s, r));
  ok.sort((a, b) => o[0].sign * (/** @type {number} */ (a.values[0]) - /** @type {number} */ (b.values[0])) || o[o.length - 1].sign * (/** @type {number} */ (a.values[o.length - 1]) - /** @type {number} */ (b.values[o.length - 1])));
  /** @type {Row[]} */
  const front = [];
  for (const r of ok) if (!front.some((f) => dominates(o, f.values, r.values))) front.push(r);
  return front;
}

/** @param {Search} s @param {Row} r */
export function feasible(s, r) {
  return s.spec.constraints.every((/** @type {any} */ c, /** @type {number} */ k) => {
    const v = r.constraints[k];
    return v === null || ((c.min === null || v >= c.min) && (c.max === null || v <= c.max));
  });
}

/** The row of a two-objective front farthest from the line between its ends, both axes scaled to the front. @param {Row[]} front @param {number} kx @param {number} ky @param {boolean} logX @param {boolean} logY */
export function knee(front, kx, ky, logX, logY) {
  const get = (/** @type {Row} */ r, /** @type {number} */ k, /** @type {boolean} */ l) => (l ? Math.log(/** @type {number} */ (r.values[k])) : /** @type {number} */ (r.values[k]));
  const pts = front.filter((r) => r.values[kx] !== null && r.values[ky] !== null).map((r) => ({ r, x: get(r, kx, logX), y: get(r, ky, logY) })).sort((a, b) => a.x - b.x);
  if (pts.length < 3) return pts[0]?.r || null;
  const a = pts[0], b = pts[pts.length - 1], w = b.x - a.x || 1, h = b.y - a.y || 1;
  let best = null, far = -1;
  for (const p of pts) {
    const d = Math.abs((p.x - a.x) / w - (p.y - a.y) / h);
    if (d > far) { far = d; best = p.r; }
  }
  return best;
}

/** Volume that a two-objective set dominates within a box, as a share of the box. @param {Objective[]} o @param {number[][]} points @param {number[]} worst @param {number[]} best */
export function hypervolume2(o, points, worst, best) {
  const p = points.map((v) => v.map((x, k) => (o[k].sign * x - o[k].sign * worst[k]) / (o[k].sign * best[k] - o[k].sign * worst[k]))).filter((v) => v[0] > 0 && v[1] > 0).sort((a, b) => b[0] - a[0]);
  let area = 0, top = 0;
  for (const [x, y] of p) {
    if (y > top) { area += x * (y - top); top = y; }
  }
  return area;
}
