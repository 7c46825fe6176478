// @ts-check
/** The layers of a network as a strip: one box a layer, width by its channels, height by its resolution, colour by its share of the multiply-accumulates. */
import { el, num, svg } from './dom.js';

const HEIGHT = 132, TOP = 18, GAP = 3;
const NAMES = { stem: 'stem', expand: 'expand 1×1', depthwise: 'depthwise', project: 'project 1×1', head: 'head 1×1', mean: 'mean', classifier: 'linear' };

/** @param {any} l */
const key = (l) => `${l.role}/${l.stage || 0}/${l.block || 0}`;
/** @param {any} l */
const shape = (l) => `${l.in},${l.out},${l.kernel},${l.stride}`;

/** Which layers differ from another network's, by their place. @param {any[]} layers @param {any[]|null} other @returns {Set<any>} */
export function changed(layers, other) {
  if (!other) return new Set();
  const have = new Map(other.map((l) => [key(l), shape(l)]));
  return new Set(layers.filter((l) => have.get(key(l)) !== shape(l)));
}

const widthOf = (/** @type {any} */ l) => Math.max(7, Math.sqrt(l.out) * 3.2);
/** Room a network's strip takes, so that two are drawn at one scale. @param {any[]} layers */
const room = (layers) => 8 + layers.reduce((sum, l, i) => sum + widthOf(l) + GAP + (i && (l.stage || null) !== (layers[i - 1].stage || null) ? 7 : 0), 0);

/** @param {any[]} layers @param {{other?: any[]|null, onpick?: (l: any) => void, label?: string}} [o] @returns {any} */
export function strip(layers, o = {}) {
  const total = layers.reduce((sum, l) => sum + l.macs, 0) || 1, most = Math.max(...layers.map((l) => l.macs / total)), tall = Math.max(...layers.map((l) => l.out_size), 1);
  const differs = changed(layers, o.other || null);
  let x = 4, stage = null, parts = [], labels = [], stageStart = 0;
  const endStage = () => {
    if (stage) {
      labels.push(svg('line', { x1: stageStart, x2: x - GAP, y1: HEIGHT + TOP + 5, y2: HEIGHT + TOP + 5, class: 'stage-line' }), svg('text', { x: (stageStart + x - GAP) / 2, y: HEIGHT + TOP + 19, class: 'strip-text', 'text-anchor': 'middle' }, 'stage ' + stage));
    }
  };
  for (const l of layers) {
    if ((l.stage || null) !== stage) { endStage(); if (x > 4) x += 7; stage = l.stage || null; stageStart = x; }
    const w = widthOf(l), h = Math.max(8, HEIGHT * Math.sqrt(l.out_size / tall)), share = l.macs / total;
    const level = l.macs ? Math.min(6, 1 + Math.floor(5.999 * Math.sqrt(share / most))) : 0;
    const title = `${l.stage ? `stage ${l.stage} block ${l.block}: ` : ''}${NAMES[/** @type {keyof typeof NAMES} */ (l.role)] || l.role}${l.kernel > 1 ? ` ${l.kernel}×${l.kernel}` : ''}${l.stride > 1 ? ', stride ' + l.stride : ''}\n${l.in} → ${l.out} channels, ${l.in_size}² → ${l.out_size}²\n${num(l.macs)} MACs, ${(100 * share).toFixed(1)} %${l.add ? '\nadds its block’s input' : ''}${differs.has(l) ? '\ndiffers' : ''}`;
    parts.push(svg('rect', { x, y: TOP + (HEIGHT - h) / 2, width: w, height: h, rx: 2, class: `layer level-${level}${differs.has(l) ? ' differs' : ''}` }, svg('title', null, title)));
    if (l.role === 'depthwise') parts.push(svg('text', { x: x + w / 2, y: TOP + HEIGHT / 2 + 4, class: 'strip-kernel', 'text-anchor': 'middle' }, String(l.kernel)));
    if (l.add) parts.push(svg('circle', { cx: x + w / 2, cy: TOP + (HEIGHT - h) / 2 - 6, r: 2.5, class: 'strip-add' }, svg('title', null, 'adds its block’s input')));
    x += w + GAP;
  }
  endStage();
  const width = Math.max(room(layers), o.other ? room(o.other) : 0);
  return el('div.strip-box', { tabindex: '0', role: 'region', 'aria-label': o.label || 'layers' }, svg('svg', { viewBox: `0 0 ${width} ${HEIGHT + TOP + 26}`, style: { width: `min(100%, ${Math.round(width * 1.7)}px)`, minWidth: `${Math.min(width, 560)}px` }, role: 'img', 'aria-label': describe(layers), class: 'strip' }, parts, labels));
}

/** @param {any[]} layers */
export function describe(layers) {
  const blocks = new Set(layers.filter((l) => l.stage).map((l) => `${l.stage}.${l.block}`)).size;
  return `${layers.length} layers in ${blocks} blocks, ${num(layers.reduce((s, l) => s + l.macs, 0))} multiply-accumulates`;
}
