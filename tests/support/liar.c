/* See liar.h. */
#include "support/liar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "support/process.h"

enum { ANSWER_MS = 5000, LATE_FAULT_MS = 300 };

void liar_open(struct liar *l, const char *endpoint, const struct net_security *keys, const char *name)
{
    struct sonata_error err = {{0}};
    *l = (struct liar){.name = name, .incarnation = (uint64_t)clock_wall_ns()};
    if (net_client_new(endpoint, keys, &l->link, &err)) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
}

void liar_close(struct liar *l)
{
    while (l->n_kept)
        envelope_free(l->kept[--l->n_kept]);
    net_client_free(l->link);
    l->link = NULL;
}

void liar_send(struct liar *l, Sonata__Envelope *e)
{
    cleanup_bytes struct bytes out = {0};
    envelope_pack(e, &out);
    (void)net_client_send(l->link, out.data, out.size);
}

Sonata__Envelope *liar_receive(struct liar *l, int timeout_ms)
{
    uint8_t *data = NULL;
    size_t n;
    bool other;
    if (net_client_receive(l->link, timeout_ms * TEST_PATIENCE, &data, &n))
        return NULL;
    Sonata__Envelope *e = envelope_unpack(data, n, &other, NULL);
    free(data);
    return e;
}

/* For later; too many are dropped. */
static void keep(struct liar *l, Sonata__Envelope *e)
{
    if (e && l->n_kept < sizeof l->kept / sizeof *l->kept)
        l->kept[l->n_kept++] = e;
    else
        envelope_free(e);
}

static Sonata__Envelope *take_kept(struct liar *l, Sonata__Envelope__BodyCase kind)
{
    for (unsigned i = 0; i < l->n_kept; i++) {
        Sonata__Envelope *e = l->kept[i];
        if (e->body_case != kind)
            continue;
        memmove(&l->kept[i], &l->kept[i + 1], (--l->n_kept - i) * sizeof(Sonata__Envelope *));
        return e;
    }
    return NULL;
}

Sonata__Envelope *liar_expect(struct liar *l, Sonata__Envelope__BodyCase kind, int timeout_ms)
{
    int64_t end = clock_monotonic_ns() + (int64_t)timeout_ms * TEST_PATIENCE * SONATA_MS;
    Sonata__Envelope *e = take_kept(l, kind);
    while (!e && clock_monotonic_ns() < end) {
        e = liar_receive(l, (int)((end - clock_monotonic_ns()) / SONATA_MS / TEST_PATIENCE) + 1);
        if (e && e->body_case == kind)
            return e;
        keep(l, e);
        e = NULL;
    }
    return e;
}

void liar_hello(struct liar *l, const char *board, const char *type, uint32_t epoch)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Hello h = SONATA__HELLO__INIT;
    Sonata__BoardInfo b = SONATA__BOARD_INFO__INIT, *boards[1] = {&b};
    char *metrics[] = {(char *)"accuracy", (char *)"latency"};
    b.id = (char *)(uintptr_t)board;
    b.type = (char *)(uintptr_t)type;
    b.backend = (char *)"table";
    b.state = (char *)"ready";
    b.epoch = epoch;
    b.n_metrics = 2;
    b.metrics = metrics;
    h.worker = (char *)(uintptr_t)l->name;
    h.incarnation = l->incarnation;
    h.n_boards = 1;
    h.boards = boards;
    e.body_case = SONATA__ENVELOPE__BODY_HELLO;
    e.hello = &h;
    liar_send(l, &e);
}

int liar_hello_fault(struct liar *l, const char *board, const char *type, uint32_t epoch)
{
    int code = 0;
    liar_hello(l, board, type, epoch);
    for (int wait = ANSWER_MS;;) {
        Sonata__Envelope *e = liar_receive(l, wait);
        if (!e)
            return code;
        if (e->body_case == SONATA__ENVELOPE__BODY_FAULT)
            code = e->fault->code;
        wait = LATE_FAULT_MS; /* a welcome comes before it */
        if (e->body_case == SONATA__ENVELOPE__BODY_ASSIGN)
            keep(l, e);
        else
            envelope_free(e);
        if (code)
            return code;
    }
}

struct measurement liar_measurement(const Sonata__Assign *a, double accuracy, double latency)
{
    struct measurement m = {
        .attempt = a->attempt, .epoch = a->epoch, .outcome = OUTCOME_OK, .started_wall_ns = clock_wall_ns(), .duration_ns = SONATA_MS};
    copy_string(m.board, sizeof m.board, a->board);
    measurement_add(&m, "accuracy", accuracy, accuracy, accuracy, 1);
    measurement_add(&m, "latency", latency, latency, latency, 1);
    return m;
}

void liar_result(struct liar *l, const struct measurement *m, char verdict[32])
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Result result = SONATA__RESULT__INIT;
    result.measurement = measurement_to_message(m);
    e.body_case = SONATA__ENVELOPE__BODY_RESULT;
    e.result = &result;
    liar_send(l, &e);
    sonata__measurement__free_unpacked(result.measurement, NULL);
    Sonata__Envelope *ack = liar_expect(l, SONATA__ENVELOPE__BODY_RESULT_ACK, ANSWER_MS);
    snprintf(verdict, 32, "%s", ack ? ack->result_ack->verdict : "");
    envelope_free(ack);
}
