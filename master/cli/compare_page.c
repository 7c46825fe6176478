/* The page of a comparison: what the terminal says, the fronts, and what half of the runs of each setting attain. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/medium.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/compare_page.h"
#include "cli/html_page.h"

enum { WIDTH = 860, HEIGHT = 460, LEFT = 76, BOTTOM = 52, TOP = 14, RIGHT = 14, TICKS = 5, COLOURS = 6, RADIUS = 5 };

#define SURE 0.05

void compare_verdict(const struct comparison *c, const struct compare_pair *x, char text[120])
{
    const struct compare_group *better = &c->group[x->superiority >= 0.5 ? x->a : x->b];
    if (isnan(x->p))
        snprintf(text, 120, "fewer than 3 runs of one: nothing can be said");
    else if (x->p < SURE)
        snprintf(text, 120, "%.80s is better", better->name);
    else
        snprintf(text, 120, "no difference beyond chance");
}

/* Of a minimised objective as people read it. */
static double shown(const struct comparison *c, unsigned k, double v) { return c->run[0].results->spec.objective[k].goal == GOAL_MAX ? -v : v; }

static double place(const struct comparison *c, unsigned k, double v)
{
    double a = shown(c, k, c->ideal[k]), b = shown(c, k, c->worst[k]), low = fmin(a, b), high = fmax(a, b), margin = 0.03 * (high - low);
    double at = (shown(c, k, v) - low + margin) / (high - low + 2 * margin);
    return k ? TOP + (1 - at) * (HEIGHT - TOP - BOTTOM) : LEFT + at * (WIDTH - LEFT - RIGHT);
}

static void axis_name(const struct comparison *c, unsigned k, struct bytes *out)
{
    const struct objective *o = &c->run[0].results->spec.objective[k];
    char name[METRIC_NAME_MAX + BOARD_NAME_MAX + 2];
    results_heading(o->metric, o->board, name);
    html_text(out, name);
    const char *unit = metric_unit(o->metric);
    if (unit[0])
        bytes_printf(out, ", %s", unit);
}

static void put_axes(const struct comparison *c, struct bytes *out)
{
    for (int i = 0; i <= TICKS; i++) {
        char text[24];
        double x = c->ideal[0] + (c->worst[0] - c->ideal[0]) * i / TICKS, y = c->ideal[1] + (c->worst[1] - c->ideal[1]) * i / TICKS;
        format_value(shown(c, 0, x), text);
        bytes_printf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", place(c, 0, x), HEIGHT - BOTTOM + 18, text);
        format_value(shown(c, 1, y), text);
        bytes_printf(
            out,
            "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text><line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"var(--line)\"/>\n",
            LEFT - 8, place(c, 1, y) + 4, text, LEFT, WIDTH - RIGHT, place(c, 1, y), place(c, 1, y));
    }
    bytes_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (WIDTH + LEFT) / 2, HEIGHT - 12);
    axis_name(c, 0, out);
    bytes_printf(out, "</text><text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">", HEIGHT / 2);
    axis_name(c, 1, out);
    bytes_printf(out, "</text>\n");
}

/* Marks differ by shape, too. */
static void put_mark(struct bytes *out, unsigned group, double x, double y)
{
    unsigned colour = group % COLOURS;
    if (group % 3 == 0)
        bytes_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%d\" fill=\"none\" stroke=\"var(--s%u)\" stroke-width=\"2\"/>", x, y, RADIUS, colour);
    else if (group % 3 == 1)
        bytes_printf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" fill=\"var(--s%u)\"/>", x - RADIUS + 1, y - RADIUS + 1,
                     2 * RADIUS - 2, 2 * RADIUS - 2, colour);
    else
        bytes_printf(out, "<path d=\"M%.1f %.1fl%d %dh%dz\" fill=\"var(--s%u)\"/>", x, y - RADIUS, RADIUS, 2 * RADIUS, -2 * RADIUS, colour);
    bytes_printf(out, "\n");
}

static void put_attained(const struct comparison *c, unsigned group, struct bytes *out)
{
    size_t n;
    double *corner = compare_attained(c, group, 0.5, &n);
    bytes_printf(out, "<path fill=\"none\" stroke=\"var(--s%u)\" stroke-width=\"2\" d=\"", group % COLOURS);
    for (size_t i = 0; i < n; i++) {
        double x = place(c, 0, corner[2 * i]), y = place(c, 1, corner[2 * i + 1]);
        bytes_printf(out, i ? "H%.1fV%.1f" : "M%.1f %.1f", x, y);
    }
    bytes_printf(out, "\"/>\n");
    free(corner);
}

static void put_picture(const struct comparison *c, struct bytes *out)
{
    bytes_printf(out,
                 "<section><h2>Fronts</h2><p class=\"note\">Marks: the fronts of all runs. Lines: what half of the runs of a setting attain.</p>"
                 "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"fronts\" font-size=\"12\" fill=\"var(--soft)\">\n",
                 WIDTH, HEIGHT);
    put_axes(c, out);
    for (unsigned g = 0; g < c->n_groups; g++)
        put_attained(c, g, out);
    for (unsigned i = 0; i < c->n; i++) {
        for (size_t p = 0; p < c->run[i].n_front; p++)
            put_mark(out, c->run[i].group, place(c, 0, c->run[i].front[2 * p]), place(c, 1, c->run[i].front[2 * p + 1]));
    }
    bytes_printf(out, "</svg><p>");
    for (unsigned g = 0; g < c->n_groups; g++) {
        bytes_printf(out, "<svg viewBox=\"0 0 16 14\" style=\"display:inline;width:16px;height:14px\" aria-hidden=\"true\">");
        put_mark(out, g, 8, 7);
        bytes_printf(out, "</svg> ");
        html_text(out, c->group[g].name);
        bytes_printf(out, " &nbsp; ");
    }
    bytes_printf(out, "</p></section>\n");
}

static void put_runs(const struct comparison *c, struct bytes *out)
{
    bytes_printf(out, "<section><h2>Searches</h2>");
    html_table_begin(out, ">id|name|setting|>seed|state|>results|>front|>of the box");
    for (unsigned i = 0; i < c->n; i++) {
        const struct results *r = c->run[i].results;
        html_row_begin(out);
        html_cell(out, true, "%llu", (unsigned long long)r->status.id);
        html_cell(out, false, "%s", r->spec.name);
        html_cell(out, false, "%s", c->group[c->run[i].group].name);
        html_cell(out, true, "%llu", (unsigned long long)r->spec.seed);
        html_cell(out, false, "%s", r->status.state);
        html_cell(out, true, "%u", r->status.told);
        html_cell(out, true, "%zu", c->run[i].n_front);
        html_cell(out, true, "%.2f %%", 100 * c->run[i].hypervolume);
        html_row_end(out);
    }
    html_table_end(out);
    bytes_printf(out, "</section>\n");
}

static void put_groups(const struct comparison *c, struct bytes *out)
{
    bytes_printf(out, "<section><h2>Settings</h2><p class=\"note\">Hypervolume in the common box over the runs of a setting.</p>");
    html_table_begin(out, "setting|>runs|>median|>quartiles");
    for (unsigned g = 0; g < c->n_groups; g++) {
        const struct compare_group *x = &c->group[g];
        html_row_begin(out);
        html_cell(out, false, "%s", x->name);
        html_cell(out, true, "%u", x->n);
        html_cell(out, true, "%.2f %%", 100 * x->median);
        html_cell(out, true, "%.2f to %.2f %%", 100 * x->low, 100 * x->high);
        html_row_end(out);
    }
    html_table_end(out);
    if (c->n_pairs)
        html_table_begin(out, "setting|against|>chance that a run of it is better|>p|says");
    for (unsigned i = 0; i < c->n_pairs; i++) {
        const struct compare_pair *x = &c->pair[i];
        char says[120], p[24] = "";
        compare_verdict(c, x, says);
        if (!isnan(x->p))
            snprintf(p, sizeof p, "%.3g", x->p);
        html_row_begin(out);
        html_cell(out, false, "%s", c->group[x->a].name);
        html_cell(out, false, "%s", c->group[x->b].name);
        html_cell(out, true, "%.0f %%", 100 * x->superiority);
        html_cell(out, true, "%s", p);
        html_cell(out, false, "%s", says);
        html_row_end(out);
    }
    if (c->n_pairs)
        html_table_end(out);
    bytes_printf(out, "</section>\n");
}

static void put_coverage(const struct comparison *c, struct bytes *out)
{
    cleanup_bytes struct bytes columns = {0};
    bytes_printf(&columns, "search");
    for (unsigned i = 0; i < c->n; i++)
        bytes_printf(&columns, "|>%llu", (unsigned long long)c->run[i].results->status.id);
    bytes_put_u8(&columns, 0);
    bytes_printf(out, "<section><h2>C metric</h2><p class=\"note\">Share of the column's front that the row's dominates or equals.</p>");
    html_table_begin(out, (const char *)columns.data);
    for (unsigned a = 0; a < c->n; a++) {
        html_row_begin(out);
        html_cell(out, false, "%llu %s", (unsigned long long)c->run[a].results->status.id, c->run[a].results->spec.name);
        for (unsigned b = 0; b < c->n; b++) {
            if (a == b)
                html_cell(out, true, "–");
            else
                html_cell(out, true, "%.0f %%", 100 * compare_coverage(c, a, b));
        }
        html_row_end(out);
    }
    html_table_end(out);
    bytes_printf(out, "</section>\n");
}

void compare_page(const struct comparison *c, struct bytes *out)
{
    html_page_begin(out, "Searches compared",
                    "Written by sonata compare. The box reaches from the best value of each objective to a tenth beyond the worst on any front.");
    put_groups(c, out);
    if (c->m == 2)
        put_picture(c, out);
    put_runs(c, out);
    put_coverage(c, out);
    html_page_end(out);
}
