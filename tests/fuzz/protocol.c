/* A fuzzer of the whole protocol with its state: workers and clients that follow it and lie, at a real master. They say hello, take jobs, answer
 * them, tell events, submit, control, ask; in one message of some, one field or several hold something else: an extreme, a text made to harm,
 * another's number. In between the master is killed or stopped and started again; each time the store must be sound by --check, which runs the event
 * logs again, and sonata-master --replay must find the proposals of some searches as they were. Built with sanitizers (preset asan) a report of them
 * ends the master, which is noticed.
 *
 * Usage: fuzz_protocol [SECONDS] [SEED] [BIN] */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/rng.h"
#include "support/client.h"
#include "support/hostile_space.h"
#include "support/liar.h"
#include "support/table_farm.h"
#include "support/zmtp.h"

enum {
    WORKERS = 3,
    BOARDS = 6,
    HELD_MAX = 64,
    ROUND_MS = 3000,
    SEARCHES_MAX = 4000,
    START_MS = 20000,
    STOP_MS = 20000,
    CHECK_MS = 60000,
    REPLAYS = 3
};

static struct table_farm farm;
static struct rng rng;
static uint64_t sent, answered, rounds, n_searches;

struct fuzz_worker {
    struct liar liar;
    char name[16];
    Sonata__Assign *held[HELD_MAX]; /* unpacked envelopes' messages, owned through the envelope */
    Sonata__Envelope *envelope[HELD_MAX];
    unsigned n_held;
};

static bool one_in(uint32_t n) { return rng_below(&rng, n) == 0; }

static const char *const texts[] = {"",
                                    "a",
                                    "sonata",
                                    "--config=/etc/passwd",
                                    "=1+1",
                                    "<script>",
                                    "\x1b[2J",
                                    "a b",
                                    "search=9\" x",
                                    "\xff\xfe",
                                    "../../x",
                                    "ready",
                                    "pi-1",
                                    "0123456789012345678901234567890123456789012345678901234567890123456789"};
static const char *const types[] = {"tab", "odd", "pi"};
static const char *const actions[] = {"pause", "resume", "cancel", "extend", "priority", "retry", "dance"};
static const char *const orders[] = {"drain", "quarantine", "recalibrate", "power-cycle", "release", "invalidate", "disown", "retire"};

/* --- lies: one value of a field becomes another --- */

static uint64_t extreme_u64(void)
{
    static const uint64_t list[] = {
        0, 1, 2, 63, 64, 65, 255, 256, 65535, 65536, INT32_MAX, UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    return one_in(3) ? rng_below(&rng, 100) : list[rng_below(&rng, sizeof list / sizeof *list)];
}

static double extreme_double(void)
{
    static const double list[] = {0, -0.0, 1, -1, 1e-300, 1e12, 1e20, 1e150, DBL_MAX, -DBL_MAX};
    uint32_t i = rng_below(&rng, 13);
    return i < 10 ? list[i] : i == 10 ? NAN : i == 11 ? INFINITY : rng_uniform(&rng);
}

/* Texts belong to the message, so they are heap copies. */
static void lie_text(char **text)
{
    if (*text && *text != (const char *)protobuf_c_empty_string)
        free(*text);
    *text = xstrdup(texts[rng_below(&rng, sizeof texts / sizeof *texts)]);
}

/* Of any length, as a cursor or a hash of somebody's might be. */
static void lie_bytes(ProtobufCBinaryData *b)
{
    static const size_t lengths[] = {0, 1, 15, 16, 24, 31, 32, 40, 41, 64};
    free(b->data);
    b->len = lengths[rng_below(&rng, sizeof lengths / sizeof *lengths)];
    b->data = b->len ? xmalloc(b->len) : NULL;
    uint32_t same = one_in(2) ? rng_below(&rng, 256) : 256;
    for (size_t i = 0; i < b->len; i++)
        b->data[i] = (uint8_t)(same < 256 ? same : rng_below(&rng, 256));
}

static void lie(const ProtobufCFieldDescriptor *f, void *p)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_BYTES:
        lie_bytes(p);
        break;
    case PROTOBUF_C_TYPE_STRING:
        lie_text(p);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *)p = extreme_double();
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *)p = (float)fmax(-FLT_MAX, fmin(FLT_MAX, extreme_double()));
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)p = one_in(2);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
        *(uint64_t *)p = extreme_u64();
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
        *(uint32_t *)p = (uint32_t)extreme_u64();
        break;
    default:
        break;
    }
}

/* Each scalar of the message and of those in it becomes a lie once in `n` times. */
static void lie_here_and_there(ProtobufCMessage *m, uint32_t n)
{
    uint8_t *base = (uint8_t *)m;
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        bool present = !(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) || *(uint32_t *)(base + f->quantifier_offset) == f->id;
        if (f->label == PROTOBUF_C_LABEL_REPEATED && f->type == PROTOBUF_C_TYPE_MESSAGE) {
            for (size_t k = 0; k < *(size_t *)(base + f->quantifier_offset); k++)
                lie_here_and_there((*(ProtobufCMessage ***)(base + f->offset))[k], n);
        } else if (f->label == PROTOBUF_C_LABEL_REPEATED || !present) {
            continue;
        } else if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
            if (*(ProtobufCMessage **)(base + f->offset))
                lie_here_and_there(*(ProtobufCMessage **)(base + f->offset), n);
        } else if (one_in(n)) {
            lie(f, base + f->offset);
        }
    }
}

/* --- workers --- */

static Sonata__BoardInfo *board_info(uint32_t i)
{
    Sonata__BoardInfo *b = xmalloc(sizeof *b);
    char id[24];
    sonata__board_info__init(b);
    snprintf(id, sizeof id, "board-%u", i);
    b->id = xstrdup(id);
    b->type = xstrdup(types[i % 3]);
    b->backend = xstrdup("table");
    b->state = xstrdup(one_in(8) ? "maintenance" : "ready");
    b->n_metrics = 2;
    b->metrics = xcalloc(2, sizeof *b->metrics);
    b->metrics[0] = xstrdup("accuracy");
    b->metrics[1] = xstrdup("latency");
    return b;
}

static Sonata__RunningAttempt *running_of(const Sonata__Assign *a)
{
    Sonata__RunningAttempt *r = xmalloc(sizeof *r);
    sonata__running_attempt__init(r);
    r->attempt = a->attempt;
    r->epoch = a->epoch;
    r->board = xstrdup(a->board);
    r->phase = xstrdup(one_in(2) ? "measure" : "queued");
    return r;
}

static void send_hello(struct fuzz_worker *w, bool honest)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Hello *h = xmalloc(sizeof *h);
    sonata__hello__init(h);
    h->worker = xstrdup(w->name);
    h->incarnation = w->liar.incarnation;
    h->boards = xcalloc(2, sizeof *h->boards);
    for (uint32_t i = 0; i < 2; i++)
        h->boards[h->n_boards++] = board_info((uint32_t)(w->name[1] - '0') * 2 + i);
    h->running = xcalloc(w->n_held + 1, sizeof *h->running);
    for (unsigned i = 0; i < w->n_held; i++)
        h->running[h->n_running++] = running_of(w->held[i]);
    if (!honest)
        lie_here_and_there(&h->base, 12);
    e.body_case = SONATA__ENVELOPE__BODY_HELLO;
    e.hello = h;
    liar_send(&w->liar, &e);
    sonata__hello__free_unpacked(h, NULL);
}

static void send_heartbeat(struct fuzz_worker *w)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Heartbeat *h = xmalloc(sizeof *h);
    sonata__heartbeat__init(h);
    h->incarnation = w->liar.incarnation;
    h->running = xcalloc(w->n_held + 1, sizeof *h->running);
    for (unsigned i = 0; i < w->n_held; i++)
        h->running[h->n_running++] = running_of(w->held[i]);
    if (one_in(3))
        lie_here_and_there(&h->base, 6);
    e.body_case = SONATA__ENVELOPE__BODY_HEARTBEAT;
    e.heartbeat = h;
    liar_send(&w->liar, &e);
    sonata__heartbeat__free_unpacked(h, NULL);
}

static void drop_held(struct fuzz_worker *w, unsigned i)
{
    envelope_free(w->envelope[i]);
    w->n_held--;
    w->held[i] = w->held[w->n_held];
    w->envelope[i] = w->envelope[w->n_held];
}

static void send_result(struct fuzz_worker *w)
{
    if (!w->n_held)
        return;
    unsigned i = rng_below(&rng, w->n_held);
    struct measurement m = liar_measurement(w->held[i], 50 + 40 * rng_uniform(&rng), 1 + rng_uniform(&rng));
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Result result = SONATA__RESULT__INIT;
    if (one_in(6))
        m.outcome = (enum outcome)rng_below(&rng, OUTCOME_COUNT);
    result.measurement = measurement_to_message(&m);
    if (one_in(3))
        lie_here_and_there(&result.measurement->base, 8);
    e.body_case = SONATA__ENVELOPE__BODY_RESULT;
    e.result = &result;
    liar_send(&w->liar, &e);
    sonata__measurement__free_unpacked(result.measurement, NULL);
    if (!one_in(5)) /* else it is sent again */
        drop_held(w, i);
}

static void send_event(struct fuzz_worker *w)
{
    static const char *const kinds[] = {"state", "canary", "calibrated", "recovery", "admin"};
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__BoardEvent *b = xmalloc(sizeof *b);
    char id[24];
    sonata__board_event__init(b);
    snprintf(id, sizeof id, "board-%u", (unsigned)rng_below(&rng, BOARDS));
    b->sequence = (uint64_t)clock_wall_ns();
    b->board = xstrdup(id);
    b->wall_ns = clock_wall_ns();
    b->kind = xstrdup(kinds[rng_below(&rng, 5)]);
    b->state = xstrdup(one_in(2) ? "ready" : "suspect");
    b->latency_us = one_in(2) ? 100 : 0;
    b->reference_us = one_in(2) ? 100 : 0;
    if (one_in(4)) {
        b->invalid_from_wall_ns = b->wall_ns - (int64_t)rng_below(&rng, 3000) * SONATA_MS;
        b->invalid_to_wall_ns = b->wall_ns;
    }
    if (one_in(2))
        lie_here_and_there(&b->base, 8);
    e.body_case = SONATA__ENVELOPE__BODY_BOARD_EVENT;
    e.board_event = b;
    liar_send(&w->liar, &e);
    sonata__board_event__free_unpacked(b, NULL);
}

static void send_other(struct fuzz_worker *w)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__BlobGet get = SONATA__BLOB_GET__INIT;
    Sonata__Goodbye bye = SONATA__GOODBYE__INIT;
    uint8_t hash[32] = {(uint8_t)rng_below(&rng, 4)};
    get.hash = (ProtobufCBinaryData){one_in(5) ? 7 : sizeof hash, hash};
    get.offset = extreme_u64();
    e.body_case = one_in(4) ? SONATA__ENVELOPE__BODY_GOODBYE : SONATA__ENVELOPE__BODY_BLOB_GET;
    if (e.body_case == SONATA__ENVELOPE__BODY_GOODBYE)
        e.goodbye = &bye;
    else
        e.blob_get = &get;
    liar_send(&w->liar, &e);
}

/* What came: jobs are held, the rest is dropped. */
static void read_worker(struct fuzz_worker *w)
{
    for (Sonata__Envelope *e; (e = liar_receive(&w->liar, 0));) {
        answered++;
        if (e->body_case == SONATA__ENVELOPE__BODY_ASSIGN && w->n_held < HELD_MAX) {
            w->held[w->n_held] = e->assign;
            w->envelope[w->n_held++] = e;
            continue;
        }
        if (e->body_case == SONATA__ENVELOPE__BODY_FAULT && e->fault->code == -107)
            send_hello(w, true);
        envelope_free(e);
    }
}

static void act_worker(struct fuzz_worker *w)
{
    read_worker(w);
    sent++;
    switch (rng_below(&rng, 16)) {
    case 0:
        send_hello(w, one_in(3));
        break;
    case 1:
    case 2:
    case 3:
        send_heartbeat(w);
        break;
    case 4:
        send_event(w);
        break;
    case 5:
        send_other(w);
        break;
    default:
        send_result(w);
    }
}

/* --- clients --- */

static Sonata__SearchSpec *random_spec(void)
{
    static const char *const algorithm[] = {"random", "nsga2", "sonata", "sonata+", "aging", "local", "linas", "optuna-nsga2"};
    struct search_spec *s = table_farm_spec("fuzz", algorithm[rng_below(&rng, 8)], 5 + rng_below(&rng, 60), rng_below(&rng, 1000));
    copy_string(s->objective[1].board, sizeof s->objective[1].board, types[rng_below(&rng, 3)]);
    s->population = 4 + rng_below(&rng, 30);
    if (one_in(5))
        chain_space(&s->space);
    else if (one_in(5))
        dead_space(&s->space);
    else if (one_in(4)) {
        s->space = wide_mbconv_space();
        copy_string(s->objective[0].metric, sizeof s->objective[0].metric, "params");
        copy_string(s->objective[1].metric, sizeof s->objective[1].metric, "macs");
        s->objective[1].board[0] = '\0';
        s->n_constraints = one_in(3);
        s->constraint[0] = (struct constraint){.metric = "params", .min = -INFINITY, .max = one_in(2) ? 1 : 2e5};
    }
    if (one_in(3)) {
        s->n_options = 1;
        copy_string(s->option[0].name, sizeof s->option[0].name, "order");
        copy_string(s->option[0].value, sizeof s->option[0].value, "proposal");
    }
    s->replicates = one_in(4) ? 3 : 0;
    Sonata__SearchSpec *m = spec_to_message(s);
    free(s);
    return m;
}

static void send_request(struct liar *l, Sonata__Request *q)
{
    static uint8_t id[16];
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    for (size_t i = 0; i < sizeof id && !one_in(40); i++) /* now and then an id is used again */
        id[i] = (uint8_t)rng_below(&rng, 256);
    q->id = (ProtobufCBinaryData){one_in(100) ? 15 : sizeof id, id};
    e.body_case = SONATA__ENVELOPE__BODY_REQUEST;
    e.request = q;
    liar_send(l, &e);
}

static void submit(struct liar *l)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Submit s = SONATA__SUBMIT__INIT;
    s.spec = random_spec();
    s.fork_of = one_in(6) ? 1 + rng_below(&rng, (uint32_t)n_searches + 1) : 0;
    if (one_in(2))
        lie_here_and_there(&s.spec->base, 60);
    q.verb_case = SONATA__REQUEST__VERB_SUBMIT;
    q.submit = &s;
    send_request(l, &q);
    sonata__search_spec__free_unpacked(s.spec, NULL);
}

/* The other verbs: each filled with what might be, and lied to like the rest. Their texts are heap copies. */
static void ask_something(struct liar *l)
{
    static const Sonata__Request__VerbCase verbs[] = {
        SONATA__REQUEST__VERB_LIST,          SONATA__REQUEST__VERB_SHOW,          SONATA__REQUEST__VERB_INDIVIDUALS, SONATA__REQUEST__VERB_CONTROL,
        SONATA__REQUEST__VERB_CONTROL,       SONATA__REQUEST__VERB_BOARDS,        SONATA__REQUEST__VERB_MEASUREMENT, SONATA__REQUEST__VERB_PING,
        SONATA__REQUEST__VERB_INSIGHT,       SONATA__REQUEST__VERB_KEYS,          SONATA__REQUEST__VERB_TEAMS,       SONATA__REQUEST__VERB_AUDIT,
        SONATA__REQUEST__VERB_BOARD_CONTROL, SONATA__REQUEST__VERB_BOARD_HISTORY, SONATA__REQUEST__VERB_TASK,        SONATA__REQUEST__VERB_UPLOADS,
        SONATA__REQUEST__VERB_PUT_BLOB,      SONATA__REQUEST__VERB_WATCH};
    Sonata__Request *q = xmalloc(sizeof *q);
    sonata__request__init(q);
    q->verb_case = verbs[rng_below(&rng, sizeof verbs / sizeof *verbs)];
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(&sonata__request__descriptor, q->verb_case);
    const ProtobufCMessageDescriptor *type = f->descriptor;
    ProtobufCMessage *verb = xcalloc(1, type->sizeof_message);
    protobuf_c_message_init(type, verb);
    q->ping = (Sonata__Ping *)verb; /* any member of the union of pointers */
    uint64_t search = 1 + rng_below(&rng, (uint32_t)n_searches + 1);
    if (q->verb_case == SONATA__REQUEST__VERB_CONTROL) {
        q->control->search = search;
        q->control->action = xstrdup(actions[rng_below(&rng, 7)]);
        q->control->evaluations = 1 + rng_below(&rng, 20);
        q->control->cause = xstrdup(one_in(2) ? "failed" : "all");
    } else if (q->verb_case == SONATA__REQUEST__VERB_SHOW || q->verb_case == SONATA__REQUEST__VERB_INDIVIDUALS ||
               q->verb_case == SONATA__REQUEST__VERB_INSIGHT) {
        *(uint64_t *)((uint8_t *)verb + protobuf_c_message_descriptor_get_field_by_name(type, "search")->offset) = search;
    } else if (q->verb_case == SONATA__REQUEST__VERB_BOARD_CONTROL) {
        char id[24];
        snprintf(id, sizeof id, "board-%u", (unsigned)rng_below(&rng, BOARDS));
        q->board_control->board = xstrdup(id);
        q->board_control->action = xstrdup(orders[rng_below(&rng, one_in(50) ? 8 : 7)]);
        q->board_control->from_wall_ns = clock_wall_ns() - (int64_t)rng_below(&rng, 5000) * SONATA_MS;
        q->board_control->to_wall_ns = clock_wall_ns();
    } else if (q->verb_case == SONATA__REQUEST__VERB_WATCH) {
        q->watch->since = one_in(2) ? (uint64_t)(clock_wall_ns() / 1000) : 0;
        q->watch->wait_ms = rng_below(&rng, 500);
    } else if (q->verb_case == SONATA__REQUEST__VERB_UPLOADS || q->verb_case == SONATA__REQUEST__VERB_KEYS ||
               q->verb_case == SONATA__REQUEST__VERB_TEAMS) {
        *(char **)((uint8_t *)verb + protobuf_c_message_descriptor_get_field_by_name(type, "action")->offset) =
            xstrdup(one_in(4) ? "remove" : "list");
    } else if (q->verb_case == SONATA__REQUEST__VERB_TASK) {
        q->task->action = xstrdup(one_in(20) ? "replay" : "status");
        q->task->search = search;
    }
    if (one_in(3))
        lie_here_and_there(verb, 3);
    send_request(l, q);
    q->id = (ProtobufCBinaryData){0};
    sonata__request__free_unpacked(q, NULL);
}

static void read_client(struct liar *l)
{
    for (Sonata__Envelope *e; (e = liar_receive(l, 0)); envelope_free(e)) {
        answered++;
        if (e->body_case == SONATA__ENVELOPE__BODY_REPLY && !e->reply->code && e->reply->search > n_searches && e->reply->search < SEARCHES_MAX)
            n_searches = e->reply->search;
    }
}

/* Bytes that are no message, and a peer that goes in the middle. */
static void disturb(struct liar *l)
{
    cleanup_bytes struct bytes out = {0};
    uint8_t junk[64];
    for (size_t i = 0; i < sizeof junk; i++)
        junk[i] = (uint8_t)rng_below(&rng, 256);
    (void)net_client_send(l->link, junk, rng_below(&rng, sizeof junk));
    int fd = one_in(10) ? zmtp_open(one_in(2) ? farm.client : farm.worker) : -1;
    if (fd < 0)
        return;
    for (int i = 0; i < 40; i++) {
        zmtp_put_message(&out, junk, sizeof junk);
        zmtp_put_ping(&out);
    }
    (void)zmtp_send(fd, &out);
    zmtp_reset(fd);
}

static void act_client(struct liar *l)
{
    read_client(l);
    sent++;
    uint32_t what = rng_below(&rng, 40);
    if (what == 0 && n_searches < SEARCHES_MAX)
        submit(l);
    else if (what == 1)
        disturb(l);
    else
        ask_something(l);
}

/* --- rounds --- */

static bool master_answers(void)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Ping ping = SONATA__PING__INIT;
    q.verb_case = SONATA__REQUEST__VERB_PING;
    q.ping = &ping;
    Sonata__Reply *reply = client_ask(farm.client, &q, START_MS);
    bool good = reply && !reply->code;
    sonata__reply__free_unpacked(reply, NULL);
    return good;
}

static bool replays(void)
{
    char program[512], state[128], log[128], number[24];
    snprintf(program, sizeof program, "%s/sonata-master", farm.bin);
    snprintf(state, sizeof state, "%s/master", farm.folder);
    snprintf(log, sizeof log, "%s/replay.log", farm.folder);
    for (int i = 0; i < REPLAYS && n_searches; i++) {
        snprintf(number, sizeof number, "%u", (unsigned)(1 + rng_below(&rng, (uint32_t)n_searches)));
        const char *const argv[] = {program, "--state", state, "--replay", number, NULL};
        int status = process_run(argv, log, CHECK_MS);
        if (status > 1) { /* 1: there is none of that number, or its log does not fit, which --check tells */
            fprintf(stderr, "replay of search %s: status %d\n", number, status);
            return false;
        }
    }
    return true;
}

static bool end_master(bool by_kill)
{
    int status = process_wait(farm.master_pid, 0);
    if (status != -1) {
        fprintf(stderr, "the master ended by itself: status %d\n", status);
        farm.master_pid = 0;
        return false;
    }
    if (by_kill)
        process_kill(farm.master_pid);
    else if ((status = process_stop(farm.master_pid, STOP_MS)) != 0)
        fprintf(stderr, "the master did not stop orderly: status %d\n", status);
    farm.master_pid = 0;
    return by_kill || !status;
}

static bool round_of(int64_t end)
{
    struct fuzz_worker worker[WORKERS] = {0};
    struct liar client;
    bool good = true;
    table_farm_start_master(&farm);
    good = master_answers();
    if (!good)
        fprintf(stderr, "the master does not answer\n");
    liar_open(&client, farm.client, NULL, "client");
    for (int i = 0; i < WORKERS && good; i++) {
        snprintf(worker[i].name, sizeof worker[i].name, "w%d", i);
        liar_open(&worker[i].liar, farm.worker, NULL, worker[i].name);
        send_hello(&worker[i], true);
    }
    int64_t until = clock_monotonic_ns() + ROUND_MS * SONATA_MS;
    while (good && clock_monotonic_ns() < until && clock_monotonic_ns() < end) {
        for (int i = 0; i < WORKERS; i++)
            act_worker(&worker[i]);
        act_client(&client);
        if (one_in(8))
            clock_sleep_ns(SONATA_MS);
    }
    good = good && master_answers();
    good = end_master(rounds % 2) && good;
    for (int i = 0; i < WORKERS && worker[i].liar.link; i++) {
        while (worker[i].n_held)
            drop_held(&worker[i], 0);
        liar_close(&worker[i].liar);
    }
    liar_close(&client);
    rounds++;
    if (good && table_farm_check(&farm)) {
        table_farm_print_log(&farm, "check.log");
        good = false;
    }
    return good && replays();
}

int main(int argc, char **argv)
{
    int seconds = argc > 1 ? atoi(argv[1]) : 30;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    rng = rng_seeded(seed, 12);
    table_farm_open(&farm, argc > 3 ? argv[3] : SONATA_BINARY_DIR "/bin", 1, 0);
    static const char *const unlimited[] = {"--worker-rate=0", "--client-rate=0", "--byte-rate=0"};
    memcpy(farm.master_options, unlimited, sizeof unlimited);
    int64_t end = clock_monotonic_ns() + seconds * SONATA_SECOND;
    bool good = true;
    while (good && clock_monotonic_ns() < end)
        good = round_of(end);
    printf("seed %llu: %llu rounds, %llu messages sent, %llu answers, %llu searches: %s\n", (unsigned long long)seed, (unsigned long long)rounds,
           (unsigned long long)sent, (unsigned long long)answered, (unsigned long long)n_searches, good ? "sound" : "NOT SOUND");
    if (!good)
        table_farm_print_log(&farm, "master.log");
    table_farm_close(&farm, !good);
    return good ? 0 : 1;
}
