/* Model files of architectures (docs/STORAGE.md, "Model files"). A file is whole and synced under its hash before the transaction that gives it a
 * record; it is removed after the transaction that took the record away. So a record has its file whatever happens in between, and a file without a
 * record is one that a crash left.
 *
 * Each counts for the upload quota of the team whose search had it built, or who uploaded it. When they take more than artefacts_max bytes, or the
 * team more than its quota, the oldest go: but not those that searches under way or members of a front need. */
#include "run/artefacts.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/part.h"
#include "run/artefact_needs.h"
#include "run/artefact_table.h"
#include "run/evaluation_table.h"
#include "run/note.h"
#include "run/records.h"
#include "run/uploads.h"

enum { ROOM_SHARE = 10 /* so many percent more go at a time, since what is needed is looked up each time */ };
#define LEFT_NS (24 * 3600 * SONATA_SECOND)

bool engine_has_artefact(const struct engine *r, const uint8_t hash[32]) { return artefact_is_here(r, hash); }

/* ---- at the start ---- */

static bool load_record(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct engine *r = user;
    struct artefact_record record;
    if (n_key != HASH_SIZE || artefact_record_decode(value, n_value, &record))
        return true; /* --check tells */
    if (artefact_file_is_whole(r, key, record.bytes)) {
        artefact_remember(r, key, record.bytes, record.wall_ns);
        return true;
    }
    char hex[HASH_HEX];
    hash_to_hex(key, HASH_SIZE, hex);
    engine_note(r, true, "model file is missing or damaged: it is built again where it is needed", "file=%s/%s bytes=%llu", engine_artefact_folder(r),
                hex, (unsigned long long)record.bytes);
    uploads_drop(r, key);
    store_erase(r->store, STORE_ARTEFACT, key_bytes(key, HASH_SIZE));
    return true;
}

/* What a crash left: files without a record, and parts that nobody went on with. */
static void sweep(struct engine *r)
{
    DIR *d = opendir(engine_artefact_folder(r));
    struct dirent *e;
    while (d && (e = readdir(d))) {
        char path[PART_PATH_MAX], hex[HASH_HEX];
        uint8_t hash[HASH_SIZE];
        struct stat st;
        if (strlen(e->d_name) < HASH_HEX - 1 || (size_t)snprintf(path, sizeof path, "%s/%s", engine_artefact_folder(r), e->d_name) >= sizeof path)
            continue;
        memcpy(hex, e->d_name, HASH_HEX - 1);
        hex[HASH_HEX - 1] = '\0';
        bool known = !e->d_name[HASH_HEX - 1] && !hash_from_hex(hex, hash) && artefact_is_here(r, hash);
        if (!known && !stat(path, &st) && r->wall - (int64_t)st.st_mtime * SONATA_SECOND > LEFT_NS)
            unlink(path);
    }
    if (d)
        closedir(d);
}

int artefacts_load(struct engine *r)
{
    struct sonata_error err = {{0}};
    char folder[ARTEFACT_FOLDER_MAX];
    snprintf(folder, sizeof folder, "%s/" STORE_ARTEFACT_FOLDER, store_folder(r->store));
    artefacts_set_folder(r, folder);
    int rc = file_make_dirs(folder, true, &err);
    if (rc)
        engine_note(r, true, "there is no folder for model files", "reason=\"%s\"", err.text);
    rc = store_scan(r->store, STORE_ARTEFACT, (struct store_key){0}, 0, load_record, r);
    if (!rc)
        sweep(r);
    return rc;
}

/* ---- room ---- */

static int by_age(const void *a, const void *b)
{
    const struct artefact_file *x = *(struct artefact_file *const *)a, *y = *(struct artefact_file *const *)b;
    if (x->wall_ns != y->wall_ns)
        return x->wall_ns < y->wall_ns ? -1 : 1;
    return memcmp(x->hash, y->hash, HASH_SIZE);
}

/* The files that may go, oldest first; for free(). */
static struct artefact_file **droppable(struct engine *r, uint32_t *ret_n)
{
    struct map needed = {0};
    uint32_t n, kept = 0;
    struct artefact_file **list = artefacts_list(r, &n);
    artefacts_needed(r, NEEDED_UNDER_WAY | NEEDED_OPEN | NEEDED_FINISHED, &needed);
    for (uint32_t i = 0; i < n; i++) {
        if (!map_get(&needed, artefact_key(list[i]->hash)))
            list[kept++] = list[i];
    }
    map_fini(&needed);
    qsort(list, kept, sizeof *list, by_age);
    *ret_n = kept;
    return list;
}

static bool fits(const struct engine *r, const struct engine_room *want, uint64_t spare)
{
    uint64_t max = r->config.artefacts_max, quota = want->quota;
    return (!max || artefacts_bytes(r) + want->bytes + max / 100 * spare <= max) &&
           (!quota || engine_uploaded(r, want->team) + engine_upload_charge(want->bytes) + quota / 100 * spare <= quota);
}

/* The oldest of all while the folder is over its limit; the oldest of the team while that is over its quota. */
static void drop_oldest(struct engine *r, const struct engine_room *want)
{
    uint32_t n;
    struct artefact_file **list = droppable(r, &n);
    uint64_t max = r->config.artefacts_max;
    for (uint32_t i = 0; i < n && !fits(r, want, ROOM_SHARE); i++) {
        uint8_t hash[HASH_SIZE];
        memcpy(hash, list[i]->hash, HASH_SIZE);
        bool over = max && artefacts_bytes(r) + want->bytes + max / 100 * ROOM_SHARE > max;
        if (over || uploads_is_of(r, hash, want->team))
            uploads_drop(r, hash); /* and with its last upload it is forgotten */
        if (over)
            artefact_forget(r, hash);
    }
    free(list);
}

int engine_artefact_room(struct engine *r, const struct engine_room *want, struct sonata_error *err)
{
    uint64_t max = r->config.artefacts_max, quota = want->quota;
    if (!fits(r, want, 0) && artefacts_front_is_moving(r))
        return sonata_error_set(err, -EAGAIN, "a search computes which models its front needs: try again");
    if (!fits(r, want, 0))
        drop_oldest(r, want);
    if (fits(r, want, 0))
        return engine_check_upload_room(r, want->bytes, err);
    if (max && artefacts_bytes(r) + want->bytes > max)
        return sonata_error_set(err, -ENOSPC,
                                "models take %.1f MiB of the master's %.1f MiB (--artefacts-max), this one takes %.1f MiB, and fronts or searches "
                                "under way need all of them: an admin allows more, or searches are canceled",
                                (double)artefacts_bytes(r) / 1048576, (double)max / 1048576, (double)want->bytes / 1048576);
    return sonata_error_set(err, -EDQUOT,
                            "team %s has %.1f MiB of uploads and models and may have %.1f MiB, this model takes %.1f MiB: remove some with `sonata "
                            "uploads prune`, or an admin allows more with `sonata teams set %s --uploads BYTES`",
                            want->team, (double)engine_uploaded(r, want->team) / 1048576, (double)quota / 1048576, (double)want->bytes / 1048576,
                            want->team);
}

/* ---- arrival ---- */

int engine_add_artefact(struct engine *r, const struct artefact *a, const struct engine_owner *owner, struct sonata_error *err)
{
    if (!artefact_file_is_whole(r, a->hash, a->bytes))
        return sonata_error_set(err, -EIO, "the model's file did not arrive");
    artefact_put(r, a);
    uploads_add(r, a->hash, owner->pool, owner->team, a->bytes);
    return artefact_is_here(r, a->hash) ? 0 : sonata_error_set(err, -EEXIST, "another model's hash begins with the same bytes");
}

int engine_artefact_owner(struct engine *r, const char *worker, uint64_t attempt, struct engine_owner *ret_owner)
{
    struct attempt_record a;
    if (attempt_load(r, attempt, &a) || a.has_measurement || (strcmp(a.worker, worker) && !sched_serves(r->sched, worker, a.board)))
        return -ENOENT;
    const struct evaluation *e = evaluation_get(r, a.evaluation);
    if (!e || !e->n_waiters || strcmp(e->record.need.metric[0], METRIC_MODEL))
        return -ENOENT;
    const struct search_record *s = &e->waiter[0].search->record;
    *ret_owner = (struct engine_owner){.team = s->team, .pool = s->pool};
    return 0;
}

/* Nobody's failure: the worker may have been told that there is no room. As a mistake of the configuration it is not tried again by itself. */
static void refuse(struct engine *r, const struct search_record *s, struct measurement *m)
{
    struct sonata_error err = {{0}};
    struct engine_room want = {.team = s->team, .bytes = m->artefact.bytes};
    if (!engine_artefact_room(r, &want, &err))
        sonata_error_set(&err, -EDQUOT,
                         "the model's file did not arrive: no room in the team's quota of uploads, or what the log of its worker says");
    m->artefact = (struct artefact){.bytes = 0};
    measurement_fail(m, OUTCOME_CONFIG, "%.140s", err.text);
}

void artefact_take(struct engine *r, const struct evaluation *e, struct measurement *m)
{
    struct sonata_error err = {{0}};
    bool wanted = e->n_waiters && e->record.need.n_metrics == 1 && !strcmp(e->record.need.metric[0], METRIC_MODEL);
    if (!wanted || m->outcome != OUTCOME_OK) {
        m->artefact = (struct artefact){.bytes = 0};
        return;
    }
    const struct search_record *s = &e->waiter[0].search->record;
    struct engine_owner owner = {.team = s->team, .pool = s->pool};
    if (hash_is_zero(m->artefact.hash))
        measurement_fail(m, OUTCOME_BUG, "the result lacks the model");
    else if (engine_add_artefact(r, &m->artefact, &owner, &err))
        refuse(r, s, m);
}

int engine_individual_artefact(struct engine *r, uint64_t search, uint64_t individual, struct artefact *ret_artefact, struct sonata_error *err)
{
    struct individual_record ind;
    if (individual_load(r, search, individual, &ind))
        return sonata_error_set(err, -ENOENT, "there is no such individual");
    if (hash_is_zero(ind.artefact.hash))
        return sonata_error_set(err, -ENOENT, "individual %llu has no model file: no board built one for it", (unsigned long long)individual);
    if (!artefact_is_here(r, ind.artefact.hash))
        return sonata_error_set(err, -ENOENT,
                                "the model file of individual %llu went to make room for others (--artefacts-max): `sonata retry` builds it again",
                                (unsigned long long)individual);
    *ret_artefact = ind.artefact;
    return 0;
}
