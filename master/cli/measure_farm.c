/* See measure_farm.h. To the master such a measurement is a search over a space of one gene whose choices are the files (SearchSpec.models): one for
 * each board type, executor and number of threads, of at most 16 files. So quotas, shares, the store's answers and the list of searches are what they
 * are for every other search. */
#include "cli/measure_farm.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/measure_print.h"
#include "cli/results.h"
#include "cli/session_model.h"

enum { BUDGET_LEAST = 2 }; /* of a search */
static const int64_t LOOK_NS = 200 * SONATA_MS;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* What the choice is called in lists and pages; the file is known by its place. */
static void label_of(const char *path, size_t place, char label[SPACE_LABEL_MAX])
{
    char name[SPACE_LABEL_MAX - 4];
    copy_string(name, sizeof name, base_name(path));
    for (char *p = name; *p; p++) {
        bool plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-", *p) != NULL;
        *p = plain ? *p : '_';
    }
    snprintf(label, SPACE_LABEL_MAX, "%zu_%s", place + 1, name);
}

/* `n` files from the first on, on that board. */
static void fill_spec(const struct farm_run *run, const struct farm_request *r, const struct artefact *model, struct search_spec *s)
{
    struct gene *g = &s->space.gene[0];
    snprintf(s->name, sizeof s->name, "measure %.40s%s", base_name(r->file[run->first]), run->n > 1 ? " …" : "");
    copy_string(s->space.name, sizeof s->space.name, "models");
    copy_string(g->name, sizeof g->name, "model");
    s->space.n_genes = 1;
    g->n_choices = (uint8_t)run->n;
    g->condition_gene = g->block = g->edge_from = g->edge_to = g->none_allele = -1;
    s->n_models = (uint32_t)run->n;
    for (size_t i = 0; i < run->n; i++) {
        label_of(r->file[run->first + i], i, g->label[i]);
        g->value[i] = (double)NAN;
        s->model[i] = model[run->first + i];
    }
    for (unsigned i = 0; i < r->n_metrics; i++) {
        struct objective *o = &s->objective[s->n_objectives++];
        copy_string(o->metric, sizeof o->metric, r->metric[i]);
        copy_string(o->board, sizeof o->board, run->board);
        o->goal = GOAL_MIN;
    }
    copy_string(s->algorithm, sizeof s->algorithm, "random");
    copy_string(s->tier, sizeof s->tier, r->tier);
    copy_string(s->run.executor, sizeof s->run.executor, run->executor);
    s->run.threads = run->threads;
    s->budget_evaluations = (uint32_t)max_of(run->n, (size_t)BUDGET_LEAST); /* it ends when every file was measured */
    s->seed = 1;
}

static int submit(struct session *session, const struct farm_request *r, const struct artefact *model, struct farm_run *run, struct sonata_error *err)
{
    cleanup_free struct search_spec *s = xcalloc(1, sizeof *s);
    fill_spec(run, r, model, s);
    return session_submit(session, s, NULL, &run->search, err);
}

static bool is_over(const char *state) { return !strcmp(state, "done") || !strcmp(state, "failed") || !strcmp(state, "canceled"); }

/* Says once for each reason what holds it up. */
static void say_reason(const struct results_status *st, char said[256])
{
    if (!st->reason[0] || !strcmp(said, st->reason))
        return;
    fprintf(stderr, "sonata measure: search %llu: %s\n", (unsigned long long)st->id, st->reason);
    copy_string(said, 256, st->reason);
}

static int wait_for(struct session *session, struct farm_run *run, struct sonata_error *err)
{
    char said[256] = "";
    for (;;) {
        results_free(run->results);
        run->results = NULL;
        int r = results_fetch_status(session, run->search, &run->results, err);
        if (r)
            return r;
        say_reason(&run->results->status, said);
        if (is_over(run->results->status.state))
            return results_fetch_individuals(session, run->results, false, err);
        clock_sleep_ns(LOOK_NS);
    }
}

/* Every combination of files by 16, board, executor and threads. */
static struct farm_run *runs_of(const struct farm_request *r, size_t *ret_n)
{
    size_t chunks = (r->n_files + SPACE_CHOICES_MAX - 1) / SPACE_CHOICES_MAX, n = 0;
    struct farm_run *run = xcalloc(chunks * r->n_boards * r->n_executors * r->n_threads, sizeof *run);
    for (unsigned b = 0; b < r->n_boards; b++)
        for (unsigned e = 0; e < r->n_executors; e++)
            for (unsigned t = 0; t < r->n_threads; t++)
                for (size_t first = 0; first < r->n_files; first += SPACE_CHOICES_MAX)
                    run[n++] = (struct farm_run){.board = r->board[b],
                                                 .executor = r->executor[e],
                                                 .threads = r->threads[t],
                                                 .first = first,
                                                 .n = min_of(r->n_files - first, (size_t)SPACE_CHOICES_MAX)};
    *ret_n = n;
    return run;
}

static int upload(struct session *session, const struct farm_request *r, struct artefact *model, struct sonata_error *err)
{
    int code = 0;
    for (size_t i = 0; i < r->n_files && !code; i++)
        code = session_put_model(session, r->file[i], &model[i], err);
    return code;
}

/* All are submitted before one is waited for: boards of all types work at the same time. */
static int run_all(struct session *session, const struct farm_request *r, struct farm_run *run, size_t n, struct sonata_error *err)
{
    cleanup_free struct artefact *model = xcalloc(r->n_files, sizeof *model);
    int code = upload(session, r, model, err);
    for (size_t i = 0; i < n && !code; i++)
        code = submit(session, r, model, &run[i], err);
    for (size_t i = 0; i < n && !code; i++)
        code = wait_for(session, &run[i], err);
    return code;
}

int measure_farm(const struct cli_common *common, const struct farm_request *r, struct sonata_error *err)
{
    cleanup_session struct session *session = NULL;
    size_t n;
    int code = session_open_common(common, &session, err);
    if (code)
        return code;
    struct farm_run *run = runs_of(r, &n);
    code = run_all(session, r, run, n, err);
    if (!code)
        code = measure_print(r, run, n, stdout);
    for (size_t i = 0; i < n; i++)
        results_free(run[i].results);
    free(run);
    return code;
}
