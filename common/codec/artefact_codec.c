/* Artefacts on the wire and in the store: a hash, a size and the name of a format. */
#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/medium.h"
#include "base/memory.h"
#include "codec/codec_internal.h"

Sonata__Artefact *artefact_to_message(const struct artefact *a)
{
    if (hash_is_zero(a->hash))
        return NULL;
    Sonata__Artefact *m = xmalloc(sizeof *m);
    sonata__artefact__init(m);
    m->hash = wire_give_hash(a->hash);
    m->bytes = a->bytes;
    m->format = wire_give_text(a->format);
    return m;
}

int artefact_from_message(const Sonata__Artefact *m, struct artefact *ret_artefact, struct sonata_error *err)
{
    struct artefact a = {.bytes = m ? m->bytes : 0};
    if (!m) {
        *ret_artefact = a;
        return 0;
    }
    int r = wire_take_hash(a.hash, &m->hash, "hash of a model", err);
    if (!r)
        r = wire_take_text(a.format, sizeof a.format, m->format, true, false, "format of a model", err);
    if (!r && (hash_is_zero(a.hash) || !a.bytes || a.bytes > ARTEFACT_BYTES_MAX || !name_is_valid(a.format, sizeof a.format)))
        r = sonata_error_set(err, -EINVAL, "a model has a hash, 1 to %llu bytes and a format of one word", (unsigned long long)ARTEFACT_BYTES_MAX);
    if (!r)
        *ret_artefact = a;
    return r;
}
