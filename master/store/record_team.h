/* Stored records of teams: what they may (teams, keys, tokens, names of workers), what they use (board time, uploads), what was changed (audit log),
 * and answers to their requests. */
#ifndef SONATA_STORE_RECORD_TEAM_H
#define SONATA_STORE_RECORD_TEAM_H

#include "store/record_evaluation.h"

enum { TEAM_NAME_MAX = 40, KEY_LABEL_MAX = 64, KEY_TEXT_MAX = 41, AUDIT_TEXT_MAX = 200, TOKEN_ID_SIZE = 8 };

#define TEAM_WEIGHT_MIN 0.01
#define TEAM_WEIGHT_MAX 100.0
enum { TEAM_DAY_HOURS_MAX = 1000000 };
#define TEAM_UPLOADS_STANDARD (UINT64_C(8) << 30)
#define TEAM_DISK_STANDARD (UINT64_C(8) << 30)
#define TEAM_UPLOADS_MAX (UINT64_C(1) << 50)
#define TEAM_DAY_NS_MAX (TEAM_DAY_HOURS_MAX * INT64_C(3600000000000))

enum access_role {
    ACCESS_WORKER, /* may connect boards */
    ACCESS_TEAM,   /* may run searches of its team */
    ACCESS_ADMIN,  /* may do everything, sees all teams */
    ACCESS_WEB,    /* may carry requests that have a token, with the rights of that */
    ACCESS_ROLE_COUNT
};

struct team {
    char name[TEAM_NAME_MAX];
    double weight;         /* share of board time while several teams want it: 0.01 .. 100, 1 = ordinary */
    uint32_t searches_max; /* unfinished searches; 0: no limit */
    uint32_t boards_max;   /* boards at a time; 0: no limit */
    int64_t day_ns_max;    /* board time per UTC day; 0: no limit */
    uint64_t uploads_max;  /* bytes of its uploads; 0: no limit */
    uint64_t disk_max;     /* bytes that its searches take of the store; 0: no limit; at most TEAM_UPLOADS_MAX */
    bool share;            /* gives its measurements to, and takes them from, the other teams that share */
    int64_t created_wall_ns;
};

struct access_key {
    char public_key[KEY_TEXT_MAX]; /* Z85 */
    enum access_role role;
    char team[TEAM_NAME_MAX];                 /* of a team key */
    char label[KEY_LABEL_MAX];                /* who or what has it */
    int64_t created_wall_ns, revoked_wall_ns; /* 0: in force */
};

struct audit_entry {
    uint64_t id;
    int64_t wall_ns;
    char actor[KEY_LABEL_MAX], text[AUDIT_TEXT_MAX];
};

/* What a token may do of what its key may. */
enum token_scope {
    SCOPE_SEARCH,  /* read one search */
    SCOPE_READ,    /* read everything */
    SCOPE_WRITE,   /* read and steer */
    SCOPE_METRICS, /* numbers for a monitoring system */
    SCOPE_COUNT
};

/* A secret that stands for its key, for a time and with less rights. The secret itself is not kept. */
struct token_record {
    uint8_t id[TOKEN_ID_SIZE];
    uint8_t hash[32];              /* BLAKE2b of the secret's text */
    char public_key[KEY_TEXT_MAX]; /* of the key that made it; it dies with that */
    enum token_scope scope;
    uint64_t search; /* of SCOPE_SEARCH; 0 otherwise */
    char label[KEY_LABEL_MAX];
    int64_t created_wall_ns, expires_wall_ns;
    bool once; /* good for logging in, once */
};

/* The name of a worker belongs to a key. */
struct worker_name {
    char name[WORKER_NAME_MAX], public_key[KEY_TEXT_MAX];
    int64_t since_wall_ns;
    bool measured; /* a result of it was taken; of a record of before version 4: perhaps */
};

/* The reply that a request got: asked again, it gets the same. */
struct answer_record {
    int64_t wall_ns;
    const uint8_t *reply; /* packed; after decoding, within the value */
    size_t n_reply;
};

/* Board time a team used on one day (UTC): every measurement made for its searches, also the failed ones. */
struct usage_record {
    char team[OWNER_NAME_MAX];
    int64_t board_ns;
    uint64_t attempts;
};

/* A model file beside the store. */
struct artefact_record {
    uint64_t bytes;
    char format[ARTEFACT_FORMAT_MAX];
    int64_t wall_ns; /* when it came */
};

enum { UPLOAD_BYTES_MAX = 1 << 30 }; /* beyond what the wire lets through */
/* Content that a team uploaded for a pool. Version 1 said the pool alone. */
struct upload_record {
    char pool[OWNER_NAME_MAX]; /* whose searches may use it: struct search_record */
    char team[OWNER_NAME_MAX]; /* whose quota it counts for; "": nobody's */
    uint64_t bytes;            /* 0: version 1 had none, the next start of the master adds it */
    int64_t wall_ns;
};

/* Encoders append to out; decoders as said in record.h. */
void team_encode(const struct team *r, struct bytes *out);
/* Reads what team_encode() wrote, now or in an earlier version. */
int team_decode(const void *p, size_t n, struct team *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void key_encode(const struct access_key *r, struct bytes *out);
/* Reads what key_encode() wrote, now or in an earlier version. */
int key_decode(const void *p, size_t n, struct access_key *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void audit_encode(const struct audit_entry *r, struct bytes *out);
/* Reads what audit_encode() wrote, now or in an earlier version. */
int audit_decode(const void *p, size_t n, struct audit_entry *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void worker_name_encode(const struct worker_name *r, struct bytes *out);
/* Reads what worker_name_encode() wrote, now or in an earlier version. */
int worker_name_decode(const void *p, size_t n, struct worker_name *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void usage_record_encode(const struct usage_record *r, struct bytes *out);
/* Reads what usage_record_encode() wrote, now or in an earlier version. */
int usage_record_decode(const void *p, size_t n, struct usage_record *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void upload_record_encode(const struct upload_record *r, struct bytes *out);
/* Reads what upload_record_encode() wrote, now or in an earlier version. */
int upload_record_decode(const void *p, size_t n, struct upload_record *ret_record) SONATA_MUST_CHECK;
/* Appends to out. */
void artefact_record_encode(const struct artefact_record *r, struct bytes *out);
/* As said in record.h. */
int artefact_record_decode(const void *p, size_t n, struct artefact_record *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void token_record_encode(const struct token_record *r, struct bytes *out);
/* Reads what token_record_encode() wrote, now or in an earlier version. */
int token_record_decode(const void *p, size_t n, struct token_record *ret_record) SONATA_MUST_CHECK;
/* -EBADMSG: damaged. */
void answer_record_encode(const struct answer_record *r, struct bytes *out);
/* Reads what answer_record_encode() wrote, now or in an earlier version. */
int answer_record_decode(const void *p, size_t n, struct answer_record *ret_record) SONATA_MUST_CHECK;

#endif
