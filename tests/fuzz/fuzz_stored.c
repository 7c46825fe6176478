/* Values as a damaged store might hand them back. The first byte picks the decoder. What a decoder lets through is encoded and decoded again: the
 * bytes must then be the same, so that nothing half-read is written back. */
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "store/record.h"

/* Runs decode → encode → decode → encode over a plain record and compares the two encodings. */
#define ROUND_TRIP(type, decode, encode)                                                                                                             \
    static void through_##decode(const uint8_t *data, size_t size)                                                                                   \
    {                                                                                                                                                \
        struct type *r = calloc(1, sizeof *r);                                                                                                       \
        struct bytes once = {0}, twice = {0};                                                                                                        \
        if (r && !decode(data, size, r)) {                                                                                                           \
            encode(r, &once);                                                                                                                        \
            if (decode(once.data, once.size, r))                                                                                                     \
                abort();                                                                                                                             \
            encode(r, &twice);                                                                                                                       \
            if (once.size != twice.size || memcmp(once.data, twice.data, once.size))                                                                 \
                abort();                                                                                                                             \
        }                                                                                                                                            \
        bytes_fini(&once);                                                                                                                           \
        bytes_fini(&twice);                                                                                                                          \
        free(r);                                                                                                                                     \
    }
ROUND_TRIP(search_record, search_record_decode, search_record_encode)
ROUND_TRIP(individual_record, individual_record_decode, individual_record_encode)
ROUND_TRIP(evaluation_record, evaluation_record_decode, evaluation_record_encode)
ROUND_TRIP(attempt_record, attempt_record_decode, attempt_record_encode)
ROUND_TRIP(board_record, board_record_decode, board_record_encode)
ROUND_TRIP(event_record, event_record_decode, event_record_encode)
ROUND_TRIP(invalid_record, invalid_record_decode, invalid_record_encode)
ROUND_TRIP(board_event_record, board_event_record_decode, board_event_record_encode)
ROUND_TRIP(board_health_record, board_health_record_decode, board_health_record_encode)
ROUND_TRIP(suspect_record, suspect_record_decode, suspect_record_encode)
ROUND_TRIP(upload_record, upload_record_decode, upload_record_encode)
ROUND_TRIP(usage_record, usage_record_decode, usage_record_encode)
ROUND_TRIP(team, team_decode, team_encode)
ROUND_TRIP(access_key, key_decode, key_encode)
ROUND_TRIP(audit_entry, audit_decode, audit_encode)
ROUND_TRIP(worker_name, worker_name_decode, worker_name_encode)
#undef ROUND_TRIP

static void through_measurement(const uint8_t *data, size_t size)
{
    struct sonata_error err;
    struct measurement m;
    if (!measurement_decode(data, size, &m, &err))
        measurement_fini(&m);
}

static void through_space(const uint8_t *data, size_t size)
{
    struct sonata_error err;
    struct space *space = calloc(1, sizeof *space);
    if (space && !space_decode(data, size, space, &err) && space_check(space, &err))
        abort(); /* a decoded space satisfies its own check */
    free(space);
}

static void through_spec(const uint8_t *data, size_t size)
{
    struct sonata_error err;
    struct search_spec *spec = calloc(1, sizeof *spec);
    if (spec)
        (void)!spec_decode(data, size, spec, &err);
    free(spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const through[])(const uint8_t *, size_t) = {
        through_measurement, through_space, through_spec, through_search_record_decode, through_individual_record_decode,
        through_evaluation_record_decode, through_attempt_record_decode, through_board_record_decode, through_event_record_decode,
        through_team_decode, through_key_decode, through_audit_decode, through_invalid_record_decode,
        through_board_event_record_decode, through_board_health_record_decode,
        through_suspect_record_decode, through_usage_record_decode, through_worker_name_decode, through_upload_record_decode};
    if (size)
        through[data[0] % (sizeof through / sizeof *through)](data + 1, size - 1);
    return 0;
}
