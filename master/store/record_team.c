/* See record_team.h and fields.h. */
#include "store/record_team.h"

#include <errno.h>

#include "base/memory.h"
#include "store/fields.h"

/* ACCESS_VERSION 2: quotas of a team; 3: that of its uploads; 4: that of the disk; whether a worker measured. UPLOAD_VERSION 2: team, size, time. */
enum { ACCESS_VERSION = 4, USAGE_VERSION = 1, UPLOAD_VERSION = 2, ANSWER_VERSION = 1, ARTEFACT_VERSION = 1, TOKEN_VERSION = 1, ANSWER_HEAD = 9 };

static void walk_team(struct fields *f, struct team *x)
{
    field_string(f, x->name, sizeof x->name);
    field_f64(f, &x->weight);
    field_u32(f, &x->searches_max);
    field_bool(f, &x->share);
    field_i64(f, &x->created_wall_ns);
    if (f->version >= 2) {
        field_u32(f, &x->boards_max);
        field_i64(f, &x->day_ns_max);
    }
    if (f->version >= 3)
        field_u64(f, &x->uploads_max);
    else
        x->uploads_max = TEAM_UPLOADS_STANDARD;
    if (f->version >= 4)
        field_u64(f, &x->disk_max);
    else
        x->disk_max = TEAM_DISK_STANDARD;
    field_check(f, x->day_ns_max >= 0 && x->uploads_max <= TEAM_UPLOADS_MAX && x->disk_max <= TEAM_UPLOADS_MAX);
    field_check(f, x->weight >= TEAM_WEIGHT_MIN && x->weight <= TEAM_WEIGHT_MAX);
}
FIELDS_RECORD(team, struct team, walk_team, ACCESS_VERSION)

static void walk_key(struct fields *f, struct access_key *x)
{
    field_string(f, x->public_key, sizeof x->public_key);
    FIELD_ENUM(f, x->role, ACCESS_ROLE_COUNT);
    field_string(f, x->team, sizeof x->team);
    field_string(f, x->label, sizeof x->label);
    field_i64(f, &x->created_wall_ns);
    field_i64(f, &x->revoked_wall_ns);
}
FIELDS_RECORD(key, struct access_key, walk_key, ACCESS_VERSION)

static void walk_audit(struct fields *f, struct audit_entry *x)
{
    field_u64(f, &x->id);
    field_i64(f, &x->wall_ns);
    field_string(f, x->actor, sizeof x->actor);
    field_string(f, x->text, sizeof x->text);
}
FIELDS_RECORD(audit, struct audit_entry, walk_audit, ACCESS_VERSION)

static void walk_worker_name(struct fields *f, struct worker_name *x)
{
    field_string(f, x->name, sizeof x->name);
    field_string(f, x->public_key, sizeof x->public_key);
    field_i64(f, &x->since_wall_ns);
    if (f->version >= 4)
        field_bool(f, &x->measured);
    else
        x->measured = true;
}
FIELDS_RECORD(worker_name, struct worker_name, walk_worker_name, ACCESS_VERSION)

static void walk_token(struct fields *f, struct token_record *x)
{
    field_bytes(f, x->id, sizeof x->id);
    field_bytes(f, x->hash, sizeof x->hash);
    field_string(f, x->public_key, sizeof x->public_key);
    FIELD_ENUM(f, x->scope, SCOPE_COUNT);
    field_u64(f, &x->search);
    field_string(f, x->label, sizeof x->label);
    field_i64(f, &x->created_wall_ns);
    field_i64(f, &x->expires_wall_ns);
    field_bool(f, &x->once);
    field_check(f, (x->scope == SCOPE_SEARCH) == (x->search != 0));
}
FIELDS_RECORD(token_record, struct token_record, walk_token, TOKEN_VERSION)

static void walk_usage(struct fields *f, struct usage_record *x)
{
    field_string(f, x->team, sizeof x->team);
    field_i64(f, &x->board_ns);
    field_u64(f, &x->attempts);
    field_check(f, x->board_ns >= 0);
}
FIELDS_RECORD(usage_record, struct usage_record, walk_usage, USAGE_VERSION)

static void walk_upload(struct fields *f, struct upload_record *x)
{
    field_string(f, x->pool, sizeof x->pool);
    if (f->version >= 2) {
        field_string(f, x->team, sizeof x->team);
        field_u64(f, &x->bytes);
        field_i64(f, &x->wall_ns);
    } else {
        copy_string(x->team, sizeof x->team, x->pool);
    }
    field_check(f, x->bytes <= UPLOAD_BYTES_MAX);
}
FIELDS_RECORD(upload_record, struct upload_record, walk_upload, UPLOAD_VERSION)

static void walk_artefact_file(struct fields *f, struct artefact_record *x)
{
    field_u64(f, &x->bytes);
    field_string(f, x->format, sizeof x->format);
    field_i64(f, &x->wall_ns);
    field_check(f, x->bytes > 0 && x->bytes <= ARTEFACT_BYTES_MAX);
}
FIELDS_RECORD(artefact_record, struct artefact_record, walk_artefact_file, ARTEFACT_VERSION)

void answer_record_encode(const struct answer_record *r, struct bytes *out)
{
    bytes_put_u8(out, ANSWER_VERSION);
    bytes_put_u64(out, (uint64_t)r->wall_ns);
    bytes_append(out, r->reply, r->n_reply);
}

int answer_record_decode(const void *p, size_t n, struct answer_record *ret_record)
{
    struct fields f;
    struct answer_record x = {0};
    int rc = fields_reading(p, n, ANSWER_VERSION, &f);
    if (rc)
        return rc;
    field_i64(&f, &x.wall_ns);
    if (f.in.bad)
        return -EBADMSG;
    x.reply = (const uint8_t *)p + ANSWER_HEAD;
    x.n_reply = n - ANSWER_HEAD;
    *ret_record = x;
    return 0;
}
