/* Plain SVG pictures of the report: they are in the page from the start and stay when ECharts is not built in or scripts are off. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/medium.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/outputs.h"
#include "cli/report.h"

enum { WIDTH = 900, HEIGHT = 420, LEFT = 80, RIGHT = 20, TOP = 20, BOTTOM = 60, TICKS = 5 };

struct frame {
    double x0, x1, y0, y1; /* data range, widened a little */
};

static double place_x(const struct frame *f, double x)
{
    return LEFT + (x - f->x0) / (f->x1 - f->x0) * (WIDTH - LEFT - RIGHT);
}

static double place_y(const struct frame *f, double y)
{
    return HEIGHT - BOTTOM - (y - f->y0) / (f->y1 - f->y0) * (HEIGHT - TOP - BOTTOM);
}

static void widen(double *low, double *high)
{
    double margin = (*high - *low) * 0.05;
    if (!(margin > 0))
        margin = fabs(*low) * 0.05 + 1e-9;
    *low -= margin;
    *high += margin;
}

static void svg_begin(struct bytes *out, const struct frame *f, const char *x_title, const char *y_title)
{
    bytes_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" font-size=\"12\" fill=\"#5c6b7a\">\n", WIDTH, HEIGHT);
    for (int i = 0; i <= TICKS; i++) {
        char text[24];
        double x = f->x0 + (f->x1 - f->x0) * i / TICKS, y = f->y0 + (f->y1 - f->y0) * i / TICKS;
        format_value(x, text);
        bytes_printf(
            out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#eef1f4\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            place_x(f, x), place_x(f, x), TOP, HEIGHT - BOTTOM, place_x(f, x), HEIGHT - BOTTOM + 18, text);
        format_value(y, text);
        bytes_printf(
            out, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#eef1f4\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
            LEFT, WIDTH - RIGHT, place_y(f, y), place_y(f, y), LEFT - 8, place_y(f, y) + 4, text);
    }
    bytes_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (WIDTH + LEFT) / 2, HEIGHT - 14);
    html_text(out, x_title);
    bytes_printf(out, "</text><text transform=\"translate(18 %d) rotate(-90)\" text-anchor=\"middle\">", (HEIGHT - BOTTOM + TOP) / 2);
    html_text(out, y_title);
    bytes_printf(out, "</text>\n");
}

static bool objective_value(const struct results *r, const struct results_individual *x, unsigned o, double *ret)
{
    if (o >= r->spec.n_objectives)
        return false;
    const struct metric_value *v = results_value(x, r->spec.objective[o].metric, r->spec.objective[o].board);
    if (!v || !isfinite(v->value))
        return false;
    *ret = v->value;
    return true;
}

static void axis_title(const struct results *r, unsigned o, char text[128])
{
    const char *unit = metric_unit(r->spec.objective[o].metric);
    char name[METRIC_NAME_MAX + BOARD_NAME_MAX + 2];
    results_heading(r->spec.objective[o].metric, r->spec.objective[o].board, name);
    snprintf(text, 128, "%s%s%s", name, unit[0] ? ", " : "", unit);
}

static bool front_frame(const struct results *r, struct frame *f)
{
    *f = (struct frame){INFINITY, -INFINITY, INFINITY, -INFINITY};
    for (size_t i = 0; i < r->n_individuals; i++) {
        double x, y;
        if (!objective_value(r, &r->individual[i], 1, &x) || !objective_value(r, &r->individual[i], 0, &y))
            continue;
        f->x0 = fmin(f->x0, x);
        f->x1 = fmax(f->x1, x);
        f->y0 = fmin(f->y0, y);
        f->y1 = fmax(f->y1, y);
    }
    if (f->x0 > f->x1)
        return false;
    widen(&f->x0, &f->x1);
    widen(&f->y0, &f->y1);
    return true;
}

void report_svg_front(const struct results *r, struct bytes *out)
{
    struct frame f;
    char x_title[128], y_title[128];
    if (r->spec.n_objectives < 2 || !front_frame(r, &f)) {
        bytes_printf(out, "<p class=\"note\">Nothing to draw yet.</p>\n");
        return;
    }
    axis_title(r, 1, x_title);
    axis_title(r, 0, y_title);
    svg_begin(out, &f, x_title, y_title);
    for (unsigned pass = 0; pass < 2; pass++) { /* the front on top */
        for (size_t i = 0; i < r->n_individuals; i++) {
            const struct results_individual *p = &r->individual[i];
            double x, y;
            if (p->on_front != (pass == 1) || !objective_value(r, p, 1, &x) || !objective_value(r, p, 0, &y))
                continue;
            const char *look = pass ? "r=\"5\" fill=\"#d9480f\" fill-opacity=\"1\"" : "r=\"3\" fill=\"#94a3b3\" fill-opacity=\"0.55\"";
            bytes_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" %s><title>#%llu</title></circle>\n", place_x(&f, x), place_y(&f, y), look,
                         (unsigned long long)p->id);
        }
    }
    bytes_printf(out, "</svg>\n");
}

static int by_order(const void *a, const void *b)
{
    const struct results_individual *x = *(const struct results_individual *const *)a, *y = *(const struct results_individual *const *)b;
    return x->told_order < y->told_order ? -1 : x->told_order > y->told_order;
}

void report_svg_hypervolume(const struct results *r, struct bytes *out)
{
    const struct results_individual **told = xcalloc(r->n_individuals + 1, sizeof *told);
    size_t n = 0;
    double top = 0;
    for (size_t i = 0; i < r->n_individuals; i++) {
        if (!r->individual[i].told_order || !isfinite(r->individual[i].hypervolume))
            continue;
        told[n++] = &r->individual[i];
        top = fmax(top, r->individual[i].hypervolume);
    }
    if (n) {
        qsort(told, n, sizeof *told, by_order);
        struct frame f = {0, (double)n, 0, top > 0 ? top * 1.05 : 1};
        svg_begin(out, &f, "results", "hypervolume");
        bytes_printf(out, "<polyline fill=\"none\" stroke=\"#0b6bcb\" stroke-width=\"2\" points=\"");
        for (size_t i = 0; i < n; i++)
            bytes_printf(out, "%.1f,%.1f ", place_x(&f, (double)i + 1), place_y(&f, told[i]->hypervolume));
        bytes_printf(out, "\"/>\n</svg>\n");
    } else {
        bytes_printf(out, "<p class=\"note\">Nothing to draw yet.</p>\n");
    }
    free(told);
}
