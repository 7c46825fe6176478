/* An envelope as any peer may send it, and everything the daemons decode from inside it. */
#include <stdlib.h>

#include "codec/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool other_major = false;
    struct sonata_error err;
    Sonata__Envelope *e = envelope_unpack(data, size, &other_major, &err);
    if (!e)
        return 0;
    if (e->body_case == SONATA__ENVELOPE__BODY_RESULT && e->result->measurement) {
        struct measurement m;
        if (!measurement_from_message(e->result->measurement, &m, &err))
            measurement_fini(&m);
    }
    if (e->body_case == SONATA__ENVELOPE__BODY_BOARD_EVENT) {
        struct board_event event;
        if (!board_event_from_message(e->board_event, &event, &err))
            sonata__board_event__free_unpacked(board_event_to_message(&event), NULL);
    }
    if (e->body_case == SONATA__ENVELOPE__BODY_ASSIGN) {
        struct evaluation_job job;
        (void)!job_from_message(e->assign, &job, &err);
    }
    if (e->body_case == SONATA__ENVELOPE__BODY_REQUEST && e->request->verb_case == SONATA__REQUEST__VERB_SUBMIT && e->request->submit->spec) {
        struct search_spec *spec = calloc(1, sizeof *spec);
        if (spec)
            (void)!spec_from_message(e->request->submit->spec, spec, &err);
        free(spec);
    }
    struct bytes again = {0};
    envelope_pack(e, &again); /* what was understood can be said */
    bytes_fini(&again);
    envelope_free(e);
    return 0;
}
