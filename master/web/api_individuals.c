/* Many individuals at once: columns of a search's mirror as rows, its front, and which choices the front prefers. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/results.h"
#include "web/api.h"

enum { LIMIT_DEFAULT = 1000, LIMIT_MAX = 50000 };

typedef void (*column_write)(struct bytes *b, const struct mirror *m, const struct mirror_row *r);

#define COLUMN(name, call)                                                                                                                           \
    static void column_##name(struct bytes *b, const struct mirror *m, const struct mirror_row *r)                                                   \
    {                                                                                                                                                \
        (void)m;                                                                                                                                     \
        call;                                                                                                                                        \
    }
COLUMN(id, out_unsigned(b, NULL, r->id))
COLUMN(state, out_text(b, NULL, row_state_name(r)))
COLUMN(front, out_bool(b, NULL, r->on_front))
COLUMN(arm, out_text(b, NULL, m->text[r->arm]))
COLUMN(board, out_text(b, NULL, m->text[r->board]))
COLUMN(generation, out_unsigned(b, NULL, r->generation))
COLUMN(order, out_unsigned(b, NULL, r->told_order))
COLUMN(measurements, out_unsigned(b, NULL, r->measured))
COLUMN(flags, out_unsigned(b, NULL, r->flags))
COLUMN(reused, out_bool(b, NULL, r->reused))
COLUMN(reason, out_text(b, NULL, r->reason ? r->reason : ""))
COLUMN(told, out_time(b, NULL, r->told_wall_ns))
COLUMN(hypervolume, out_number(b, NULL, r->hypervolume))
#undef COLUMN

static void column_parents(struct bytes *b, const struct mirror *m, const struct mirror_row *r)
{
    (void)m;
    out_open(b, NULL, '[');
    for (unsigned i = 0; i < 2; i++) {
        if (r->parent[i] >= 0)
            out_integer(b, NULL, r->parent[i]);
    }
    out_close(b, ']');
}

static void column_genes(struct bytes *b, const struct mirror *m, const struct mirror_row *r)
{
    char text[SPACE_GENES_MAX + 1];
    row_genes(m, r, text);
    out_text(b, NULL, text);
}

static void write_doubles(struct bytes *b, const double *v, unsigned n)
{
    out_open(b, NULL, '[');
    for (unsigned k = 0; k < n; k++)
        out_number(b, NULL, v[k]);
    out_close(b, ']');
}

static void write_floats(struct bytes *b, const float *v, unsigned n)
{
    out_open(b, NULL, '[');
    for (unsigned k = 0; k < n; k++)
        out_float(b, NULL, v[k]);
    out_close(b, ']');
}

static void column_values(struct bytes *b, const struct mirror *m, const struct mirror_row *r) { write_doubles(b, r->value, m->spec.n_objectives); }

static void column_constraints(struct bytes *b, const struct mirror *m, const struct mirror_row *r)
{
    write_doubles(b, r->constraint, m->spec.n_constraints);
}

static void column_low(struct bytes *b, const struct mirror *m, const struct mirror_row *r) { write_floats(b, r->low, m->spec.n_objectives); }

static void column_high(struct bytes *b, const struct mirror *m, const struct mirror_row *r) { write_floats(b, r->high, m->spec.n_objectives); }

static void write_predicted(struct bytes *b, const struct mirror *m, const struct mirror_row *r, const float *v)
{
    if (r->predicted)
        write_floats(b, v, m->spec.n_objectives);
    else
        out_null(b, NULL);
}

static void column_predicted(struct bytes *b, const struct mirror *m, const struct mirror_row *r) { write_predicted(b, m, r, r->mean); }

static void column_sd(struct bytes *b, const struct mirror *m, const struct mirror_row *r) { write_predicted(b, m, r, r->sd); }

static const struct column {
    const char *name;
    column_write write;
} columns[] = {
    {"id", column_id},
    {"state", column_state},
    {"front", column_front},
    {"values", column_values},
    {"low", column_low},
    {"high", column_high},
    {"constraints", column_constraints},
    {"genes", column_genes},
    {"arm", column_arm},
    {"parents", column_parents},
    {"generation", column_generation},
    {"order", column_order},
    {"told", column_told},
    {"hypervolume", column_hypervolume},
    {"predicted", column_predicted},
    {"sd", column_sd},
    {"board", column_board},
    {"flags", column_flags},
    {"measurements", column_measurements},
    {"reused", column_reused},
    {"reason", column_reason},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

struct selection {
    unsigned n;
    const struct column *column[COLUMNS];
};

/* "id,values,genes"; absent: all. false: the name at *ret_wrong is not one. */
static bool select_columns(const char *text, struct selection *s, const char **ret_wrong)
{
    s->n = 0;
    for (unsigned k = 0; !text && k < COLUMNS; k++)
        s->column[s->n++] = &columns[k];
    while (text && *text) {
        size_t n = strcspn(text, ","), k = 0;
        while (k < COLUMNS && (strlen(columns[k].name) != n || strncmp(columns[k].name, text, n) != 0))
            k++;
        *ret_wrong = text;
        if (k == COLUMNS || s->n == COLUMNS)
            return false;
        s->column[s->n++] = &columns[k];
        text += n + (text[n] == ',');
    }
    return true;
}

static void write_row(struct bytes *b, const struct mirror *m, const struct mirror_row *r, const struct selection *s)
{
    out_open(b, NULL, '[');
    for (unsigned k = 0; k < s->n; k++)
        s->column[k]->write(b, m, r);
    out_close(b, ']');
}

static void write_head(struct call *c, const struct mirror *m, const struct selection *s)
{
    out_open(&c->out, NULL, '{');
    out_unsigned(&c->out, "search", m->id);
    out_unsigned(&c->out, "revision", m->revision);
    out_unsigned(&c->out, "total", m->n_rows);
    out_open(&c->out, "columns", '[');
    for (unsigned k = 0; k < s->n; k++)
        out_text(&c->out, NULL, s->column[k]->name);
    out_close(&c->out, ']');
    out_open(&c->out, "rows", '[');
}

/* next: where the following page begins, null: there is none. */
static void write_tail(struct call *c, const struct mirror_row *next)
{
    out_close(&c->out, ']');
    if (next)
        out_unsigned(&c->out, "next", next->id);
    else
        out_null(&c->out, "next");
    out_close(&c->out, '}');
    call_finish(c);
}

static bool read_columns(struct call *c, struct selection *s)
{
    const char *wrong;
    if (select_columns(http_query(c->request, "columns"), s, &wrong))
        return true;
    call_fail(c, -EINVAL, "columns: '%.40s' is not one; openapi.json lists them", wrong);
    return false;
}

static void use_individuals(struct call *c, const struct mirror *m)
{
    struct selection s;
    uint64_t from, since, limit;
    if (!read_columns(c, &s) || !call_number(c, "from", UINT64_MAX, 0, &from) || !call_number(c, "since", UINT64_MAX, 0, &since) ||
        !call_number(c, "limit", LIMIT_MAX, LIMIT_DEFAULT, &limit))
        return;
    const char *state = http_query(c->request, "state");
    const struct mirror_row *next = NULL;
    write_head(c, m, &s);
    for (size_t i = 0; i < m->n_rows && !next; i++) {
        const struct mirror_row *r = &m->row[i];
        if (r->id < from || r->revision <= since || (state && strcmp(state, row_state_name(r)) != 0))
            continue;
        if (!limit)
            next = r;
        else
            write_row(&c->out, m, r, &s);
        limit -= limit > 0;
    }
    write_tail(c, next);
}

void api_individuals(struct call *c) { call_mirror(c, use_individuals); }

static void use_front(struct call *c, const struct mirror *m)
{
    struct selection s;
    if (!read_columns(c, &s))
        return;
    write_head(c, m, &s);
    for (size_t i = 0; i < m->n_rows; i++) {
        if (m->row[i].on_front)
            write_row(&c->out, m, &m->row[i], &s);
    }
    write_tail(c, NULL);
}

void api_front(struct call *c) { call_mirror(c, use_front); }

struct census {
    unsigned all, front;
    unsigned count[2][SPACE_GENES_MAX][SPACE_CHOICES_MAX]; /* [on the front?] */
    unsigned silent[2][SPACE_GENES_MAX];
};

static void count_row(const struct mirror *m, const struct mirror_row *r, struct census *n)
{
    const struct space *s = &m->spec.space;
    struct genotype g = {{0}};
    bool active[SPACE_GENES_MAX];
    memcpy(g.allele, r->allele, s->n_genes);
    space_active(s, &g, active);
    n->all++;
    n->front += r->on_front;
    for (unsigned front = 0; front <= r->on_front; front++) {
        for (unsigned j = 0; j < s->n_genes; j++) {
            if (active[j])
                n->count[front][j][g.allele[j]]++;
            else
                n->silent[front][j]++;
        }
    }
}

static void write_counts(struct bytes *b, const char *key, const unsigned *count, unsigned n)
{
    out_open(b, key, '[');
    for (unsigned v = 0; v < n; v++)
        out_unsigned(b, NULL, count[v]);
    out_close(b, ']');
}

/* How often each choice was measured and how often it is on the front: the allele map is the difference of the shares. */
static void use_genes(struct call *c, const struct mirror *m)
{
    const struct space *s = &m->spec.space;
    struct census *n = xcalloc(1, sizeof *n);
    for (size_t i = 0; i < m->n_rows; i++) {
        if (m->row[i].state == MIRROR_DONE)
            count_row(m, &m->row[i], n);
    }
    out_open(&c->out, NULL, '{');
    out_unsigned(&c->out, "measured", n->all);
    out_unsigned(&c->out, "front", n->front);
    out_open(&c->out, "genes", '[');
    for (unsigned j = 0; j < s->n_genes; j++) {
        out_open(&c->out, NULL, '{');
        out_text(&c->out, "name", s->gene[j].name);
        write_counts(&c->out, "measured", n->count[0][j], s->gene[j].n_choices);
        write_counts(&c->out, "front", n->count[1][j], s->gene[j].n_choices);
        out_unsigned(&c->out, "silent", n->silent[0][j]);
        out_close(&c->out, '}');
    }
    out_close(&c->out, ']');
    out_close(&c->out, '}');
    free(n);
    call_finish(c);
}

void api_genes(struct call *c) { call_mirror(c, use_genes); }
