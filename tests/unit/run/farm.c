/* See farm.h. */
#include "farm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "domain/space.h"

static void on_assign(void *user, const char *worker, const struct evaluation_job *job)
{
    struct farm *f = user;
    assert_string_equal(worker, "w");
    assert_int_equal(store_pending(f->store), 0); /* never before the lease is durable */
    assert_true(f->n_held < FARM_HELD_MAX);
    f->held[f->n_held++] = (struct farm_held){.job = *job};
}

static void on_cancel(void *user, const char *worker, uint64_t attempt, const char *reason)
{
    struct farm *f = user;
    (void)reason;
    if (strcmp(worker, "w"))
        return;
    f->canceled++;
    for (uint32_t i = f->n_held; i-- > 0;) {
        if (f->held[i].job.attempt == attempt)
            farm_drop(f, i);
    }
}

static void on_command(void *user, const char *worker, const char *board, const char *action)
{
    struct farm *f = user;
    assert_string_equal(worker, "w");
    assert_int_equal(store_pending(f->store), 0); /* never before the order is durable */
    assert_true(f->n_commands < FARM_COMMANDS_MAX);
    snprintf(f->command[f->n_commands++], sizeof f->command[0], "%s %s", board, action);
}

void farm_open(struct farm *f, uint64_t seed)
{
    *f = (struct farm){
        .config = engine_config_default(), .now = SONATA_SECOND, .wall = 1000 * SONATA_SECOND, .incarnation = 1, .rng = rng_seeded(seed, 77)};
    f->config.quarantine_ns = 0; /* what fails here is scripted */
    /* memory-backed where there is such a folder: thousands of synchronous commits */
    snprintf(f->folder, sizeof f->folder, "%s/sonata-farm-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    assert_non_null(mkdtemp(f->folder));
    farm_start(f);
}

static void on_team(void *user, const char *team, struct engine_team *ret_team)
{
    if (!strcmp(team, "greedy"))
        ret_team->disk_max = ((struct farm *)user)->disk_max;
}

void farm_start(struct farm *f)
{
    struct sonata_error err = {{0}};
    struct store_options options = {.map_start = 1 << 20};
    if (store_open(f->folder, &options, &f->store, &err))
        fail_msg("%s", err.text);
    struct engine_hooks hooks = {.user = f, .assign = on_assign, .cancel = on_cancel, .command = on_command, .team = on_team};
    if (engine_new(&(struct engine_setup){f->store, &f->config, &hooks, f->now, f->wall}, &f->run, &err))
        fail_msg("%s", err.text);
}

void farm_crash(struct farm *f)
{
    engine_free(f->run);
    store_close(f->store);
    f->run = NULL;
    f->store = NULL;
}

void farm_close(struct farm *f)
{
    farm_crash(f);
    while (f->n_held)
        farm_drop(f, 0);
    static const char *const file[] = {"data.mdb", "lock.mdb", "master.lock"};
    char path[128];
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        snprintf(path, sizeof path, "%s/%s", f->folder, file[i]);
        unlink(path);
    }
    rmdir(f->folder);
}

void farm_add_board(struct farm *f, const char *id, const char *type, const char *metrics)
{
    struct sched_board_info *b = &f->board[f->n_boards++];
    *b = (struct sched_board_info){.n_metrics = 0};
    copy_string(b->id, sizeof b->id, id);
    copy_string(b->type, sizeof b->type, type);
    copy_string(b->state, sizeof b->state, "ready");
    for (const char *p = metrics; *p;) {
        size_t n = strcspn(p, " ");
        snprintf(b->metric[b->n_metrics++], METRIC_NAME_MAX, "%.*s", (int)n, p);
        p += n + (p[n] == ' ');
    }
}

static uint32_t list_held(const struct farm *f, struct sched_running *running)
{
    for (uint32_t i = 0; i < f->n_held; i++) {
        running[i] =
            (struct sched_running){.attempt = f->held[i].job.attempt, .epoch = f->held[i].job.epoch, .started = true, .spooled = f->held[i].measured};
        copy_string(running[i].board, sizeof running[i].board, f->held[i].job.board);
    }
    return f->n_held;
}

void farm_hello(struct farm *f)
{
    struct sonata_error err = {{0}};
    struct sched_running running[FARM_HELD_MAX];
    uint32_t n = list_held(f, running);
    engine_set_time(f->run, f->now, f->wall);
    if (engine_hello(f->run, &(struct sched_report){"w", f->incarnation, f->board, f->n_boards, running, n}, &err))
        fail_msg("%s", err.text);
}

void farm_worker_restart(struct farm *f)
{
    for (uint32_t i = f->n_held; i-- > 0;) {
        if (!f->held[i].measured)
            farm_drop(f, i);
    }
    f->incarnation++;
}

void farm_heartbeat(struct farm *f)
{
    struct sched_running running[FARM_HELD_MAX];
    uint32_t n = list_held(f, running);
    engine_set_time(f->run, f->now, f->wall);
    assert_int_equal(engine_heartbeat(f->run, &(struct sched_report){"w", f->incarnation, f->board, f->n_boards, running, n}), 0);
}

int64_t farm_turn(struct farm *f)
{
    f->now += SONATA_MS;
    f->wall += SONATA_MS;
    engine_set_time(f->run, f->now, f->wall);
    return engine_turn(f->run);
}

static double accuracy_of(const struct genotype *g)
{
    double v = 50;
    for (int i = 0; i < 6; i++)
        v += (i + 1) * g->allele[i] * (1.0 - 0.1 * g->allele[(i + 1) % 6]);
    return v;
}

static double latency_of(const struct genotype *g)
{
    double v = 1;
    for (int i = 0; i < 6; i++)
        v += (7 - i) * 0.5 * g->allele[i];
    return v;
}

static void standard_answer(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)f;
    m->outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < job->n_metrics; i++) {
        double v = !strcmp(job->metric[i], "accuracy") ? accuracy_of(&job->genotype) : latency_of(&job->genotype);
        measurement_add(m, job->metric[i], v, v, v, 1);
    }
}

void farm_measure(struct farm *f, uint32_t i)
{
    struct farm_held *h = &f->held[i];
    if (h->measured)
        return;
    h->result = (struct measurement){.attempt = h->job.attempt, .epoch = h->job.epoch, .started_wall_ns = f->wall, .duration_ns = SONATA_MS};
    copy_string(h->result.board, sizeof h->result.board, h->job.board);
    copy_string(h->result.board_type, sizeof h->result.board_type, "pi");
    (f->answer ? f->answer : standard_answer)(f, &h->job, &h->result);
    h->measured = true;
    f->measured++;
}

const char *farm_send(struct farm *f, uint32_t i) { return engine_verdict_name(engine_result(f->run, "w", &f->held[i].result)); }

int farm_event(struct farm *f, const char *board, const char *kind, const char *state, double latency_us, double reference_us)
{
    struct board_event e = {.sequence = ++f->sequence, .wall_ns = f->wall, .latency_us = latency_us, .reference_us = reference_us};
    copy_string(e.board, sizeof e.board, board);
    copy_string(e.kind, sizeof e.kind, kind);
    copy_string(e.state, sizeof e.state, state);
    engine_set_time(f->run, f->now, f->wall);
    return engine_board_event(f->run, "w", &e);
}

int farm_order(struct farm *f, const char *board, const char *action)
{
    struct sonata_error err = {{0}};
    enum board_order named = BOARD_ORDER_COUNT;
    while (--named > BOARD_ORDER_NONE && strcmp(action, board_order_name(named)))
        ;
    struct engine_order order = {.board = board, .order = named, .reason = "a fan", .by = "alice"};
    engine_set_time(f->run, f->now, f->wall);
    return engine_board_control(f->run, &order, &err);
}

void farm_drop(struct farm *f, uint32_t i)
{
    measurement_fini(&f->held[i].result);
    memmove(&f->held[i], &f->held[i + 1], (f->n_held - i - 1) * sizeof *f->held);
    f->n_held--;
}

void farm_work(struct farm *f, uint64_t search, uint32_t steps)
{
    for (uint32_t k = 0; k < steps; k++) {
        farm_turn(f);
        if (engine_search_by_id(f->run, search)->state != SEARCH_RUNNING)
            return;
        if (!f->n_held) {
            f->now += 100 * SONATA_MS; /* a back-off may have to end */
            if (f->n_boards)
                farm_heartbeat(f);
            continue;
        }
        uint32_t i = rng_below(&f->rng, f->n_held);
        uint64_t attempt = f->held[i].job.attempt;
        farm_measure(f, i);
        assert_non_null(farm_send(f, i));
        farm_turn(f);
        assert_int_equal(store_pending(f->store), 0);
        for (uint32_t n = f->n_held; n-- > 0;) {
            if (f->held[n].job.attempt == attempt)
                farm_drop(f, n);
        }
    }
}

struct search_spec *farm_spec(const char *name, const char *algorithm, uint32_t budget, uint64_t seed)
{
    struct search_spec *s = xcalloc(1, sizeof *s);
    copy_string(s->name, sizeof s->name, name);
    copy_string(s->algorithm, sizeof s->algorithm, algorithm);
    copy_string(s->tier, sizeof s->tier, "search");
    s->budget_evaluations = budget;
    s->population = 20;
    s->seed = seed;
    s->n_objectives = 2;
    s->objective[0] = (struct objective){.metric = "accuracy", .goal = GOAL_MAX};
    s->objective[1] = (struct objective){.metric = "latency", .board = "pi", .goal = GOAL_MIN};
    struct space *space = &s->space;
    copy_string(space->name, sizeof space->name, "six");
    space->n_genes = 6;
    for (int g = 0; g < 6; g++) {
        struct gene *gene = &space->gene[g];
        *gene = (struct gene){.ordinal = true, .n_choices = 4, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
        snprintf(gene->name, sizeof gene->name, "g%d", g);
        for (int c = 0; c < 4; c++) {
            snprintf(gene->label[c], sizeof gene->label[c], "%d", c);
            gene->value[c] = c;
        }
    }
    return s;
}

void farm_option(struct search_spec *spec, const char *name, const char *value)
{
    struct spec_option *o = &spec->option[spec->n_options++];
    copy_string(o->name, sizeof o->name, name);
    copy_string(o->value, sizeof o->value, value);
}

uint64_t farm_submit(struct farm *f, const struct search_spec *spec)
{
    struct sonata_error err = {{0}};
    uint64_t id = 0;
    engine_set_time(f->run, f->now, f->wall);
    if (engine_submit(f->run, spec, &(struct engine_owner){.team = ""}, &id, &err))
        fail_msg("%s", err.text);
    return id;
}

struct individual_record farm_individual(struct farm *f, uint64_t search, uint64_t id)
{
    struct bytes b = {0};
    struct individual_record r = {0};
    assert_int_equal(store_get(f->store, STORE_INDIVIDUAL, key_u64_pair(search, id), &b), 0);
    assert_int_equal(individual_record_decode(b.data, b.size, &r), 0);
    bytes_fini(&b);
    return r;
}

static void say(void *user, const char *line)
{
    (void)user;
    if (!strncmp(line, "PROBLEM", 7))
        print_error("%s\n", line);
}

uint64_t farm_check(struct farm *f) { return engine_check(f->store, say, NULL); }
