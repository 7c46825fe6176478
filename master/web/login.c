/* See login.h. */
#include "web/login.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/time.h"

enum { SECRET_SIZE = 32, SESSIONS_MAX = 1024, CODES_MAX = 16, GUESSERS_MAX = 1024, FREE_GUESSES = 5, WAIT_MAX_S = 300 };

static const char prefix[] = "sonata_";

struct entry {
    uint8_t hash[HASH_SIZE];
    int64_t until_ns; /* 0: free */
    char token[TOKEN_TEXT];
};

struct guesser {
    char address[48];
    unsigned failures;
    int64_t next_ns; /* no try before it */
};

struct login {
    bool has_token;
    uint8_t token[HASH_SIZE];
    int64_t session_ns;
    struct entry session[SESSIONS_MAX], code[CODES_MAX];
    struct guesser guesser[GUESSERS_MAX];
};

static void new_secret(char text[LOGIN_SECRET_TEXT])
{
    uint8_t random[SECRET_SIZE];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        abort(); /* the kernel has no random numbers */
    memcpy(text, prefix, sizeof prefix);
    hash_to_hex(random, sizeof random, text + sizeof prefix - 1);
}

static void hash_of(const char *text, uint8_t hash[HASH_SIZE]) { hash_content(text, strlen(text), hash); }

static int make_token(const char *path, struct bytes *ret, struct sonata_error *err)
{
    char text[LOGIN_SECRET_TEXT + 1];
    new_secret(text);
    mode_t old = umask(077);
    size_t n = strlen(text);
    text[n] = '\n';
    int r = file_write_atomic(path, text, n + 1, err);
    umask(old);
    if (!r)
        bytes_append(ret, text, n);
    return r;
}

static int read_token(struct login *l, const char *path, struct sonata_error *err)
{
    struct stat st;
    struct bytes text = {0};
    int r = 0;
    if (stat(path, &st))
        r = make_token(path, &text, err);
    else if (st.st_mode & 077)
        r = sonata_error_set(err, -EPERM, "%s: others may read it; chmod 600 it", path);
    else
        r = file_read(path, 256, &text, err);
    while (text.size && text.data[text.size - 1] <= ' ')
        text.size--;
    if (!r && text.size < 32)
        r = sonata_error_set(err, -EINVAL, "%s: a token of at least 32 characters is expected; remove the file, and a good one is made", path);
    if (!r) {
        hash_content(text.data, text.size, l->token);
        l->has_token = true;
    }
    bytes_fini(&text);
    return r;
}

int login_open(const char *token_file, int64_t session_ns, struct login **ret_login, struct sonata_error *err)
{
    struct login *l = xcalloc(1, sizeof *l);
    l->session_ns = session_ns;
    int r = token_file[0] ? read_token(l, token_file, err) : 0;
    if (r)
        login_free(l);
    else
        *ret_login = l;
    return r;
}

void login_free(struct login *l)
{
    if (!l)
        return;
    sodium_memzero(l, sizeof *l);
    free(l);
}

/* A free entry, or the one that ends first. */
static struct entry *place(struct entry *list, unsigned n, int64_t now_ns)
{
    struct entry *best = list;
    for (unsigned i = 0; i < n; i++) {
        if (list[i].until_ns <= now_ns)
            return &list[i];
        if (list[i].until_ns < best->until_ns)
            best = &list[i];
    }
    return best;
}

/* Every entry is compared, in constant time. */
static struct entry *find(struct entry *list, unsigned n, int64_t now_ns, const char *secret)
{
    uint8_t hash[HASH_SIZE];
    struct entry *found = NULL;
    hash_of(secret, hash);
    for (unsigned i = 0; i < n; i++) {
        bool same = !sodium_memcmp(list[i].hash, hash, HASH_SIZE);
        if (same && list[i].until_ns > now_ns)
            found = &list[i];
    }
    return found;
}

void login_new_code(struct login *l, int64_t now_ns, int64_t lifetime_ns, char ret_code[LOGIN_SECRET_TEXT])
{
    struct entry *e = place(l->code, CODES_MAX, now_ns);
    new_secret(ret_code);
    hash_of(ret_code, e->hash);
    e->until_ns = now_ns + lifetime_ns;
}

/* The record of an address; a table that is full forgets whoever is allowed to try soonest. */
static struct guesser *guesser_of(struct login *l, const char *address)
{
    struct guesser *best = l->guesser;
    for (unsigned i = 0; i < GUESSERS_MAX; i++) {
        struct guesser *g = &l->guesser[i];
        if (!strcmp(g->address, address))
            return g;
        if (g->next_ns < best->next_ns)
            best = g;
    }
    *best = (struct guesser){.address = ""};
    copy_string(best->address, sizeof best->address, address);
    return best;
}

/* -EAGAIN while an address has to wait. The wait doubles with each failure after a few. */
static int may_try(struct login *l, int64_t now_ns, const char *address, struct guesser **ret_guesser, unsigned *ret_wait_s)
{
    struct guesser *g = *ret_guesser = guesser_of(l, address);
    if (now_ns >= g->next_ns + WAIT_MAX_S * SONATA_SECOND)
        g->failures = 0;
    if (now_ns >= g->next_ns || g->failures < FREE_GUESSES)
        return 0;
    *ret_wait_s = (unsigned)((g->next_ns - now_ns) / SONATA_SECOND) + 1;
    return -EAGAIN;
}

static void note_failure(struct guesser *g, int64_t now_ns)
{
    g->failures++;
    unsigned over = g->failures > FREE_GUESSES ? g->failures - FREE_GUESSES : 0;
    int64_t wait_s = over < 9 ? INT64_C(1) << over : WAIT_MAX_S;
    g->next_ns = now_ns + (wait_s < WAIT_MAX_S ? wait_s : WAIT_MAX_S) * SONATA_SECOND;
}

static bool is_token(const struct login *l, const char *text)
{
    uint8_t hash[HASH_SIZE];
    hash_of(text, hash);
    return !sodium_memcmp(hash, l->token, HASH_SIZE) && l->has_token;
}

int login_enter(struct login *l, int64_t now_ns, const char *address, const char *secret, char ret_session[LOGIN_SECRET_TEXT], unsigned *ret_wait_s)
{
    struct guesser *g;
    int r = may_try(l, now_ns, address, &g, ret_wait_s);
    if (r)
        return r;
    struct entry *code = find(l->code, CODES_MAX, now_ns, secret);
    if (!code && !is_token(l, secret)) {
        note_failure(g, now_ns);
        return -EACCES;
    }
    if (code)
        *code = (struct entry){.until_ns = 0};
    *g = (struct guesser){.address = ""};
    login_begin(l, now_ns, "", ret_session);
    return 0;
}

void login_begin(struct login *l, int64_t now_ns, const char *token, char ret_session[LOGIN_SECRET_TEXT])
{
    struct entry *e = place(l->session, SESSIONS_MAX, now_ns);
    new_secret(ret_session);
    hash_of(ret_session, e->hash);
    copy_string(e->token, sizeof e->token, token);
    e->until_ns = now_ns + l->session_ns;
}

int login_may_try(struct login *l, int64_t now_ns, const char *address, unsigned *ret_wait_s)
{
    struct guesser *g;
    return may_try(l, now_ns, address, &g, ret_wait_s);
}

void login_failed(struct login *l, int64_t now_ns, const char *address) { note_failure(guesser_of(l, address), now_ns); }

bool login_session(struct login *l, int64_t now_ns, const char *session, char ret_token[TOKEN_TEXT])
{
    const struct entry *e = find(l->session, SESSIONS_MAX, now_ns, session);
    if (e)
        memcpy(ret_token, e->token, TOKEN_TEXT);
    return e != NULL;
}

int login_token(struct login *l, int64_t now_ns, const char *address, const char *token, unsigned *ret_wait_s)
{
    struct guesser *g;
    int r = may_try(l, now_ns, address, &g, ret_wait_s);
    if (r)
        return r;
    if (is_token(l, token))
        return 0;
    note_failure(g, now_ns);
    return -EACCES;
}

void login_leave(struct login *l, const char *session)
{
    struct entry *e = find(l->session, SESSIONS_MAX, INT64_MIN, session);
    if (e)
        *e = (struct entry){.until_ns = 0};
}
