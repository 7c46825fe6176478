/* Records of the store, read and written: one pair of functions for each kind. Reading sees what this turn wrote already. */
#include "run/records.h"

#include "base/memory.h"
#include "codec/codec.h"

/* A record that is there but makes no sense to its decoder: the store refuses further writes, as after any read that fails. */
static int checked(struct store *s, enum store_db db, struct store_key key, int rc)
{
    if (rc)
        store_report_damage(s, db, key, rc);
    return rc;
}

int attempt_load(struct engine *r, uint64_t id, struct attempt_record *ret_record)
{
    cleanup_bytes struct bytes b = {0};
    int rc = store_get(r->store, STORE_ATTEMPT, key_u64(id), &b);
    return rc ? rc : checked(r->store, STORE_ATTEMPT, key_u64(id), attempt_record_decode(b.data, b.size, ret_record));
}

void attempt_put(struct engine *r, const struct attempt_record *record)
{
    cleanup_bytes struct bytes b = {0};
    attempt_record_encode(record, &b);
    store_put(r->store, STORE_ATTEMPT, key_u64(record->id), b.data, b.size);
}

int measurement_load(struct engine *r, uint64_t attempt, struct measurement *ret_measurement)
{
    cleanup_bytes struct bytes b = {0};
    int rc = store_get(r->store, STORE_MEASUREMENT, key_u64(attempt), &b);
    return rc ? rc : checked(r->store, STORE_MEASUREMENT, key_u64(attempt), measurement_decode(b.data, b.size, ret_measurement, NULL));
}

void measurement_put(struct engine *r, const struct measurement *m)
{
    cleanup_bytes struct bytes b = {0};
    measurement_encode(m, &b);
    store_put(r->store, STORE_MEASUREMENT, key_u64(m->attempt), b.data, b.size);
}

void board_load(struct engine *r, const char *name, struct board_record *ret_board)
{
    cleanup_bytes struct bytes b = {0};
    int rc = store_get(r->store, STORE_BOARD, key_text(name), &b);
    if (!rc)
        rc = checked(r->store, STORE_BOARD, key_text(name), board_record_decode(b.data, b.size, ret_board));
    if (rc) {
        *ret_board = (struct board_record){.first_wall_ns = r->wall};
        copy_string(ret_board->name, sizeof ret_board->name, name);
    }
}

void board_put(struct engine *r, const struct board_record *board)
{
    cleanup_bytes struct bytes b = {0};
    board_record_encode(board, &b);
    store_put(r->store, STORE_BOARD, key_text(board->name), b.data, b.size);
}

int evaluation_load(struct engine *r, uint64_t id, struct evaluation_record *ret_record)
{
    cleanup_bytes struct bytes b = {0};
    int rc = store_get(r->store, STORE_EVALUATION, key_u64(id), &b);
    return rc ? rc : checked(r->store, STORE_EVALUATION, key_u64(id), evaluation_record_decode(b.data, b.size, ret_record));
}

void evaluation_put(struct engine *r, const struct evaluation_record *record)
{
    cleanup_bytes struct bytes b = {0};
    evaluation_record_encode(record, &b);
    store_put(r->store, STORE_EVALUATION, key_u64(record->id), b.data, b.size);
}

enum evaluation_state evaluation_standing(struct engine *r, const struct evaluation_record *record)
{
    struct attempt_record a;
    if (record->state != EVALUATION_OPEN)
        return record->state;
    if (!record->accepted || attempt_load(r, record->accepted, &a))
        return EVALUATION_CANCELED;
    return a.outcome == OUTCOME_INFEASIBLE ? EVALUATION_INFEASIBLE : EVALUATION_DONE;
}

int individual_load(struct engine *r, uint64_t search, uint64_t id, struct individual_record *ret_record)
{
    cleanup_bytes struct bytes b = {0};
    int rc = store_get(r->store, STORE_INDIVIDUAL, key_u64_pair(search, id), &b);
    return rc ? rc : checked(r->store, STORE_INDIVIDUAL, key_u64_pair(search, id), individual_record_decode(b.data, b.size, ret_record));
}

void individual_put(struct search *rs, const struct individual_record *record)
{
    cleanup_bytes struct bytes b = {0};
    individual_record_encode(record, &b);
    store_put(rs->engine->store, STORE_INDIVIDUAL, key_u64_pair(rs->record.id, record->id), b.data, b.size);
}

int spec_load(struct store *store, uint64_t id, struct search_spec *ret_spec, struct sonata_error *err)
{
    cleanup_bytes struct bytes b = {0};
    int r = store_get(store, STORE_SPEC, key_u64(id), &b);
    if (r)
        return sonata_error_set(err, r, "search %llu has no stored specification", (unsigned long long)id);
    return checked(store, STORE_SPEC, key_u64(id), spec_decode(b.data, b.size, ret_spec, err));
}
