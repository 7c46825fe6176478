/* See access_record.h. */
#include "access/access_record.h"

#include <errno.h>

/* VERSION 2: quotas of a team; 3: that of its uploads. */
enum { VERSION = 3 };

static int finish(const struct reader *r, uint8_t version)
{
    if (version > VERSION)
        return -EPROTONOSUPPORT;
    return version && reader_done(r) ? 0 : -EBADMSG;
}

void team_encode(const struct team *t, struct bytes *out)
{
    bytes_put_u8(out, VERSION);
    bytes_put_string(out, t->name);
    bytes_put_f64(out, t->weight);
    bytes_put_u32(out, t->searches_max);
    bytes_put_u8(out, t->share);
    bytes_put_u64(out, (uint64_t)t->created_wall_ns);
    bytes_put_u32(out, t->boards_max);
    bytes_put_u64(out, (uint64_t)t->day_ns_max);
    bytes_put_u64(out, t->uploads_max);
}

int team_decode(const void *p, size_t n, struct team *ret_team)
{
    struct reader r = reader_of(p, n);
    struct team t = {.name = ""};
    uint8_t version = reader_u8(&r);
    reader_string(&r, t.name, sizeof t.name);
    t.weight = reader_f64(&r);
    t.searches_max = reader_u32(&r);
    t.share = reader_u8(&r) != 0;
    t.created_wall_ns = (int64_t)reader_u64(&r);
    if (version >= 2) {
        t.boards_max = reader_u32(&r);
        t.day_ns_max = (int64_t)reader_u64(&r);
    }
    t.uploads_max = version >= 3 ? reader_u64(&r) : TEAM_UPLOADS_STANDARD;
    int rc = finish(&r, version);
    if (!rc && (t.day_ns_max < 0 || t.uploads_max > TEAM_UPLOADS_MAX))
        rc = -EBADMSG;
    if (!rc && !(t.weight >= TEAM_WEIGHT_MIN && t.weight <= TEAM_WEIGHT_MAX))
        rc = -EBADMSG;
    if (!rc)
        *ret_team = t;
    return rc;
}

void key_encode(const struct access_key *k, struct bytes *out)
{
    bytes_put_u8(out, VERSION);
    bytes_put_string(out, k->public_key);
    bytes_put_u8(out, (uint8_t)k->role);
    bytes_put_string(out, k->team);
    bytes_put_string(out, k->label);
    bytes_put_u64(out, (uint64_t)k->created_wall_ns);
    bytes_put_u64(out, (uint64_t)k->revoked_wall_ns);
}

int key_decode(const void *p, size_t n, struct access_key *ret_key)
{
    struct reader r = reader_of(p, n);
    struct access_key k = {.public_key = ""};
    uint8_t version = reader_u8(&r);
    reader_string(&r, k.public_key, sizeof k.public_key);
    uint8_t role = reader_u8(&r);
    reader_string(&r, k.team, sizeof k.team);
    reader_string(&r, k.label, sizeof k.label);
    k.created_wall_ns = (int64_t)reader_u64(&r);
    k.revoked_wall_ns = (int64_t)reader_u64(&r);
    int rc = finish(&r, version);
    if (!rc && role >= ACCESS_ROLE_COUNT)
        rc = -EBADMSG;
    if (!rc) {
        k.role = (enum access_role)role;
        *ret_key = k;
    }
    return rc;
}

void audit_encode(const struct audit_entry *e, struct bytes *out)
{
    bytes_put_u8(out, VERSION);
    bytes_put_u64(out, e->id);
    bytes_put_u64(out, (uint64_t)e->wall_ns);
    bytes_put_string(out, e->actor);
    bytes_put_string(out, e->text);
}

int audit_decode(const void *p, size_t n, struct audit_entry *ret_entry)
{
    struct reader r = reader_of(p, n);
    struct audit_entry e = {0};
    uint8_t version = reader_u8(&r);
    e.id = reader_u64(&r);
    e.wall_ns = (int64_t)reader_u64(&r);
    reader_string(&r, e.actor, sizeof e.actor);
    reader_string(&r, e.text, sizeof e.text);
    int rc = finish(&r, version);
    if (!rc)
        *ret_entry = e;
    return rc;
}

void worker_name_encode(const struct worker_name *w, struct bytes *out)
{
    bytes_put_u8(out, VERSION);
    bytes_put_string(out, w->name);
    bytes_put_string(out, w->public_key);
    bytes_put_u64(out, (uint64_t)w->since_wall_ns);
}

int worker_name_decode(const void *p, size_t n, struct worker_name *ret_name)
{
    struct reader r = reader_of(p, n);
    struct worker_name w = {.name = ""};
    uint8_t version = reader_u8(&r);
    reader_string(&r, w.name, sizeof w.name);
    reader_string(&r, w.public_key, sizeof w.public_key);
    w.since_wall_ns = (int64_t)reader_u64(&r);
    int rc = finish(&r, version);
    if (!rc)
        *ret_name = w;
    return rc;
}
