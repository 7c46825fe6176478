/* Upload and result of the extension on top of tiny_command(). */
#include "mcu/link.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

enum { CHUNK_TRIES = 3, HEX_BYTES = 24 };

static bool field32(const struct tiny_extension *e, const char *key, uint32_t *ret)
{
    uint64_t v;

    if (!tiny_field(e, key, &v) || v > UINT32_MAX)
        return false;
    *ret = (uint32_t)v;
    return true;
}

int link_info_get(struct tiny *t, struct link_info *ret_info, struct sonata_error *err)
{
    struct tiny_reply *reply = xcalloc(1, sizeof *reply);
    struct link_info i = {0};
    const struct tiny_extension *e;
    int rc = tiny_command(t, "sonata info", TINY_EXTENSION, tiny_command_limit(t), reply, err);

    if (rc == -EREMOTEIO && strncmp(reply->error, "Unknown command", 15) == 0)
        rc = sonata_error_set(err, -ENOTSUP, "'%s' runs stock MLPerf Tiny firmware: it takes no networks", tiny_name(t));
    e = tiny_extension(reply, "info");
    if (rc == 0 && !(field32(e, "extension", &i.extension) && field32(e, "format", &i.format) && field32(e, "hz", &i.tick_hz) &&
                     field32(e, "blob_max", &i.blob_max) && field32(e, "arena_max", &i.arena_max) && field32(e, "chunk", &i.chunk) &&
                     field32(e, "flash_code", &i.flash_code) && field32(e, "ram_runtime", &i.ram_runtime)))
        rc = sonata_error_set(err, -EPROTO, "the board's sonata info lacks fields: %.120s", e ? e->text : "");
    if (rc == 0 && (i.extension != 1 || i.format != Q8_VERSION || !i.tick_hz || !i.chunk))
        rc = sonata_error_set(err, -ENOTSUP, "firmware extension %u, format %u: this host speaks 1, %d", i.extension, i.format, Q8_VERSION);
    if (rc == 0)
        *ret_info = i;
    free(reply);
    return rc;
}

/* Makes the command of one chunk; returns the number of bytes it carries. */
static size_t chunk_command(const struct link_info *info, const uint8_t *blob, size_t at, size_t size, enum link_framing framing, char *command)
{
    size_t most = framing == LINK_HEX ? HEX_BYTES : info->chunk, n = min_of(size - at, most);
    int length;

    if (framing == LINK_BINARY) {
        snprintf(command, TINY_COMMAND_MAX + 1, "sonata bin %zu %zu %08" PRIx32, at, n, q8_crc32(0, blob + at, (uint32_t)n));
        return n;
    }
    length = snprintf(command, TINY_COMMAND_MAX + 1, "sonata hex %zu ", at);
    n = n <= (TINY_COMMAND_MAX - (size_t)length) / 2 ? n : (TINY_COMMAND_MAX - (size_t)length) / 2;
    for (size_t i = 0; i < n; i++)
        snprintf(command + length + 2 * i, 3, "%02x", blob[at + i]);
    return n;
}

/* A blob on its way to the board. */
struct upload {
    const struct link_info *info;
    const uint8_t *blob;
    size_t size;
    enum link_framing framing;
};

static int send_chunk(struct tiny *t, const struct upload *u, size_t *at, struct tiny_reply *reply, struct sonata_error *err)
{
    char command[TINY_COMMAND_MAX + 1];
    size_t n = chunk_command(u->info, u->blob, *at, u->size, u->framing, command);
    struct tiny_question question = {.command = command, .want = TINY_EXTENSION, .limit_ns = tiny_command_limit(t)};
    int rc = -EPROTO;

    if (u->framing == LINK_BINARY) {
        question.raw = u->blob + *at;
        question.n_raw = n;
    }
    for (unsigned i = 0; i < CHUNK_TRIES && (rc == -ETIMEDOUT || rc == -EPROTO || rc == -EREMOTEIO); i++) {
        uint64_t next;

        rc = tiny_command_raw(t, &question, reply, err);
        if (rc == 0 && (!tiny_field(tiny_extension(reply, "chunk"), "at", &next) || next != *at + n))
            rc = sonata_error_set(err, -EPROTO, "chunk at %zu was not acknowledged", *at);
    }
    *at += n;
    return rc;
}

static int announce(struct tiny *t, const struct link_info *info, const void *blob, size_t size, struct tiny_reply *reply,
                    struct sonata_error *err)
{
    char command[TINY_COMMAND_MAX + 1];

    if (size > info->blob_max)
        return sonata_error_set(err, -ENOSPC, "infeasible:flash: %zu bytes missing (network %zu, the firmware's buffer %u)",
                                size - info->blob_max, size, info->blob_max);
    snprintf(command, sizeof command, "sonata load %zu %08" PRIx32, size, q8_crc32(0, blob, (uint32_t)size));
    return tiny_command(t, command, TINY_EXTENSION, tiny_command_limit(t), reply, err);
}

int link_upload(struct tiny *t, const struct link_info *info, const void *blob, size_t size, enum link_framing framing,
                struct sonata_error *err)
{
    struct tiny_reply *reply;
    struct q8_header h;
    int rc;

    if (size < sizeof h || size > Q8_BLOB_MAX)
        return sonata_error_set(err, -EINVAL, "a blob of %zu bytes", size);
    memcpy(&h, blob, sizeof h);
    if (h.arena_size > info->arena_max)
        return sonata_error_set(err, -ENOSPC, "infeasible:ram: %u bytes missing (activations %u, the firmware's arena %u)",
                                h.arena_size - info->arena_max, h.arena_size, info->arena_max);
    reply = xcalloc(1, sizeof *reply);
    rc = announce(t, info, blob, size, reply, err);
    for (size_t at = 0; at < size && rc == 0;)
        rc = send_chunk(t, &(struct upload){info, blob, size, framing}, &at, reply, err);
    if (rc == 0)
        rc = tiny_command(t, "sonata done", TINY_EXTENSION, tiny_command_limit(t), reply, err);
    free(reply);
    return rc;
}

/* "-3,7,0" into logits; false on anything else. */
static bool parse_logits(const char *text, struct link_result *r)
{
    r->n_logits = 0;
    for (;;) {
        char *end;
        long v = strtol(text, &end, 10);

        if (end == text || v < -128 || v > 127 || r->n_logits == Q8_OUTPUT_MAX || (*end && *end != ','))
            return false;
        r->logit[r->n_logits++] = (int8_t)v;
        if (!*end)
            return true;
        text = end + 1;
    }
}

int link_result_get(struct tiny *t, struct link_result *ret_result, struct sonata_error *err)
{
    struct tiny_reply *reply = xcalloc(1, sizeof *reply);
    struct link_result r = {0};
    const struct tiny_extension *ticks, *logits;
    int rc = tiny_command(t, "sonata result", TINY_EXTENSION, tiny_command_limit(t), reply, err);

    ticks = tiny_extension(reply, "ticks");
    logits = tiny_extension(reply, "logits");
    if (rc == 0 && !(logits && field32(ticks, "n", &r.n) && tiny_field(ticks, "total", &r.total) && tiny_field(ticks, "min", &r.min) &&
                     tiny_field(ticks, "max", &r.max) && field32(ticks, "hz", &r.tick_hz) && r.n && r.tick_hz && parse_logits(logits->text, &r)))
        rc = sonata_error_set(err, -EPROTO, "the board's sonata result is incomplete");
    if (rc == 0)
        *ret_result = r;
    free(reply);
    return rc;
}
