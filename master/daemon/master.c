/* See master.h.
 *
 * Each turn of the loop ends in on_turn(): engine_turn() commits what the handlers did, then the outbox goes out and one timer is armed for whatever
 * is due next. Orderly end: no new asks or leases, the last turn is committed and sent, proposals being computed are waited for (at most
 * STOP_LIMIT_MS), handles closed, the loop must come out empty. */
#define _GNU_SOURCE
#include "daemon/master.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/rng.h"
#include "daemon/notify.h"
#include "daemon/security.h"
#include "daemon/steps.h"
#include "loop/hang.h"
#include "loop/loop.h"
#include "loop/service.h"
#include "net/net.h"
#include "rpc/rpc.h"
#include "run/engine.h"

enum { STOP_LIMIT_MS = 4000, STOP_POLL_MS = 20, TIMER_MAX_MS = 60000, OWN_FILES = 64, WORK_NICE = 10 };

struct master {
    struct settings *settings;
    int argc; /* the command line, read again on SIGHUP */
    char **argv;
    char backup_dir[4096];
    struct loop loop;
    struct net *net;
    struct store *store;
    struct engine *run;
    struct rpc *rpc;
    struct security security;
    uv_timer_t timer, stop_timer;
    struct hang *hang;
    int64_t stop_started_ns;
    bool open; /* ports are open: turns make sense */
};

static void set_time(struct master *m) { engine_set_time(m->run, clock_monotonic_ns(), clock_wall_ns()); }

static void on_assign(void *user, const char *worker, const struct evaluation_job *job) { rpc_assign(((struct master *)user)->rpc, worker, job); }

static void on_cancel(void *user, const char *worker, uint64_t attempt, const char *reason)
{
    rpc_cancel(((struct master *)user)->rpc, worker, attempt, reason);
}

static void on_command(void *user, const char *worker, const char *board, const char *action)
{
    rpc_command(((struct master *)user)->rpc, worker, board, action);
}

static void on_team(void *user, const char *team, struct engine_team *ret_team)
{
    const struct access *access = ((struct master *)user)->security.access;
    const struct team *t = access ? access_team(access, team) : NULL;
    if (t)
        *ret_team = (struct engine_team){.weight = t->weight, .quota = {.boards = t->boards_max, .day_ns = t->day_ns_max}, .disk_max = t->disk_max};
}

static void on_note(void *user, bool warning, const char *msg, const char *fields)
{
    (void)user;
    log_write(warning ? LOG_WARN : LOG_INFO, msg, "%s", fields);
}

struct work {
    uv_work_t request;
    struct master *master;
    void (*fn)(void *), (*done)(void *);
    void *arg;
};

static void work_run(uv_work_t *request)
{
    struct work *w = request->data;
    setpriority(PRIO_PROCESS, (id_t)gettid(), WORK_NICE); /* of this thread: the loop and the boards go first */
    w->fn(w->arg);
}

static void work_done(uv_work_t *request, int status)
{
    struct work *w = request->data;
    (void)status; /* never canceled */
    set_time(w->master);
    w->done(w->arg);
    free(w);
}

static void on_work(void *user, void (*fn)(void *), void (*done)(void *), void *arg)
{
    struct master *m = user;
    struct work *w = xmalloc(sizeof *w);
    *w = (struct work){.master = m, .fn = fn, .done = done, .arg = arg};
    w->request.data = w;
    uv_queue_work(&m->loop.uv, &w->request, work_run, work_done);
}

static int64_t on_clock(void *user)
{
    (void)user;
    return clock_monotonic_ns();
}

static void on_step(void *user, uint64_t search, bool begins)
{
    (void)user;
    steps_mark(search, begins);
}

/* Waking the loop is all it does: the turn follows. */
static void on_timer(uv_timer_t *t) { (void)t; }

static void on_turn(void *user)
{
    struct master *m = user;
    if (!m->open)
        return;
    set_time(m);
    int64_t due = engine_turn(m->run);
    if (!store_pending(m->store) && !engine_is_blocked(m->run, NULL))
        rpc_flush(m->rpc);
    if (due == INT64_MAX) {
        uv_timer_stop(&m->timer);
        return;
    }
    int64_t ms = (due - clock_monotonic_ns() + SONATA_MS - 1) / SONATA_MS;
    uv_update_time(&m->loop.uv);
    uv_timer_start(&m->timer, on_timer, (uint64_t)clamp_of(ms, 0, TIMER_MAX_MS), 0);
}

static void close_all(struct master *m)
{
    m->open = false;
    hang_end(m->hang);
    rpc_close(m->rpc);
    uv_close((uv_handle_t *)&m->timer, NULL);
    uv_close((uv_handle_t *)&m->stop_timer, NULL);
    loop_finish(&m->loop);
}

/* Waits for work under way; what it brings is committed by the last turn. */
static void on_stop_timer(uv_timer_t *t)
{
    struct master *m = t->data;
    bool patient = clock_monotonic_ns() - m->stop_started_ns < STOP_LIMIT_MS * SONATA_MS;
    if (engine_is_working(m->run) && patient)
        return;
    if (engine_is_working(m->run)) {
        log_warn("proposals are still being computed: they will be computed again at the next start", "limit_ms=%d", STOP_LIMIT_MS);
        notify_remove_endpoints(m->settings->state);
        _exit(0); /* everything acknowledged is durable; the thread cannot be interrupted */
    }
    uv_timer_stop(t);
    close_all(m);
}

static void on_stop(void *user)
{
    struct master *m = user;
    log_info("stopping", "state=%s", m->settings->state);
    service_notify("STOPPING=1");
    engine_stop(m->run);
    m->stop_started_ns = clock_monotonic_ns();
    uv_timer_start(&m->stop_timer, on_stop_timer, STOP_POLL_MS, STOP_POLL_MS);
}

static void needs_restart(const char *name) { log_warn("this option changed but takes effect only at the next start", "option=%s", name); }

static void set_log_level(const struct settings *s)
{
    enum log_level level;
    if (!log_level_parse(s->log_level, &level))
        log_init("sonata-master", level, s->log_json);
}

/* SIGHUP: the configuration file and the environment are read again; when they are wrong everything stays as it is. */
static void on_reload(void *user)
{
    struct master *m = user;
    struct settings next;
    struct sonata_error err = {{0}};
    service_notify("RELOADING=1");
    int r = settings_read(&next, m->argc, m->argv, &err);
    if (!r)
        r = settings_check(&next, &err);
    if (r) {
        log_error("the configuration is not reloaded: it has a mistake", "reason=\"%s\"", err.text);
    } else {
        settings_reload(m->settings, &next, needs_restart);
        next.log_json = m->settings->log_json;
        set_log_level(&next);
        struct engine_config config = settings_run_config(m->settings);
        engine_reconfigure(m->run, &config);
        rpc_set_rates(m->rpc, m->settings->worker_rate, m->settings->client_rate, m->settings->byte_rate);
        log_info("configuration reloaded", "file=%s", m->settings->config ? m->settings->config : "");
    }
    settings_fini(&next);
    service_notify("READY=1");
}

static int open_state(struct master *m, uint64_t incarnation, struct sonata_error *err)
{
    const struct settings *s = m->settings;
    struct store_options options = {.map_start = (size_t)s->map_size};
    int r = store_open(s->state, &options, &m->store, err);
    if (!r)
        r = security_open(&m->security, s, m->store, err);
    if (r)
        return r;
    struct engine_config config = settings_run_config(s);
    uint64_t died[STEPS_AT_ONCE];
    config.n_died = steps_open(s->state, died);
    config.died = died;
    config.sched.seed = incarnation;
    struct engine_hooks hooks = {.user = m,
                                 .assign = on_assign,
                                 .cancel = on_cancel,
                                 .command = on_command,
                                 .work = on_work,
                                 .clock = on_clock,
                                 .step = on_step,
                                 .team = on_team,
                                 .note = on_note};
    struct engine_setup setup = {.store = m->store, .config = &config, .hooks = &hooks, .now = clock_monotonic_ns(), .wall = clock_wall_ns()};
    return engine_new(&setup, &m->run, err);
}

/* Both ports and our own files share the descriptors we may have, which are as many as the system lets us: the part of a port in quarters. */
static unsigned connections(const struct settings *s, unsigned quarters)
{
    struct rlimit files = {0, 0};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
    rlim_t most = (files.rlim_cur > 2 * OWN_FILES ? files.rlim_cur - OWN_FILES : OWN_FILES) / 4 * quarters;
    if (s->connections)
        most = min_of((rlim_t)s->connections, most);
    return (unsigned)min_of(most, (rlim_t)UINT32_MAX);
}

static int open_ports(struct master *m, uint64_t incarnation, struct sonata_error *err)
{
    const struct settings *s = m->settings;
    struct rpc_config config = {.worker_endpoint = s->worker_endpoint,
                                .client_endpoint = s->client_endpoint,
                                .hwm = (int)s->queue,
                                .incarnation = incarnation,
                                .queue_bytes = (size_t)s->queue_bytes,
                                .worker_connections = connections(s, 3),
                                .client_connections = connections(s, 1),
                                .per_address = (unsigned)s->per_address,
                                .address_rate = (unsigned)s->address_rate,
                                .worker_rate = s->worker_rate,
                                .client_rate = s->client_rate,
                                .byte_rate = s->byte_rate};
    if (s->backup_dir[0])
        copy_string(m->backup_dir, sizeof m->backup_dir, s->backup_dir);
    else
        snprintf(m->backup_dir, sizeof m->backup_dir, "%s/backups", s->state);
    config.state = s->state;
    config.backup_dir = m->backup_dir;
    config.access = m->security.access;
    config.security = &m->security.keys;
    m->net = net_new();
    return m->net ? rpc_open(m->rpc, m->run, m->net, &m->loop, &config, err)
                  : sonata_error_set(err, -EAGAIN, "no further threads may be started: raise ulimit -u or TasksMax");
}

static void announce(struct master *m)
{
    struct sonata_error err = {{0}};
    const char *worker = rpc_worker_endpoint(m->rpc), *client = rpc_client_endpoint(m->rpc);
    if (notify_endpoints(m->settings->state, worker, client, &err))
        log_warn("the endpoints file is not written", "reason=\"%s\"", err.text); /* a full disk must not keep the master from serving */
    notify_fd((int)m->settings->ready_fd, worker, client);
    service_notify("READY=1");
    log_info("ready", "worker_endpoint=%s client_endpoint=%s state=%s searches=%u pid=%ld", worker, client, m->settings->state,
             engine_search_count(m->run), (long)getpid());
}

static void start_timers(struct master *m)
{
    uv_timer_init(&m->loop.uv, &m->timer);
    uv_timer_init(&m->loop.uv, &m->stop_timer);
    m->stop_timer.data = m;
}

int master_main(struct settings *settings, int argc, char **argv)
{
    struct master m = {.settings = settings, .argc = argc, .argv = argv, .rpc = rpc_new()};
    struct sonata_error err = {{0}};
    uint64_t incarnation = (uint64_t)clock_wall_ns();
    signal(SIGXFSZ, SIG_IGN); /* a file over its limit is an error code of the write */
    int r = loop_init(&m.loop, &m);
    if (r) { /* no handle of it may be touched */
        log_error("cannot start", "reason=\"the event loop cannot be made: %s\"", uv_strerror(r));
        rpc_free(m.rpc);
        return 1;
    }
    m.loop.turn = on_turn;
    m.loop.stop = on_stop;
    start_timers(&m);
    r = open_state(&m, incarnation, &err);
    if (!r)
        r = open_ports(&m, incarnation, &err);
    if (r) {
        log_error("cannot start", "reason=\"%s\"", err.text);
        close_all(&m);
    } else {
        announce(&m);
        m.hang = hang_begin(&m.loop, settings->hang_limit_ns);
        m.open = true;
        m.loop.reload = on_reload;
    }
    loop_run(&m.loop);
    if (loop_fini(&m.loop))
        log_error("handles are left open", "program=sonata-master");
    if (!r)
        notify_remove_endpoints(settings->state);
    if (m.net)
        net_free(m.net);
    engine_free(m.run);
    security_close(&m.security);
    store_close(m.store);
    steps_close();
    rpc_free(m.rpc);
    if (!r)
        log_info("stopped", "state=%s", settings->state);
    return r ? 1 : 0;
}
