/* See session_model.h. */
#include "cli/session_model.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/part.h"

static const int64_t PAUSE_NS = 20 * SONATA_MS;

/* One question or piece. *ret_received: where to go on. */
static int put(struct session *s, Sonata__PutBlob *piece, bool *ret_have, uint64_t *ret_received, struct sonata_error *err)
{
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_PUT_BLOB;
    request.put_blob = piece;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    int r = session_call(s, &request, &reply, err);
    if (r == -EAGAIN)
        return 0; /* in a moment: *ret_received is where it was */
    if (r)
        return sonata_error_prefix(err, r, "uploading a model");
    *ret_have = reply->reply->have_blob;
    *ret_received = reply->reply->received;
    return 0;
}

static int put_all(struct session *s, int fd, const struct artefact *a, struct sonata_error *err)
{
    cleanup_free uint8_t *data = xmalloc(WIRE_BLOB_CHUNK);
    bool have = false;
    for (uint64_t at = 0; !have;) {
        Sonata__PutBlob piece = SONATA__PUT_BLOB__INIT;
        ssize_t n = pread(fd, data, WIRE_BLOB_CHUNK, (off_t)at);
        if (n < 0)
            return sonata_error_set(err, -errno, "the model cannot be read: %s", strerror(errno));
        piece.hash = (ProtobufCBinaryData){HASH_SIZE, (uint8_t *)(uintptr_t)a->hash};
        piece.offset = at;
        piece.total = a->bytes;
        piece.data = (ProtobufCBinaryData){(size_t)n, data};
        piece.artefact = true;
        uint64_t received = at;
        int r = put(s, &piece, &have, &received, err);
        if (r)
            return r;
        if (received > a->bytes)
            return sonata_error_set(err, -EBADMSG, "the master says it has more of a model than there is");
        if (!have && (received == at || received == a->bytes))
            clock_sleep_ns(PAUSE_NS); /* it looks at what it has, or makes it durable */
        at = received;
    }
    return 0;
}

int session_put_model(struct session *s, const char *path, struct artefact *ret_artefact, struct sonata_error *err)
{
    struct artefact a = {.format = "onnx"};
    int r = file_hash(path, ARTEFACT_BYTES_MAX, a.hash, &a.bytes, err);
    if (!r && !a.bytes)
        r = sonata_error_set(err, -EINVAL, "%s: it is empty", path);
    if (r)
        return r;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sonata_error_set(err, -errno, "%s: %s", path, strerror(errno));
    r = put_all(s, fd, &a, err);
    if (r)
        return sonata_error_prefix(err, r, "%s", path);
    *ret_artefact = a;
    return 0;
}

/* The next piece of the file; *part is made by the first, which says hash and size. */
static int get(struct session *s, Sonata__GetArtefact *ask, const char *folder, struct part **part, struct sonata_error *err)
{
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_ARTEFACT;
    request.artefact = ask;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    int r = session_call(s, &request, &reply, err);
    if (r)
        return r;
    const Sonata__BlobChunk *c = reply->reply->chunk;
    if (!c || c->hash.len != HASH_SIZE || !c->total || c->total > ARTEFACT_BYTES_MAX || !c->data.len || c->offset != ask->offset ||
        (*part && c->total != part_total(*part)))
        return sonata_error_set(err, -EBADMSG, "the master sent something that is no piece of a model");
    if (!*part)
        r = part_open(folder, c->hash.data, c->total, "get", part, err);
    if (!r && part_size(*part) == ask->offset) /* else an earlier download left some of it */
        r = part_append(*part, c->data.data, c->data.len, err);
    if (!r)
        ask->offset = part_size(*part);
    return r;
}

/* The part knows its content by the hash; the file gets the name that was asked for. */
static int finish(struct part *part, const char *path, struct sonata_error *err)
{
    char whole[PART_PATH_MAX];
    int r = part_finish(part, err);
    if (r)
        return r;
    part_path(part, whole, sizeof whole);
    return rename(whole, path) ? sonata_error_set(err, -errno, "%s: %s", path, strerror(errno)) : 0;
}

int session_get_model(struct session *s, uint64_t search, uint64_t individual, const char *path, struct sonata_error *err)
{
    Sonata__GetArtefact ask = SONATA__GET_ARTEFACT__INIT;
    struct part *part = NULL;
    const char *slash = strrchr(path, '/');
    char folder[PART_PATH_MAX] = ".";
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    ask.search = search;
    ask.individual = individual;
    ask.max = WIRE_BLOB_CHUNK;
    int r;
    do
        r = get(s, &ask, folder, &part, err);
    while (!r && part_size(part) < part_total(part));
    if (!r)
        r = finish(part, path, err);
    if (r == -EBADMSG)
        part_drop(part);
    else
        part_close(part);
    return r;
}
