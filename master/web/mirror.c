/* See mirror.h. A refresh asks for the status; when its counters moved, for the individuals from the first on that was still pending, then for the
 * front (what was on it may have left it). When results were told anew or replicates came, all individuals are read again. */
#include "web/mirror.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

enum { COPIES_MAX = 16, ROWS_MAX = 200000, PAGE = 1000 };

struct waiter {
    struct waiter *next;
    mirror_done done;
    void *user;
};

/* What of a status says whether individuals changed. */
struct counters {
    uint32_t told, pending, screened, infeasible, failed, reused, retold, replicates, retried, front_size;
    double hypervolume;
    char state[16];
};

struct copy {
    struct copy *next;
    struct mirrors *all;
    struct mirror m;
    struct waiter *waiters;
    struct counters seen; /* of the refresh that was completed last */
    struct counters now;
    int64_t fresh_ns, used_ns;  /* begin of the last complete refresh; last time somebody wanted it */
    int64_t began_ns, stale_ns; /* begin of this refresh; when somebody said that the copy is out of date */
    uint64_t from, change;      /* next individual to ask for; number of the changes of this refresh, 0: none so far */
    bool busy, loaded, front_pages;
    size_t n_front, front_capacity;
    uint64_t *front; /* ids, gathered in order */
};

struct mirrors {
    struct upstream *up;
    struct copy *copies;
    uint64_t revision;
    const char *token;
};

static const char *const state_name[] = {"pending", "done", "infeasible", "failed", "screened"};

const char *row_state_name(const struct mirror_row *r) { return state_name[r->state]; }

struct mirrors *mirrors_new(struct upstream *up, uint64_t first_revision, const char *token)
{
    struct mirrors *all = xcalloc(1, sizeof *all);
    all->up = up;
    all->revision = first_revision;
    all->token = token;
    return all;
}

const char *mirrors_token(const struct mirrors *all) { return all->token; }

bool mirrors_are_idle(const struct mirrors *all)
{
    for (const struct copy *c = all->copies; c; c = c->next) {
        if (c->busy)
            return false;
    }
    return true;
}

static void copy_free(struct copy *c)
{
    for (size_t i = 0; i < c->m.n_rows; i++) {
        free(c->m.row[i].reason);
        free(c->m.row[i].allele);
    }
    for (unsigned i = 0; i < c->m.n_texts; i++)
        free(c->m.text[i]);
    free(c->m.row);
    free(c->front);
    free(c);
}

void mirrors_free(struct mirrors *all)
{
    if (!all)
        return;
    for (struct copy *c = all->copies, *next; c; c = next) {
        next = c->next;
        copy_free(c);
    }
    free(all);
}

uint64_t mirrors_next_revision(struct mirrors *all) { return ++all->revision; }

uint64_t mirrors_revision(const struct mirrors *all) { return all->revision; }

/* The least wanted copy makes room. */
static void make_room(struct mirrors *all)
{
    unsigned n = 0;
    struct copy **oldest = NULL;
    for (struct copy **at = &all->copies; *at; at = &(*at)->next) {
        n++;
        if (!(*at)->busy && (!oldest || (*at)->used_ns < (*oldest)->used_ns))
            oldest = at;
    }
    if (n < COPIES_MAX || !oldest)
        return;
    struct copy *c = *oldest;
    *oldest = c->next;
    copy_free(c);
}

static struct copy *find_copy(const struct mirrors *all, uint64_t search)
{
    for (struct copy *c = all->copies; c; c = c->next) {
        if (c->m.id == search)
            return c;
    }
    return NULL;
}

static struct copy *copy_of(struct mirrors *all, uint64_t search)
{
    struct copy *c = find_copy(all, search);
    if (c)
        return c;
    make_room(all);
    c = xcalloc(1, sizeof *c);
    c->all = all;
    c->m.id = search;
    c->next = all->copies;
    all->copies = c;
    return c;
}

static void refresh(struct copy *c);

static void finish(struct copy *c, int code, const char *reason)
{
    if (!code && c->stale_ns > c->began_ns) {
        refresh(c);
        return;
    }
    struct waiter *list = c->waiters;
    c->waiters = NULL;
    c->busy = false;
    while (list) {
        struct waiter *w = list;
        list = w->next;
        w->done(w->user, code ? NULL : &c->m, code, reason);
        free(w);
    }
}

/* What was never loaded is not kept: its search may not exist. */
static void fail(struct copy *c, int code, const char *reason)
{
    struct mirrors *all = c->all;
    bool loaded = c->loaded;
    finish(c, code, reason);
    if (loaded || c->busy)
        return;
    for (struct copy **at = &all->copies; *at; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            copy_free(c);
            return;
        }
    }
}

static uint16_t text_number(struct mirror *m, const char *text)
{
    for (unsigned i = 0; i < m->n_texts; i++) {
        if (!strcmp(m->text[i], text))
            return (uint16_t)i;
    }
    if (m->n_texts == MIRROR_TEXTS_MAX)
        return MIRROR_TEXTS_MAX - 1;
    m->text[m->n_texts] = xstrdup(text);
    return (uint16_t)m->n_texts++;
}

static uint8_t state_of(const char *text)
{
    for (uint8_t i = 0; i < sizeof state_name / sizeof *state_name; i++) {
        if (!strcmp(text, state_name[i]))
            return i;
    }
    return MIRROR_PENDING;
}

static void take_objective(const struct results_individual *x, const struct objective *o, unsigned k, struct mirror_row *r)
{
    const struct metric_value *v = results_value(x, o->metric, o->board);
    r->value[k] = v ? v->value : (double)NAN;
    r->low[k] = v ? (float)v->low : NAN;
    r->high[k] = v ? (float)v->high : NAN;
    r->mean[k] = x->predicted ? (float)x->mean[k] : NAN;
    r->sd[k] = x->predicted ? (float)x->sd[k] : NAN;
}

/* Borrows the reason and the alleles of x. */
static void row_of(struct mirror *m, struct results_individual *x, struct mirror_row *r)
{
    memset(r, 0, sizeof *r);
    r->id = x->id;
    r->told_wall_ns = x->told_wall_ns;
    r->hypervolume = x->told_order ? x->hypervolume : (double)NAN;
    for (unsigned k = 0; k < m->spec.n_objectives; k++)
        take_objective(x, &m->spec.objective[k], k, r);
    for (unsigned k = 0; k < m->spec.n_constraints; k++) {
        const struct metric_value *v = results_value(x, m->spec.constraint[k].metric, m->spec.constraint[k].board);
        r->constraint[k] = v ? v->value : (double)NAN;
    }
    for (unsigned i = 0; i < 2; i++)
        r->parent[i] = x->parent[i] < INT32_MAX ? (int32_t)x->parent[i] : -1;
    r->generation = x->generation;
    r->told_order = x->told_order;
    r->measured = x->measured;
    r->arm = text_number(m, x->arm);
    r->board = text_number(m, x->board);
    r->flags = (uint16_t)x->flags;
    r->state = state_of(x->state);
    r->on_front = x->on_front;
    r->reused = x->reused;
    r->predicted = x->predicted;
    r->reason = x->reason[0] ? x->reason : NULL;
    r->allele = x->genotype.allele;
}

static bool is_same(const struct mirror *m, const struct mirror_row *a, const struct mirror_row *b)
{
    struct mirror_row x = *a, y = *b;
    bool reason = (!a->reason && !b->reason) || (a->reason && b->reason && !strcmp(a->reason, b->reason));
    bool genes = !memcmp(a->allele, b->allele, m->spec.space.n_genes);
    x.revision = y.revision = 0;
    x.reason = y.reason = NULL;
    x.allele = y.allele = NULL;
    return reason && genes && !memcmp(&x, &y, sizeof x);
}

/* Where the row of that id is or belongs. */
static size_t position(const struct mirror *m, uint64_t id)
{
    size_t low = 0, high = m->n_rows;
    if (high && m->row[high - 1].id < id)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->row[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct mirror_row *mirror_find(const struct mirror *m, uint64_t individual)
{
    size_t i = position(m, individual);
    return i < m->n_rows && m->row[i].id == individual ? &m->row[i] : NULL;
}

static uint64_t change_number(struct copy *c)
{
    if (!c->change)
        c->change = mirrors_next_revision(c->all);
    return c->change;
}

static int upsert(struct copy *c, const struct mirror_row *r)
{
    struct mirror *m = &c->m;
    size_t i = position(m, r->id);
    bool known = i < m->n_rows && m->row[i].id == r->id;
    if (known && is_same(m, &m->row[i], r))
        return 0;
    if (!known && m->n_rows >= ROWS_MAX)
        return -EFBIG;
    if (!known) {
        m->row = xgrow(m->row, &m->capacity, m->n_rows + 1, sizeof *m->row);
        memmove(m->row + i + 1, m->row + i, (m->n_rows - i) * sizeof *m->row);
        m->n_rows++;
        memset(&m->row[i], 0, sizeof *m->row);
    }
    struct mirror_row *to = &m->row[i];
    free(to->reason);
    free(to->allele);
    *to = *r;
    to->reason = r->reason ? xstrdup(r->reason) : NULL;
    to->allele = xmemdup(r->allele, m->spec.space.n_genes ? m->spec.space.n_genes : 1);
    to->revision = change_number(c);
    return 0;
}

static void note_front(struct copy *c, uint64_t id)
{
    c->front = xgrow(c->front, &c->front_capacity, c->n_front + 1, sizeof *c->front);
    c->front[c->n_front++] = id;
}

static int take_page(struct copy *c, const Sonata__Reply *reply, struct sonata_error *err)
{
    for (size_t i = 0; i < reply->n_individuals; i++) {
        struct results_individual x;
        struct mirror_row r;
        int code = results_individual_from_message(&c->m.spec, reply->individuals[i], &x, err);
        if (code)
            return code;
        row_of(&c->m, &x, &r);
        code = upsert(c, &r);
        if (code)
            return sonata_error_set(err, code, "more than %d individuals", ROWS_MAX);
        if (c->front_pages)
            note_front(c, x.id);
        if (x.id >= c->from)
            c->from = x.id + 1;
    }
    return 0;
}

/* The front's ids come in order. Whatever else was on it has left it. */
static void settle_front(struct copy *c)
{
    size_t k = 0;
    for (size_t i = 0; i < c->m.n_rows; i++) {
        struct mirror_row *r = &c->m.row[i];
        while (k < c->n_front && c->front[k] < r->id)
            k++;
        bool on = k < c->n_front && c->front[k] == r->id;
        if (r->on_front == on)
            continue;
        r->on_front = on;
        r->revision = change_number(c);
    }
}

static void ask_page(struct copy *c);

static void complete(struct copy *c)
{
    settle_front(c);
    c->loaded = true;
    c->seen = c->now;
    c->fresh_ns = c->began_ns;
    c->m.revision = change_number(c);
    finish(c, 0, NULL);
}

static void on_page(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct copy *c = user;
    struct sonata_error err = {{0}};
    if (!code) {
        code = take_page(c, reply, &err);
        reason = err.text;
    }
    if (code) {
        fail(c, code, reason);
        return;
    }
    bool more = reply->more && reply->n_individuals;
    if (!more && c->front_pages) {
        complete(c);
        return;
    }
    if (!more) {
        c->front_pages = true;
        c->from = 0;
    }
    ask_page(c);
}

static void ask_page(struct copy *c)
{
    Sonata__GetIndividuals get = SONATA__GET_INDIVIDUALS__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    get.search = c->m.id;
    get.from = c->from;
    get.max = PAGE;
    get.front_only = c->front_pages;
    request.verb_case = SONATA__REQUEST__VERB_INDIVIDUALS;
    request.individuals = &get;
    upstream_ask(c->all->up, &request, c->all->token, on_page, c);
}

static struct counters counters_of(const struct results_status *s)
{
    struct counters c;
    memset(&c, 0, sizeof c);
    c.told = s->told;
    c.pending = s->pending;
    c.screened = s->screened;
    c.infeasible = s->infeasible;
    c.failed = s->failed;
    c.reused = s->reused;
    c.retold = s->retold;
    c.replicates = s->replicates;
    c.retried = s->retried;
    c.front_size = s->front_size;
    c.hypervolume = s->hypervolume;
    copy_string(c.state, sizeof c.state, s->state);
    return c;
}

/* Individuals below it are as they were, unless some were told anew. */
static uint64_t first_open(const struct copy *c)
{
    const struct counters *a = &c->seen, *b = &c->now;
    if (!c->loaded || a->retold != b->retold || a->replicates != b->replicates || a->retried != b->retried)
        return 0;
    for (size_t i = 0; i < c->m.n_rows; i++) {
        if (c->m.row[i].state == MIRROR_PENDING || c->m.row[i].state == MIRROR_SCREENED)
            return c->m.row[i].id;
    }
    return c->m.n_rows ? c->m.row[c->m.n_rows - 1].id + 1 : 0;
}

static int take_show(struct copy *c, const Sonata__Reply *reply, struct sonata_error *err)
{
    if (reply->n_searches != 1 || !reply->searches[0]->spec)
        return sonata_error_set(err, -EBADMSG, "the master sent no description of search %llu", (unsigned long long)c->m.id);
    int code = results_from_status_message(reply->searches[0], &c->m.status, err);
    return code ? code : spec_from_message(reply->searches[0]->spec, &c->m.spec, err);
}

static void on_show(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct copy *c = user;
    struct sonata_error err = {{0}};
    if (!code) {
        code = take_show(c, reply, &err);
        reason = err.text;
    }
    if (code) {
        fail(c, code, reason);
        return;
    }
    c->now = counters_of(&c->m.status);
    if (c->loaded && !memcmp(&c->now, &c->seen, sizeof c->now)) {
        c->fresh_ns = c->began_ns;
        finish(c, 0, NULL);
        return;
    }
    c->from = first_open(c);
    c->front_pages = false;
    c->n_front = 0;
    ask_page(c);
}

static void refresh(struct copy *c)
{
    Sonata__ShowSearch show = SONATA__SHOW_SEARCH__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    c->busy = true;
    c->change = 0;
    c->began_ns = clock_monotonic_ns();
    show.search = c->m.id;
    request.verb_case = SONATA__REQUEST__VERB_SHOW;
    request.show = &show;
    upstream_ask(c->all->up, &request, c->all->token, on_show, c);
}

void mirror_get(struct mirrors *all, uint64_t search, int64_t fresh_ns, mirror_done done, void *user)
{
    struct copy *c = copy_of(all, search);
    c->used_ns = clock_monotonic_ns();
    if (c->loaded && !c->busy && c->fresh_ns && c->used_ns - c->fresh_ns < fresh_ns) {
        done(user, &c->m, 0, NULL);
        return;
    }
    struct waiter *w = xcalloc(1, sizeof *w);
    *w = (struct waiter){c->waiters, done, user};
    c->waiters = w;
    if (!c->busy)
        refresh(c);
}

void mirror_stale(struct mirrors *all, uint64_t search)
{
    struct copy *c = find_copy(all, search);
    if (!c)
        return;
    c->stale_ns = clock_monotonic_ns();
    c->fresh_ns = 0;
}

const struct mirror *mirror_peek(const struct mirrors *all, uint64_t search)
{
    const struct copy *c = find_copy(all, search);
    return c && c->loaded ? &c->m : NULL;
}

void row_genes(const struct mirror *m, const struct mirror_row *r, char text[SPACE_GENES_MAX + 1])
{
    const struct space *s = &m->spec.space;
    struct genotype g = {{0}};
    bool active[SPACE_GENES_MAX];
    memcpy(g.allele, r->allele, s->n_genes);
    space_active(s, &g, active);
    for (unsigned j = 0; j < s->n_genes; j++)
        text[j] = active[j] ? "0123456789abcdef"[g.allele[j]] : '.';
    text[s->n_genes] = 0;
}
