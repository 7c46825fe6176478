/* See spool.h. */
#include "agent/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "codec/codec.h"

enum { MAGIC = 0x314c5053 /* "SPL1" */, HEAD = 16, KIND_RESULT = 1, KIND_ACK = 2, COMPACT_ABOVE = 1 << 20 };
static const size_t FILE_MAX = (size_t)1 << 30;

struct spool {
    char *path;
    spool_identify *identify;
    int fd;
    size_t size, live;          /* bytes in the file; of those still needed */
    struct spool_item *item;
    size_t n, capacity;
};

static uint32_t record_crc(uint32_t kind, const void *p, size_t n)
{
    uint8_t head[8];
    for (unsigned i = 0; i < 4; i++) {
        head[i] = (uint8_t)(kind >> (8 * i));
        head[4 + i] = (uint8_t)((uint32_t)n >> (8 * i));
    }
    return (uint32_t)crc32(crc32(0, head, sizeof head), p, (uInt)n);
}

static void put_record(struct bytes *out, uint32_t kind, const void *p, size_t n)
{
    bytes_put_u32(out, MAGIC);
    bytes_put_u32(out, kind);
    bytes_put_u32(out, (uint32_t)n);
    bytes_put_u32(out, record_crc(kind, p, n));
    bytes_append(out, p, n);
}

static struct spool_item *find(const struct spool *s, uint64_t attempt, uint32_t epoch)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->item[i].attempt == attempt && s->item[i].epoch == epoch)
            return &s->item[i];
    }
    return NULL;
}

static void remember(struct spool *s, const struct spool_key *key, const void *p, size_t n)
{
    s->item = xgrow(s->item, &s->capacity, s->n + 1, sizeof *s->item);
    struct spool_item *item = &s->item[s->n++];
    *item = (struct spool_item){.attempt = key->attempt, .epoch = key->epoch};
    copy_string(item->board, sizeof item->board, key->board);
    bytes_append(&item->result, p, n);
    struct spool_item seen = {0};
    if (s->identify(p, n, &seen)) {
        memcpy(item->artefact, seen.artefact, sizeof item->artefact);
        item->artefact_bytes = seen.artefact_bytes;
    }
    s->live += HEAD + n;
}

static int forget(struct spool *s, uint64_t attempt, uint32_t epoch)
{
    struct spool_item *item = find(s, attempt, epoch);
    if (!item)
        return -ENOENT;
    s->live -= HEAD + item->result.size;
    bytes_fini(&item->result);
    size_t i = (size_t)(item - s->item);
    memmove(item, item + 1, (s->n - i - 1) * sizeof *item);
    s->n--;
    return 0;
}

bool spool_identify_result(const uint8_t *p, size_t n, struct spool_item *item)
{
    struct measurement m;
    struct sonata_error err;
    if (measurement_decode(p, n, &m, &err))
        return false;
    item->attempt = m.attempt;
    item->epoch = m.epoch;
    copy_string(item->board, sizeof item->board, m.board);
    memcpy(item->artefact, m.artefact.hash, sizeof item->artefact);
    item->artefact_bytes = m.artefact.bytes;
    measurement_fini(&m);
    return true;
}

bool spool_identify_event(const uint8_t *p, size_t n, struct spool_item *item)
{
    Sonata__BoardEvent *e = sonata__board_event__unpack(NULL, n, p);
    if (!e)
        return false;
    item->attempt = e->sequence;
    item->epoch = 0;
    copy_string(item->board, sizeof item->board, e->board);
    sonata__board_event__free_unpacked(e, NULL);
    return true;
}

/* One record's effect; false when its payload is not what its kind says. */
static bool replay_record(struct spool *s, uint32_t kind, const uint8_t *p, size_t n)
{
    if (kind == KIND_ACK) {
        struct reader in = reader_of(p, n);
        uint64_t attempt = reader_u64(&in);
        uint32_t epoch = reader_u32(&in);
        forget(s, attempt, epoch);
        return reader_done(&in);
    }
    struct spool_item seen = {0};
    if (kind != KIND_RESULT || !s->identify(p, n, &seen))
        return false;
    if (!find(s, seen.attempt, seen.epoch))
        remember(s, &(struct spool_key){seen.attempt, seen.epoch, seen.board}, p, n);
    return true;
}

/* Returns how many bytes from the front are whole, correct records. */
static size_t replay(struct spool *s, const uint8_t *p, size_t n)
{
    struct reader in = reader_of(p, n);
    for (;;) {
        size_t before = in.left;
        uint32_t magic = reader_u32(&in), kind = reader_u32(&in), size = reader_u32(&in), crc = reader_u32(&in);
        if (in.bad || magic != MAGIC || size > SPOOL_RESULT_MAX)
            return n - before;
        const uint8_t *payload = reader_take(&in, size);
        if (!payload || record_crc(kind, payload, size) != crc || !replay_record(s, kind, payload, size))
            return n - before;
    }
}

int spool_open(const char *path, spool_identify *identify, struct spool **ret_spool, size_t *ret_lost, struct sonata_error *err)
{
    struct spool *s = xcalloc(1, sizeof *s);
    s->path = xstrdup(path);
    s->identify = identify;
    s->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (s->fd < 0) {
        int r = sonata_error_set(err, -errno, "%s: cannot open the spool: %s", path, strerror(errno));
        spool_close(s);
        return r;
    }
    cleanup_bytes struct bytes data = {0};
    struct stat st;
    int r = fstat(s->fd, &st) ? -errno : 0;
    if (!r && st.st_size > 0)
        r = file_read(path, FILE_MAX, &data, err);
    size_t good = r ? 0 : replay(s, data.data, data.size);
    if (!r && good < data.size && (ftruncate(s->fd, (off_t)good) || fsync(s->fd)))
        r = sonata_error_set(err, -errno, "%s: cannot cut off its corrupt tail: %s", path, strerror(errno));
    if (r) {
        spool_close(s);
        return r;
    }
    s->size = good;
    *ret_lost = data.size - good;
    *ret_spool = s;
    return 0;
}

void spool_close(struct spool *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        bytes_fini(&s->item[i].result);
    free(s->item);
    if (s->fd >= 0)
        close(s->fd);
    free(s->path);
    free(s);
}

/* Appends whole or not at all: a partial record is cut off again. */
static int append(struct spool *s, const struct bytes *record, bool sync)
{
    size_t done = 0;
    while (done < record->size) {
        ssize_t k = write(s->fd, record->data + done, record->size - done);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0) {
            int r = -errno;
            if (ftruncate(s->fd, (off_t)s->size))
                return r; /* the next start cuts the tail */
            return r;
        }
        done += (size_t)k;
    }
    s->size += record->size;
    return sync && fdatasync(s->fd) ? -errno : 0;
}

static void compact(struct spool *s)
{
    bool empty = s->n == 0 && s->size > 0;
    if (empty && !ftruncate(s->fd, 0)) {
        s->size = 0;
        return;
    }
    if (s->size < COMPACT_ABOVE || s->live > s->size / 4)
        return;
    cleanup_bytes struct bytes all = {0};
    for (size_t i = 0; i < s->n; i++)
        put_record(&all, KIND_RESULT, s->item[i].result.data, s->item[i].result.size);
    struct sonata_error err = {0};
    if (file_write_atomic(s->path, all.data, all.size, &err))
        return; /* the long file is still right */
    int fd = open(s->path, O_RDWR | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return;
    close(s->fd);
    s->fd = fd;
    s->size = all.size;
}

static int keep(struct spool *s, const void *p, size_t n, struct sonata_error *err)
{
    cleanup_bytes struct bytes record = {0};
    put_record(&record, KIND_RESULT, p, n);
    int r = append(s, &record, true);
    return r ? sonata_error_set(err, r, "%s: cannot keep a record on disk: %s; it is held in memory", s->path, strerror(-r)) : 0;
}

int spool_add(struct spool *s, const struct spool_key *key, const void *result, size_t n, struct sonata_error *err)
{
    if (n > SPOOL_RESULT_MAX)
        return sonata_error_set(err, -EFBIG, "a result of %zu bytes is too large", n);
    if (find(s, key->attempt, key->epoch))
        return 0;
    remember(s, key, result, n);
    return keep(s, result, n, err);
}

size_t spool_trim(struct spool *s, size_t most)
{
    size_t n = 0;
    for (; s->n > most; n++)
        spool_acknowledge(s, s->item[0].attempt, s->item[0].epoch);
    return n;
}

int spool_acknowledge(struct spool *s, uint64_t attempt, uint32_t epoch)
{
    int r = forget(s, attempt, epoch);
    if (r)
        return r;
    cleanup_bytes struct bytes payload = {0}, record = {0};
    bytes_put_u64(&payload, attempt);
    bytes_put_u32(&payload, epoch);
    put_record(&record, KIND_ACK, payload.data, payload.size);
    append(s, &record, false); /* lost: the result is sent once more and known as a duplicate */
    compact(s);
    return 0;
}

size_t spool_count(const struct spool *s)
{
    return s->n;
}

struct spool_item *spool_at(struct spool *s, size_t i)
{
    return &s->item[i];
}

bool spool_has(const struct spool *s, uint64_t attempt, uint32_t epoch)
{
    return find(s, attempt, epoch) != NULL;
}
