/* See report.h: the page. Curves of median hypervolume with their quartile band as inline SVG, the best-known front beside them when there are
 * two objectives, and the numbers as tables; no script, nothing fetched. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bench/report.h"

enum { WIDTH = 820, HEIGHT = 460, LEFT = 60, RIGHT = 20, TOP = 20, BOTTOM = 50 };

// Okabe and Ito's colours: told apart with any colour vision
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"};

static void put(struct bytes *out, const char *format, ...) SONATA_PRINTF(2, 3);
static void put(struct bytes *out, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n > 0)
        bytes_append(out, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static void put_escaped(struct bytes *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<':
            put(out, "&lt;");
            break;
        case '>':
            put(out, "&gt;");
            break;
        case '&':
            put(out, "&amp;");
            break;
        case '"':
            put(out, "&quot;");
            break;
        default:
            bytes_append(out, text, 1);
        }
    }
}

/* Linear axis from data to pixels. */
struct axis {
    double low, high, from, to;
};

static double at(const struct axis *a, double v) { return a->from + (v - a->low) / (a->high - a->low) * (a->to - a->from); }

static double tick_step(double range)
{
    double step = pow(10, floor(log10(range / 5)));
    if (range / step > 25)
        return 5 * step;
    return range / step > 10 ? 2 * step : step;
}

static void put_axes(struct bytes *out, const struct axis *x, const struct axis *y, const char *x_name, const char *y_name)
{
    double sx = tick_step(x->high - x->low), sy = tick_step(y->high - y->low);
    for (double v = ceil(x->low / sx) * sx; v <= x->high * (1 + 1e-9); v += sx)
        put(out, "<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' class='g'/><text x='%.1f' y='%d' text-anchor='middle'>%g</text>\n", at(x, v),
            at(x, v), y->from, y->to, at(x, v), HEIGHT - BOTTOM + 18, v);
    for (double v = ceil(y->low / sy) * sy; v <= y->high * (1 + 1e-9); v += sy)
        put(out, "<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' class='g'/><text x='%d' y='%.1f' text-anchor='end'>%g</text>\n", x->from, x->to,
            at(y, v), at(y, v), LEFT - 6, at(y, v) + 4, v);
    put(out, "<text x='%d' y='%d' text-anchor='middle'>", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10);
    put_escaped(out, x_name);
    put(out, "</text><text transform='translate(14 %d) rotate(-90)' text-anchor='middle'>", (TOP + HEIGHT - BOTTOM) / 2);
    put_escaped(out, y_name);
    put(out, "</text>\n");
}

static void put_curves(struct bytes *out, const struct report *r)
{
    double low = 100, last = 1;
    for (unsigned a = 0; a < r->summary->n_algorithms; a++) {
        const struct algorithm_summary *s = &r->summary->algorithm[a];
        for (unsigned k = s->n_points > 4 ? 3 : 0; k < s->n_points; k++)
            low = fmin(low, 100 * s->point[k].q1);
        last = fmax(last, s->point[s->n_points - 1].evaluations);
    }
    struct axis x = {0, last, LEFT, WIDTH - RIGHT}, y = {floor(fmax(0, fmin(low, 95)) / 5) * 5, 100, HEIGHT - BOTTOM, TOP};
    put(out,
        "<svg viewBox='0 0 %d %d' role='img' aria-label='hypervolume against evaluations'>\n<clipPath id='c'><rect x='%d' y='%d' width='%d' "
        "height='%d'/></clipPath>\n",
        WIDTH, HEIGHT, LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    put_axes(out, &x, &y, "evaluations", "hypervolume, % of the best-known front");
    for (unsigned a = 0; a < r->summary->n_algorithms; a++) {
        const struct algorithm_summary *s = &r->summary->algorithm[a];
        const char *colour = colours[a % (sizeof colours / sizeof *colours)];
        put(out, "<g clip-path='url(#c)'><path fill='%s' fill-opacity='.15' d='M", colour);
        for (unsigned k = 0; k < s->n_points; k++)
            put(out, "%.1f %.1f ", at(&x, s->point[k].evaluations), at(&y, 100 * s->point[k].q3));
        for (unsigned k = s->n_points; k-- > 0;)
            put(out, "%.1f %.1f ", at(&x, s->point[k].evaluations), at(&y, 100 * s->point[k].q1));
        put(out, "Z'/><polyline fill='none' stroke='%s' stroke-width='2' points='", colour);
        for (unsigned k = 0; k < s->n_points; k++)
            put(out, "%.1f,%.1f ", at(&x, s->point[k].evaluations), at(&y, 100 * s->point[k].median));
        put(out, "'/></g>\n");
    }
    put(out, "</svg>\n<p class='legend'>");
    for (unsigned a = 0; a < r->summary->n_algorithms; a++) {
        put(out, "<span style='color:%s'>&#9632;</span> ", colours[a % (sizeof colours / sizeof *colours)]);
        put_escaped(out, r->summary->algorithm[a].name);
        put(out, "&emsp;");
    }
    put(out, "</p>\n");
}

/* The best-known front of two objectives in the columns' own sense. */
static void put_front(struct bytes *out, const struct report *r)
{
    const struct judge_front *f = &r->reference->front;
    const struct problem *p = r->p;
    if (f->m != 2)
        return;
    struct axis x = {INFINITY, -INFINITY, LEFT, WIDTH - RIGHT}, y = {INFINITY, -INFINITY, HEIGHT - BOTTOM, TOP};
    for (unsigned side = 0; side < 2; side++) {
        double vx = problem_original(p, 1, side ? r->judge->reference[1] : r->judge->ideal[1]);
        double vy = problem_original(p, 0, side ? r->judge->reference[0] : r->judge->ideal[0]);
        x.low = fmin(x.low, vx);
        x.high = fmax(x.high, vx);
        y.low = fmin(y.low, vy);
        y.high = fmax(y.high, vy);
    }
    put(out, "<h2>Best-known front</h2><svg viewBox='0 0 %d %d' role='img' aria-label='best-known front'>\n", WIDTH, HEIGHT);
    put_axes(out, &x, &y, p->quantity[p->objective[1].truth].column, p->quantity[p->objective[0].truth].column);
    for (size_t i = 0; i < f->n; i++) {
        double vx = problem_original(p, 1, f->f[2 * i + 1]), vy = problem_original(p, 0, f->f[2 * i]);
        if (vx >= x.low && vx <= x.high && vy >= y.low && vy <= y.high)
            put(out, "<circle cx='%.1f' cy='%.1f' r='3' fill='#0072b2'/>", at(&x, vx), at(&y, vy));
    }
    put(out, "</svg>\n");
}

static void put_table(struct bytes *out, const struct report *r)
{
    put(out, "<h2>Evaluations to a share of the best-known hypervolume</h2><table><tr><th>algorithm</th>");
    for (unsigned k = 0; k < TARGETS; k++)
        put(out, "<th>%g %%</th>", 100 * r->summary->algorithm[0].target[k].target);
    put(out, "<th>IGD+</th><th>ask p50 / p99, ms</th><th>CPU per candidate, ms</th></tr>\n");
    for (unsigned a = 0; a < r->summary->n_algorithms; a++) {
        const struct algorithm_summary *s = &r->summary->algorithm[a];
        put(out, "<tr><td>");
        put_escaped(out, s->name);
        put(out, "</td>");
        for (unsigned k = 0; k < TARGETS; k++) {
            if (isfinite(s->target[k].evaluations))
                put(out, "<td>%.0f</td>", s->target[k].evaluations);
            else
                put(out, "<td>%u of %u</td>", s->target[k].reached, s->target[k].runs);
        }
        put(out, "<td>%.4f</td><td>%.2f / %.2f</td><td>%.2f</td></tr>\n", s->n_at ? s->igd_plus[s->n_at - 1] : NAN, s->ask_p50_ms, s->ask_p99_ms,
            s->cpu_ms);
    }
    put(out, "</table>\n");
}

int report_plot(const struct report *r, const char *path, struct sonata_error *err)
{
    struct bytes out = {0};
    put(&out, "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>sonata bench</title>\n"
              "<style>body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 "
              "1em;color:#222}svg{width:100%%;height:auto;font-size:12px}"
              ".g{stroke:#ddd}table{border-collapse:collapse}td,th{padding:.2em .6em;border-bottom:1px solid #ddd;text-align:right}"
              "td:first-child,th:first-child{text-align:left}</style>\n<h1>");
    put_escaped(&out, r->p->space.name);
    put(&out, "</h1><p>%u seeds; medians with quartile bands; best-known front: %zu members, ", r->o->seeds, r->reference->front.n);
    put_escaped(&out, r->reference->how);
    put(&out, "; objectives: ");
    for (unsigned j = 0; j < r->p->n_objectives; j++) {
        put_escaped(&out, r->p->quantity[r->p->objective[j].truth].column);
        put(&out, " (%s)", r->p->objective[j].maximise ? "max" : "min");
        put(&out, "%s", j + 1 < r->p->n_objectives ? ", " : ".</p>\n");
    }
    put_curves(&out, r);
    put_table(&out, r);
    put_front(&out, r);
    put(&out, "</html>\n");
    int code = file_write_atomic(path, out.data, out.size, err);
    bytes_fini(&out);
    return code;
}
