/* See receipts.h. */
#include "rpc/receipts.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/memory.h"

static const int64_t IDLE_NS = 30 * SONATA_SECOND;

static bool at_work(const struct receipt *r) { return r->state == RECEIPT_OPENING || r->state == RECEIPT_FINISHING; }

void receipt_close(struct receipt *r)
{
    part_close(r->part);
    r->part = NULL;
    r->state = RECEIPT_FREE;
}

static void work_open(uv_work_t *w)
{
    struct receipt *r = w->data;
    r->rc = part_open(r->folder, r->hash, r->total, r->who, &r->part, &r->err);
}

static void opened(uv_work_t *w, int status)
{
    struct receipt *r = w->data;
    r->rc = status ? status : r->rc;
    r->state = r->rc ? RECEIPT_FREE : RECEIPT_GROWING;
}

static void work_finish(uv_work_t *w)
{
    struct receipt *r = w->data;
    r->rc = part_finish(r->part, &r->err);
}

/* A failure is told to who asks next. What a worker sent is known by its file from now on; a client's is still to be added for its team. */
static void finished(uv_work_t *w, int status)
{
    struct receipt *r = w->data;
    r->rc = status ? status : r->rc;
    r->state = r->rc ? RECEIPT_GROWING : RECEIPT_DONE;
    if (!r->rc && !r->who[0])
        receipt_close(r);
}

static int start_opening(struct receipts *t, struct receipt *r)
{
    r->state = RECEIPT_OPENING;
    r->rc = 0;
    r->work.data = r;
    return uv_queue_work(t->loop, &r->work, work_open, opened);
}

static int start_finishing(struct receipts *t, struct receipt *r)
{
    r->state = RECEIPT_FINISHING;
    r->rc = 0;
    return uv_queue_work(t->loop, &r->work, work_finish, finished);
}

static struct receipt *find(struct receipts *t, const struct receipt_offer *offer)
{
    for (unsigned i = 0; i < RECEIPTS_MAX; i++) {
        struct receipt *r = &t->receipt[i];
        if (r->state != RECEIPT_FREE && !memcmp(r->hash, offer->hash, HASH_SIZE) && !strcmp(r->who, offer->who))
            return r;
    }
    return NULL;
}

static bool is_of(const struct receipt *r, const struct receipt_offer *offer) { return !strcmp(r->who, offer->who) && !strcmp(r->team, offer->team); }

/* Whether they have as many as one may: nobody keeps all others from theirs. */
static bool has_enough(const struct receipts *t, const struct receipt_offer *offer)
{
    unsigned own = 0;
    for (unsigned i = 0; i < RECEIPTS_MAX; i++)
        own += t->receipt[i].state != RECEIPT_FREE && is_of(&t->receipt[i], offer);
    return own >= (offer->who[0] ? RECEIPTS_OF_CLIENTS : RECEIPTS_OF_WORKERS);
}

/* A free one, else the one that was left alone for longest, whose file goes with it: what is abandoned counts for no quota. */
static struct receipt *place(struct receipts *t, const struct receipt_offer *offer, int64_t now)
{
    struct receipt *oldest = NULL;
    bool own = has_enough(t, offer);
    for (unsigned i = 0; i < RECEIPTS_MAX; i++) {
        struct receipt *r = &t->receipt[i];
        if (r->state == RECEIPT_FREE && !own)
            return r;
        bool idle = r->state != RECEIPT_FREE && !at_work(r) && now - r->touched_ns > IDLE_NS && (!own || is_of(r, offer));
        if (idle && (!oldest || r->touched_ns < oldest->touched_ns))
            oldest = r;
    }
    if (oldest) {
        part_drop(oldest->part);
        oldest->part = NULL;
        receipt_close(oldest);
    }
    return oldest;
}

int receipts_open(struct receipts *t, const struct receipt_offer *offer, struct receipt **ret_receipt, struct sonata_error *err)
{
    int64_t now = clock_monotonic_ns();
    struct receipt *r = find(t, offer);
    if (r && r->total != offer->total)
        return sonata_error_set(err, -EINVAL, "a transfer of the same content said %llu bytes, this one says %llu", (unsigned long long)r->total,
                                (unsigned long long)offer->total);
    if (r) {
        r->touched_ns = now;
        *ret_receipt = r;
        return 0;
    }
    if (!(r = place(t, offer, now)))
        return sonata_error_set(err, -EBUSY, "too many transfers are under way: try again later");
    *r = (struct receipt){.total = offer->total, .touched_ns = now};
    memcpy(r->hash, offer->hash, HASH_SIZE);
    copy_string(r->who, sizeof r->who, offer->who);
    copy_string(r->team, sizeof r->team, offer->team);
    copy_string(r->folder, sizeof r->folder, offer->folder);
    *ret_receipt = r;
    return start_opening(t, r);
}

int receipt_take(struct receipts *t, struct receipt *r, uint64_t offset, const void *data, size_t n, struct sonata_error *err)
{
    if (r->state != RECEIPT_GROWING)
        return 0;
    if (r->rc) { /* of finishing */
        int rc = r->rc;
        *err = r->err;
        r->rc = 0;
        if (rc != -EBADMSG)
            receipt_close(r);
        return rc;
    }
    if (n && offset == part_size(r->part)) {
        int rc = part_append(r->part, data, n, err);
        if (rc) {
            receipt_close(r);
            return rc;
        }
    }
    return part_size(r->part) == r->total ? start_finishing(t, r) : 0;
}

uint64_t receipt_size(const struct receipt *r, uint64_t else_size)
{
    if (r->state == RECEIPT_GROWING)
        return part_size(r->part);
    return r->state == RECEIPT_FINISHING || r->state == RECEIPT_DONE ? r->total : else_size;
}

uint64_t receipts_under_way(const struct receipts *t, const struct receipt *but, const char *team)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < RECEIPTS_MAX; i++) {
        const struct receipt *r = &t->receipt[i];
        if (r != but && r->admitted && r->state != RECEIPT_FREE && r->state != RECEIPT_DONE && (!team || !strcmp(r->team, team)))
            bytes += r->total;
    }
    return bytes;
}

void receipts_fini(struct receipts *t)
{
    for (unsigned i = 0; i < RECEIPTS_MAX; i++) {
        if (!at_work(&t->receipt[i]))
            receipt_close(&t->receipt[i]);
    }
}
