/* Draws the report from the JSON in #data. Without ECharts the inline SVG pictures that are already in the page stay. */
(function () {
  'use strict';
  var D = JSON.parse(document.getElementById('data').textContent);
  var objectives = D.objectives, genes = D.genes, points = D.points;
  var INK = '#1c2733', SOFT = '#5c6b7a', FRONT = '#d9480f', OTHER = '#94a3b3', ACCENT = '#0b6bcb';

  function el(tag, cls, text) {
    var e = document.createElement(tag);
    if (cls) e.className = cls;
    if (text !== undefined) e.textContent = text;
    return e;
  }
  function fmt(v) {
    if (v === null || v === undefined) return '–';
    var a = Math.abs(v);
    if (a >= 1e7 || (a > 0 && a < 1e-4)) return v.toExponential(2);
    if (v === Math.round(v)) return String(v);
    return a >= 100 ? v.toFixed(1) : a >= 10 ? v.toFixed(2) : String(+v.toPrecision(4));
  }
  function title(o) { return o.name + (o.unit ? ', ' + o.unit : ''); }

  /* '0' .. 'f' per gene, '.' inactive → [[name, label], …] */
  function decode(code) {
    var out = [];
    for (var j = 0; j < code.length; j++)
      if (code[j] !== '.') out.push([genes[j].name, genes[j].choices[parseInt(code[j], 16)], genes[j].block]);
    return out;
  }
  function genotypeText(code) { return decode(code).map(function (g) { return g[0] + '=' + g[1]; }).join(' '); }
  function genotypeChips(code) {
    var box = el('div'), current = null, last = null;
    decode(code).forEach(function (g) {
      var key = g[2] === null ? null : g[2];
      if (!current || key === null || key !== last) { current = el('span', 'block'); box.appendChild(current); last = key; }
      var chip = el('span', 'chip');
      chip.appendChild(el('i', '', g[0] + ' '));
      chip.appendChild(document.createTextNode(g[1]));
      current.appendChild(chip);
    });
    return box;
  }

  var front = D.front.map(function (i) { return points[i]; });
  var done = points.filter(function (p) { return p.s === 'done'; });
  var outside = points.filter(function (p) { return p.s === 'violates'; }); /* measured, but outside the constraints */

  function escapeHtml(s) { return String(s).replace(/[&<>"]/g, function (c) { return {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'}[c]; }); }
  function hover(p) {
    var rows = objectives.map(function (o, k) { return escapeHtml(o.name) + ': <b>' + fmt(p.v[k]) + '</b> ' + escapeHtml(o.unit) +
      (p.l[k] !== null && p.u[k] > p.l[k] ? ' <span style="color:' + SOFT + '">[' + fmt(p.l[k]) + ', ' + fmt(p.u[k]) + ']</span>' : ''); });
    return '<b>#' + p.i + '</b> ' + escapeHtml(p.a) + (p.f ? ', on the front' : '') + '<br>' + rows.join('<br>') +
      '<div style="max-width:380px;white-space:normal;font-size:12px;color:' + SOFT + '">' + escapeHtml(genotypeText(p.g)) + '</div>';
  }

  /* ---- table of the front ---- */
  (function () {
    var table = document.getElementById('front-table');
    if (!table) return;
    var head = table.createTHead().insertRow();
    head.appendChild(el('th', '', 'id'));
    objectives.concat(D.constraints).forEach(function (o) { head.appendChild(el('th', '', title(o))); });
    head.appendChild(el('th', 'text', 'bred by'));
    head.appendChild(el('th', 'text', 'architecture'));
    var body = table.createTBody();
    front.forEach(function (p) {
      var tr = body.insertRow();
      tr.id = 'p' + p.i;
      var id = tr.insertCell();
      id.textContent = p.i;
      if (p.n !== undefined) {
        id.title = 'not separable at 95 % from ' + p.n;
        id.appendChild(document.createElement('br'));
        id.appendChild(el('small', '', '\u2248 ' + p.n));
      }
      objectives.forEach(function (o, k) {
        var td = tr.insertCell();
        td.textContent = fmt(p.v[k]);
        if (p.l[k] !== null && p.u[k] > p.l[k]) { td.appendChild(document.createElement('br')); td.appendChild(el('small', '', fmt(p.l[k]) + ' … ' + fmt(p.u[k]))); }
      });
      D.constraints.forEach(function (o, k) { tr.insertCell().textContent = fmt(p.c[k]); });
      var arm = tr.insertCell(); arm.className = 'text'; arm.textContent = p.a;
      var arch = tr.insertCell(); arch.className = 'text wide'; arch.appendChild(genotypeChips(p.g));
    });
  })();

  if (typeof echarts === 'undefined') return;
  var charts = [];
  function chart(id, option) {
    var node = document.getElementById(id);
    if (!node) return null;
    node.textContent = '';
    var c = echarts.init(node, null, {renderer: 'svg'});
    option.animation = false;
    option.textStyle = {color: INK, fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'};
    c.setOption(option);
    charts.push(c);
    return c;
  }
  window.addEventListener('resize', function () { charts.forEach(function (c) { c.resize(); }); });
  function axis(name, extra) {
    var a = {type: 'value', name: name, nameLocation: 'middle', nameGap: 32, scale: true, nameTextStyle: {color: SOFT}, axisLabel: {color: SOFT, hideOverlap: true},
      axisLine: {show: true, lineStyle: {color: '#b6c1cc'}}, splitLine: {lineStyle: {color: '#eef1f4'}}};
    for (var k in extra) a[k] = extra[k];
    return a;
  }

  /* ---- the front: any two objectives ---- */
  function isLog(k) { /* latencies and counts spread over decades */
    var v = done.map(function (p) { return p.v[k]; }).filter(function (x) { return x !== null; });
    var lo = Math.min.apply(null, v), hi = Math.max.apply(null, v);
    return lo > 0 && hi / lo > 20;
  }
  function drawFront(kx, ky) {
    function xy(p) { return {value: [p.v[kx], p.v[ky]], p: p}; }
    var line = front.slice().sort(function (a, b) { return a.v[kx] - b.v[kx]; });
    var two = objectives.length === 2;
    var rising = (objectives[kx].goal === 'min') === (objectives[ky].goal === 'max');
    var c = chart('front-chart', {
      grid: {left: 70, right: 24, top: 34, bottom: 74},
      legend: {top: 0, right: 12, itemGap: 24, data: outside.length ? ['measured', 'outside the constraints', 'front'] : ['measured', 'front'], textStyle: {color: SOFT}},
      tooltip: {trigger: 'item', confine: true, formatter: function (q) { return q.data && q.data.p ? hover(q.data.p) : ''; }},
      dataZoom: [{type: 'inside', xAxisIndex: 0, filterMode: 'none'}, {type: 'inside', yAxisIndex: 0, filterMode: 'none'}],
      xAxis: axis(title(objectives[kx]), isLog(kx) ? {type: 'log'} : {}),
      yAxis: axis(title(objectives[ky]), {nameGap: 48}),
      series: [
        {name: 'measured', type: 'scatter', symbolSize: 7, itemStyle: {color: OTHER, opacity: 0.55}, data: done.filter(function (p) { return !p.f && p.v[kx] !== null && p.v[ky] !== null; }).map(xy)},
        {name: 'outside the constraints', type: 'scatter', symbol: 'triangle', symbolSize: 7, itemStyle: {color: 'none', borderColor: SOFT, opacity: 0.7}, data: outside.filter(function (p) { return p.v[kx] !== null && p.v[ky] !== null; }).map(xy)},
        {name: 'front', type: 'line', step: two ? (rising ? 'end' : 'start') : false, showSymbol: true, symbol: 'circle', symbolSize: 11, lineStyle: {color: FRONT, width: two ? 2 : 0},
         itemStyle: {color: FRONT, borderColor: '#fff', borderWidth: 1}, data: line.map(xy), z: 5}
      ]
    });
    if (c) c.on('click', function (q) {
      if (!q.data || !q.data.p) return;
      var row = document.getElementById('p' + q.data.p.i);
      document.querySelectorAll('tr.picked').forEach(function (t) { t.classList.remove('picked'); });
      if (row) { row.classList.add('picked'); row.scrollIntoView({block: 'center'}); }
    });
  }
  if (objectives.length > 1) {
    var sx = document.getElementById('axis-x'), sy = document.getElementById('axis-y');
    if (sx && sy) {
      objectives.forEach(function (o, k) { sx.add(new Option(o.name, k)); sy.add(new Option(o.name, k)); });
      sx.value = 1; sy.value = 0;
      sx.onchange = sy.onchange = function () { drawFront(+sx.value, +sy.value); };
    }
    drawFront(1, 0);
  }

  /* ---- hypervolume over evaluations ---- */
  var told = points.filter(function (p) { return p.o !== null && p.h !== null; }).sort(function (a, b) { return a.o - b.o; });
  chart('hv-chart', {
    grid: {left: 70, right: 24, top: 20, bottom: 58},
    tooltip: {trigger: 'axis', confine: true, formatter: function (q) { var p = told[q[0].dataIndex]; return 'after ' + (q[0].dataIndex + 1) + ' results: <b>' + fmt(p.h) + '</b><br>' + hover(p); }},
    xAxis: axis('results', {min: 0}), yAxis: axis('hypervolume', {nameGap: 48}),
    series: [{type: 'line', showSymbol: false, step: 'end', lineStyle: {color: ACCENT, width: 2}, areaStyle: {color: ACCENT, opacity: 0.08}, data: told.map(function (p, k) { return [k + 1, p.h]; })}]
  });

  /* ---- spread of the latency samples of the front ---- */
  if (D.spread.length) {
    var rows = D.spread, all = [].concat.apply([], rows.map(function (r) { return r.q; }));
    var spreadLog = Math.max.apply(null, all) > 8 * Math.min.apply(null, all);
    chart('spread-chart', {
      grid: {left: 70, right: 24, top: 30, bottom: 58},
      legend: {top: 0, right: 12, itemGap: 24, textStyle: {color: SOFT}, data: ['samples', 'window medians']},
      tooltip: {confine: true, formatter: function (q) {
        var r = rows[q.seriesType === 'boxplot' ? q.dataIndex : q.data[0]];
        return '<b>#' + r.id + '</b>, ' + r.n + ' samples in ' + r.w.length + ' windows on ' + escapeHtml(r.board) + '<br>5 % ' + fmt(r.q[0]) + ', 25 % ' + fmt(r.q[1]) + ', median <b>' + fmt(r.q[2]) +
          '</b>, 75 % ' + fmt(r.q[3]) + ', 95 % ' + fmt(r.q[4]) + ' ms' + (r.flags ? '<br>' + escapeHtml(r.flags) : ''); }},
      xAxis: {type: 'category', name: 'front point', nameLocation: 'middle', nameGap: 34, data: rows.map(function (r) { return '#' + r.id; }), axisLabel: {color: SOFT}, nameTextStyle: {color: SOFT}},
      yAxis: axis('latency, ms', spreadLog ? {nameGap: 48, type: 'log'} : {nameGap: 48}),
      series: [
        {name: 'samples', type: 'boxplot', itemStyle: {color: '#e7f0fa', borderColor: ACCENT}, boxWidth: [6, 26], data: rows.map(function (r) { return r.q; })},
        {name: 'window medians', type: 'scatter', symbolSize: 5, itemStyle: {color: FRONT, opacity: 0.7}, data: [].concat.apply([], rows.map(function (r, k) { return r.w.map(function (m) { return [k, m]; }); }))}
      ]
    });
  }

  /* ---- importance of genes ---- */
  (D.insight && D.insight.objectives || []).forEach(function (o, k) {
    var list = o.genes.filter(function (g) { return g.importance !== null; }).sort(function (a, b) { return b.importance - a.importance; }).slice(0, 12).reverse();
    chart('importance-' + k, {
      title: {text: o.objective, textStyle: {fontSize: 14, color: INK}, left: 0},
      grid: {left: 90, right: 30, top: 34, bottom: 30},
      tooltip: {confine: true, formatter: function (q) { var g = list[q.dataIndex], t = '<b>' + escapeHtml(g.gene) + '</b> ' + (100 * g.importance).toFixed(1) + ' %'; for (var c in g.effect) t += '<br>' + escapeHtml(c) + ': ' + fmt(g.effect[c]); return t; }},
      xAxis: axis('', {axisLabel: {color: SOFT, formatter: function (v) { return Math.round(100 * v) + ' %'; }}}),
      yAxis: {type: 'category', data: list.map(function (g) { return g.gene; }), axisLabel: {color: SOFT}},
      series: [{type: 'bar', itemStyle: {color: ACCENT}, data: list.map(function (g) { return g.importance; })}]
    });
  });
})();
