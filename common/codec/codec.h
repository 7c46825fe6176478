/* Domain structs <-> protobuf bytes, and the envelope of every message: the only place that sees sonata.pb-c.h, but for rpc, agent and cli
 * which build messages from the generated structs through envelope_pack()/envelope_unpack(). Every decoder is bounded and checks what it
 * yields: a decoded struct satisfies its own invariants (space_check, legal alleles, finite numbers, known enums). */
#ifndef SONATA_CODEC_CODEC_H
#define SONATA_CODEC_CODEC_H

#include "base/bytes.h"
#include "base/error.h"
#include "domain/board_event.h"
#include "domain/evaluation.h"
#include "domain/metric.h"
#include "domain/spec.h"
#include "sonata.pb-c.h"

enum {
    WIRE_MAJOR = 1,
    WIRE_MINOR = 0,
    WIRE_MESSAGE_MAX = 4 << 20, /* bytes of one envelope; larger ones are refused before decoding */
    WIRE_BLOB_CHUNK = 256 << 10,
    WIRE_BLOB_MAX = 64 << 20 /* of a space or supernet, which lies in the store; a model file: ARTEFACT_BYTES_MAX */
};

/* Serialises with major/minor set. */
void envelope_pack(Sonata__Envelope *e, struct bytes *out);
/* NULL with the reason when too large, not an envelope, without body, or of another major (then *ret_other_major is set). Free with
 * envelope_free(). */
Sonata__Envelope *envelope_unpack(const void *p, size_t n, bool *ret_other_major, struct sonata_error *err);
/* Frees it with all it holds; NULL is allowed. */
void envelope_free(Sonata__Envelope *e);
#define cleanup_envelope __attribute__((cleanup(cleanup_envelope_pointer)))
/* For cleanup_envelope. */
void cleanup_envelope_pointer(Sonata__Envelope **e);

/* Lists come in pages. After `page` was the answer to q: true when there is a further page, which q now asks for (its id must be another); false for
 * verbs that have none. An answer that says `more` and has nothing ends the list. */
bool pages_next(Sonata__Request *q, const Sonata__Reply *page);
/* Moves what a later page of the same list has over to `whole`, in the order of the whole list. */
void pages_join(Sonata__Reply *whole, Sonata__Reply *page);

/* Canonical bytes of a space (deterministic: their BLAKE2b names the space). */
void space_encode(const struct space *s, struct bytes *out);
/* Reads what space_encode() wrote and checks it as a space of a stranger. -EINVAL, -EBADMSG with the reason. */
int space_decode(const void *p, size_t n, struct space *ret_space, struct sonata_error *err) SONATA_MUST_CHECK;
/* Bytes of a specification, its space included, as they are stored. */
void spec_encode(const struct search_spec *s, struct bytes *out);
/* Reads what spec_encode() wrote, checked as spec_from_message() does. -EBADMSG: no such bytes. */
int spec_decode(const void *p, size_t n, struct search_spec *ret_spec, struct sonata_error *err) SONATA_MUST_CHECK;
/* A specification as a client sent it; every field is checked. -EINVAL with the field. */
int spec_from_message(const Sonata__SearchSpec *m, struct search_spec *ret_spec, struct sonata_error *err) SONATA_MUST_CHECK;
/* The same of a search that is new: its names keep to the grammar of names too (spec_check_names). */
int spec_from_submission(const Sonata__SearchSpec *m, struct search_spec *ret_spec, struct sonata_error *err) SONATA_MUST_CHECK;
/* A message that borrows from an arena owned by the returned object; free with protobuf: sonata__search_spec__free_unpacked(m, NULL). */
Sonata__SearchSpec *spec_to_message(const struct search_spec *s);

/* Measurements: samples are zstd-compressed on the wire and in the store. */
void measurement_encode(const struct measurement *m, struct bytes *out);
/* Reads what measurement_encode() wrote, checked as measurement_from_message() does. -EBADMSG: no such bytes. */
int measurement_decode(const void *p, size_t n, struct measurement *ret_measurement, struct sonata_error *err) SONATA_MUST_CHECK;
/* A measurement as a worker sent it: limits and units are checked, samples are unpacked within a bound. -EINVAL, -EBADMSG with the field. Release
 * with measurement_fini(). */
int measurement_from_message(const Sonata__Measurement *m, struct measurement *ret_measurement, struct sonata_error *err) SONATA_MUST_CHECK;
Sonata__Measurement *measurement_to_message(const struct measurement *m); /* free: sonata__measurement__free_unpacked(m, NULL) */

/* An Assign as a job and back; bounds and legality checked except alleles (the space is needed for that). */
int job_from_message(const Sonata__Assign *m, struct evaluation_job *ret_job, struct sonata_error *err) SONATA_MUST_CHECK;
Sonata__Assign *job_to_message(const struct evaluation_job *job); /* free: sonata__assign__free_unpacked(m, NULL) */

/* NULL when there is none (a zero hash); free: sonata__artefact__free_unpacked(m, NULL) */
Sonata__Artefact *artefact_to_message(const struct artefact *a);

/* Events of boards. Control characters in the text become spaces, and what is too long is cut; -EINVAL for a bad name, time or number. */
int board_event_from_message(const Sonata__BoardEvent *m, struct board_event *ret_event, struct sonata_error *err) SONATA_MUST_CHECK;
Sonata__BoardEvent *board_event_to_message(const struct board_event *e); /* free: sonata__board_event__free_unpacked(m, NULL) */

#endif
