/* See outbound.h. */
#include "agent/outbound.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/part.h"
#include "codec/codec.h"

enum { SENDS_MAX = 64 };
static const int64_t ASK_AGAIN_NS = 3 * SONATA_SECOND, PAUSE_NS = 20 * SONATA_MS;

struct send {
    uint8_t hash[HASH_SIZE];
    uint64_t attempt, total, offset;
    int64_t due_ns; /* of the next piece; INT64_MAX: the answer to the last is waited for */
    int64_t asked_ns;
    bool settled; /* the master has it, or does not want it */
};

struct outbound {
    char *folder;
    struct outbound_hooks hooks;
    struct rate *rate;
    struct send send[SENDS_MAX];
    size_t n;
    uint8_t *piece;
};

int outbound_new(const char *folder, struct rate *rate, struct outbound_hooks hooks, struct outbound **ret_outbound, struct sonata_error *err)
{
    int r = file_make_dirs(folder, true, err);
    if (r)
        return r;
    struct outbound *m = xcalloc(1, sizeof *m);
    m->folder = xstrdup(folder);
    m->hooks = hooks;
    m->rate = rate;
    m->piece = xmalloc(WIRE_BLOB_CHUNK);
    *ret_outbound = m;
    return 0;
}

void outbound_free(struct outbound *m)
{
    if (!m)
        return;
    free(m->folder);
    free(m->piece);
    free(m);
}

static struct send *find(struct outbound *m, const uint8_t *hash)
{
    for (size_t i = 0; i < m->n; i++) {
        if (!memcmp(m->send[i].hash, hash, HASH_SIZE))
            return &m->send[i];
    }
    return NULL;
}

static void settle(struct outbound *m, struct send *s, const char *reason)
{
    uint8_t hash[HASH_SIZE];
    memcpy(hash, s->hash, HASH_SIZE);
    s->settled = true;
    s->due_ns = INT64_MAX;
    m->hooks.done(m->hooks.user, hash, reason);
}

/* Bytes of the file from the offset on; negative: it cannot be read. */
static ssize_t read_piece(struct outbound *m, const struct send *s)
{
    char path[PART_PATH_MAX];
    int fd = part_final_path(m->folder, s->hash, path, sizeof path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd < 0 ? -1 : pread(fd, m->piece, WIRE_BLOB_CHUNK, (off_t)s->offset);
    if (fd >= 0)
        close(fd);
    return n;
}

static void put(struct outbound *m, struct send *s, bool question, int64_t now)
{
    ssize_t n = question ? 0 : read_piece(m, s);
    if (n < 0 || (!question && !n)) {
        settle(m, s, "its file is gone");
        return;
    }
    int64_t wait = rate_wait_ns(m->rate, (size_t)n, now);
    if (wait) {
        s->due_ns = now + wait;
        return;
    }
    struct model_piece piece = {s->hash, s->attempt, s->offset, s->total, m->piece, (size_t)n};
    int r = m->hooks.put(m->hooks.user, &piece);
    if (!r)
        rate_take(m->rate, (size_t)n);
    s->due_ns = INT64_MAX;
    s->asked_ns = r ? 0 : now;
}

bool outbound_send(struct outbound *m, const uint8_t hash[HASH_SIZE], uint64_t attempt, uint64_t bytes)
{
    struct send *s = find(m, hash);
    if (s || m->n == SENDS_MAX)
        return s && s->settled;
    s = &m->send[m->n++];
    *s = (struct send){.attempt = attempt, .total = bytes};
    memcpy(s->hash, hash, HASH_SIZE);
    put(m, s, true, clock_monotonic_ns());
    return false;
}

void outbound_acknowledged(struct outbound *m, const struct outbound_answer *a)
{
    struct send *s = a->n_hash == HASH_SIZE ? find(m, a->hash) : NULL;
    int64_t now = clock_monotonic_ns();
    if (!s || s->settled)
        return;
    if (a->done || a->code) {
        settle(m, s, a->done ? NULL : a->text);
        return;
    }
    bool moved = a->offset != s->offset || a->offset == 0;
    s->offset = a->offset < s->total ? a->offset : s->total;
    if (s->offset == s->total || (!moved && s->asked_ns)) /* the master makes it durable, or looks at what it has */
        s->due_ns = now + PAUSE_NS;
    else
        put(m, s, false, now);
}

int64_t outbound_tick(struct outbound *m, int64_t now_ns, bool now)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < m->n; i++) {
        struct send *s = &m->send[i];
        if (s->settled)
            continue;
        bool unanswered = s->due_ns == INT64_MAX && (!s->asked_ns || now_ns - s->asked_ns > ASK_AGAIN_NS);
        if (now || unanswered)
            put(m, s, true, now_ns);
        else if (s->due_ns <= now_ns)
            put(m, s, s->offset == s->total, now_ns);
        if (!s->settled && s->due_ns - now_ns < next)
            next = s->due_ns - now_ns;
    }
    return next;
}

void outbound_forget(struct outbound *m, const uint8_t hash[HASH_SIZE])
{
    char path[PART_PATH_MAX];
    struct send *s = find(m, hash);
    if (s) {
        size_t i = (size_t)(s - m->send);
        memmove(s, s + 1, (m->n - i - 1) * sizeof *s);
        m->n--;
    }
    if (part_final_path(m->folder, hash, path, sizeof path))
        unlink(path);
}

/* A flat folder: what an evaluator wrote into it. Deeper ones are the evaluator's own to clean. */
static void remove_folder(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    char file[PART_PATH_MAX + 256];
    while (d && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && (size_t)snprintf(file, sizeof file, "%s/%s", path, e->d_name) < sizeof file)
            unlink(file);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

void outbound_sweep(struct outbound *m, bool (*keep)(void *user, const uint8_t hash[HASH_SIZE]), void *user)
{
    DIR *d = opendir(m->folder);
    struct dirent *e;
    char path[PART_PATH_MAX];
    while (d && (e = readdir(d))) {
        uint8_t hash[HASH_SIZE];
        struct stat st;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || (!hash_from_hex(e->d_name, hash) && keep(user, hash)) ||
            (size_t)snprintf(path, sizeof path, "%s/%s", m->folder, e->d_name) >= sizeof path || lstat(path, &st))
            continue;
        if (S_ISDIR(st.st_mode))
            remove_folder(path);
        else
            unlink(path);
    }
    if (d)
        closedir(d);
}
