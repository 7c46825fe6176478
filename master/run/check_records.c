/* The check of a store, record by record: each is whole, and what it names is there and says the same. */
#include "run/check_internal.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "codec/codec.h"

bool check_attempt(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct attempt_record a;
    uint64_t id = key_read_u64(key, n_key, 0);
    if (attempt_record_decode(value, n_value, &a) || a.id != id) {
        check_finding(c, "attempt %llu: damaged record", (ull)id);
        return true;
    }
    if (id > c->max_attempt)
        c->max_attempt = id;
    uint64_t lease = hash64_text(a.board) + UINT64_C(0x9e3779b97f4a7c15) * a.epoch;
    if (map_get(&c->leases, lease))
        check_finding(c, "attempt %llu: board %s epoch %u was given out twice", (ull)id, a.board, a.epoch);
    map_set(&c->leases, lease, check_tag(id));
    if (!check_has(c, STORE_EVALUATION, key_u64(a.evaluation)))
        check_finding(c, "attempt %llu: its evaluation %llu does not exist", (ull)id, (ull)a.evaluation);
    c->with_measurement += a.has_measurement;
    if (a.has_measurement != check_has(c, STORE_MEASUREMENT, key_u64(id)))
        check_finding(c, "attempt %llu: its measurement %s", (ull)id, a.has_measurement ? "is missing" : "is there but not recorded");
    if (a.state != ATTEMPT_ACCEPTED)
        return true;
    if (map_get(&c->accepted, a.evaluation))
        check_finding(c, "evaluation %llu: two accepted attempts, %llu and another", (ull)a.evaluation, (ull)id);
    map_set(&c->accepted, a.evaluation, check_tag(id));
    return true;
}

bool check_measurement(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct measurement m = {0};
    struct sonata_error err = {{0}};
    uint64_t id = key_read_u64(key, n_key, 0);
    if (measurement_decode(value, n_value, &m, &err))
        check_finding(c, "measurement %llu: %s", (ull)id, err.text);
    else if (m.attempt != id)
        check_finding(c, "measurement %llu says that it is of attempt %llu", (ull)id, (ull)m.attempt);
    measurement_fini(&m);
    return true;
}

/* A measurement that counts beside the accepted one. */
static void check_further(struct check *c, const struct evaluation_record *e, uint64_t attempt)
{
    cleanup_bytes struct bytes b = {0};
    struct attempt_record a;
    bool sound = e->accepted && !store_get_committed(c->store, STORE_ATTEMPT, key_u64(attempt), &b) && !attempt_record_decode(b.data, b.size, &a) &&
                 a.evaluation == e->id && a.state == ATTEMPT_REPLICATE && a.outcome == OUTCOME_OK && a.has_measurement;
    if (!sound)
        check_finding(c, "evaluation %llu rests on attempt %llu, which is not a further measurement of it", (ull)e->id, (ull)attempt);
}

bool check_evaluation(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct evaluation_record e;
    uint64_t id = key_read_u64(key, n_key, 0);
    if (evaluation_record_decode(value, n_value, &e) || e.id != id) {
        check_finding(c, "evaluation %llu: damaged record", (ull)id);
        return true;
    }
    if (id > c->max_evaluation)
        c->max_evaluation = id;
    bool answered = e.state == EVALUATION_DONE || e.state == EVALUATION_INFEASIBLE;
    bool may = answered || e.state == EVALUATION_OPEN; /* measured again: its answer stands meanwhile */
    bool kills_boards = e.state == EVALUATION_INFEASIBLE && check_has(c, STORE_SUSPECT, key_u64(id)); /* no board lived to measure it */
    if ((answered && !e.accepted && !kills_boards) || (!may && e.accepted))
        check_finding(c, "evaluation %llu is %s but its accepted attempt is %llu", (ull)id, evaluation_state_name(e.state), (ull)e.accepted);
    if (map_get(&c->accepted, id) != (e.accepted ? check_tag(e.accepted) : NULL))
        check_finding(c, "evaluation %llu: the attempt that says it was accepted is not %llu", (ull)id, (ull)e.accepted);
    for (uint32_t i = 0; i < e.n_further; i++)
        check_further(c, &e, e.further[i]);
    return true;
}

bool check_invalid(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct invalid_record r;
    (void)key;
    (void)n_key;
    if (invalid_record_decode(value, n_value, &r)) {
        check_finding(c, "a record of times when a board measured wrong is damaged");
        return true;
    }
    for (uint32_t i = 0; i < r.n_spans; i++) {
        if (r.span[i].from_wall_ns >= r.span[i].to_wall_ns || (i && r.span[i].from_wall_ns <= r.span[i - 1].to_wall_ns))
            check_finding(c, "board %s: the times when it measured wrong overlap or are out of order", r.board);
    }
    return true;
}

bool check_index(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    cleanup_free uint64_t *id = NULL;
    uint32_t n = 0;
    (void)key;
    (void)n_key;
    if (ids_decode(value, n_value, UINT32_MAX, &id, &n))
        check_finding(c, "the index of evaluations has a damaged entry");
    for (uint32_t i = 0; i < n; i++) {
        if (!check_has(c, STORE_EVALUATION, key_u64(id[i])))
            check_finding(c, "the index of evaluations names %llu, which does not exist", (ull)id[i]);
    }
    return true;
}

bool check_board_event(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct board_event_record e;
    if (board_event_record_decode(value, n_value, &e) || n_key != 24 || key_read_u64(key, n_key, 0) != hash64_text(e.event.board) ||
        key_read_u64(key, n_key, 1) != (uint64_t)e.event.wall_ns) {
        check_finding(c, "an event of a board is damaged");
        return true;
    }
    uint64_t id = hash64_text(e.event.board);
    uintptr_t n = (uintptr_t)map_get(&c->board_events, id);
    map_set(&c->board_events, id, check_tag(n));
    return true;
}

bool check_board_health(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct board_health_record h;
    if (board_health_record_decode(value, n_value, &h) || n_key != strlen(h.name) || memcmp(key, h.name, n_key)) {
        check_finding(c, "the health of board %.*s: damaged record", (int)n_key, (const char *)key);
        return true;
    }
    uintptr_t n = (uintptr_t)map_remove(&c->board_events, hash64_text(h.name));
    if (n != h.n_events)
        check_finding(c, "board %s: %u events are counted but %llu are stored", h.name, h.n_events, (ull)n);
    return true;
}

bool check_suspect(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct suspect_record s;
    uint64_t id = key_read_u64(key, n_key, 0);
    if (suspect_record_decode(value, n_value, &s) || s.evaluation != id)
        check_finding(c, "failures of evaluation %llu: damaged record", (ull)id);
    else if (!check_has(c, STORE_EVALUATION, key_u64(id)))
        check_finding(c, "failures are kept of evaluation %llu, which does not exist", (ull)id);
    return true;
}

bool check_blob(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    uint8_t hash[HASH_SIZE];
    hash_content(value, n_value, hash);
    if (n_key != HASH_SIZE || memcmp(key, hash, HASH_SIZE))
        check_finding(user, "a blob of %zu bytes does not have the hash of its key", n_value);
    return true;
}

bool check_blob_pool(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct upload_record record;
    if (upload_record_decode(value, n_value, &record))
        check_finding(c, "the record of an upload is damaged");
    if (n_key < HASH_SIZE || (!check_has(c, STORE_BLOB, key_bytes(key, HASH_SIZE)) && !check_has(c, STORE_ARTEFACT, key_bytes(key, HASH_SIZE))))
        check_finding(c, "an upload is noted whose content is not stored");
    return true;
}
