/* A store whose file was damaged: flipped bits, zeroed sectors, sectors in each other's place, a file that is cut off. Whatever changes what the
 * store holds, or how it holds it, is told by the look that --check takes and keeps a master from opening it; what neither sees must have changed
 * nothing: every record of every database is read and compared. Looks run in a child: none may end by a signal.
 *
 *     store_damage [CASES [SEED]] */
#include <fcntl.h>
#include <lmdb.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/rng.h"
#include "store/store.h"
#include "store/verify.h"
#include "support/cmocka.h"

enum { SECTOR = 512, PAGE = 4096, TOLD = 0, UNCHANGED = 1, CHANGED_IN_SILENCE = 2, UNTOLD_BUT_REFUSED = 3, TOLD_BUT_OPENED = 4 };

static unsigned n_cases = 300;
static uint64_t seed = 1;
static char folder[] = "/tmp/sonata-damage-XXXXXX";
static struct bytes file;   /* the store as it was */
static uint64_t *used_page; /* its pages that are not free */
static size_t n_used;
static uint64_t content_before;
static double room; /* share of them that holds nothing */

static void place(char *path, size_t size, const char *name) { snprintf(path, size, "%s/%s", folder, name); }

static void write_file(void)
{
    char path[128];
    place(path, sizeof path, "data.mdb");
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(file.data, 1, file.size, f), file.size);
    assert_int_equal(fclose(f), 0);
}

static bool add_record(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    uint64_t *sum = user;
    *sum = (*sum ^ hash64(key, n_key)) * 0x100000001b3u;
    *sum = (*sum ^ hash64(value, n_value)) * 0x100000001b3u;
    return true;
}

/* Of every record but `meta/owner`, in order. */
static int sum_content(struct store *s, uint64_t *ret_sum)
{
    *ret_sum = store_counter(s, "schema") + store_counter(s, "turn");
    for (unsigned db = STORE_META + 1; db < STORE_DB_COUNT; db++) {
        if (store_scan(s, (enum store_db)db, (struct store_key){0}, 0, add_record, ret_sum))
            return -1;
    }
    return 0;
}

/* Records of all sizes, some in pages of their own, some changed again and again so that there are free pages. */
static void fill(struct store *s)
{
    struct rng rng = rng_seeded(seed, 1);
    struct sonata_error err;
    uint8_t value[20000];
    for (uint64_t t = 1; t <= 60; t++) {
        for (uint64_t i = 0; i < 30; i++) {
            size_t n = i % 10 ? 20 + rng_below(&rng, 300) : 3000 + rng_below(&rng, 17000);
            for (size_t k = 0; k < n; k++)
                value[k] = (uint8_t)rng_below(&rng, 256);
            store_put(s, i % 3 ? STORE_EVENT : STORE_EVALUATION, key_u64_pair(t, i), value, n);
            store_put(s, STORE_BOARD, key_u64(i % 7), value, n % 900);
            store_put(s, STORE_BLOB, key_u64(rng_below(&rng, 40)), value, n);
        }
        store_set_counter(s, "turn", t);
        assert_int_equal(store_commit(s, &err), 0);
    }
}

static void list_used_pages(void)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_envinfo info;
    MDB_val k, v;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, folder, MDB_RDONLY, 0600), 0);
    mdb_env_info(env, &info);
    uint8_t *idle = xcalloc(info.me_last_pgno + 1, 1);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(mdb_cursor_open(txn, 0, &cursor), 0); /* the tree of free pages */
    while (!mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
        const size_t *list = v.mv_data;
        for (size_t i = 1; i <= list[0]; i++)
            idle[list[i]] = 1;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    used_page = xcalloc(info.me_last_pgno + 1, sizeof *used_page);
    for (size_t p = 0; p <= info.me_last_pgno; p++) {
        if (!idle[p])
            used_page[n_used++] = p;
    }
    free(idle);
    assert_true(n_used > 300);
    assert_true(n_used < info.me_last_pgno); /* some are free */
}

static size_t random_place(struct rng *rng) { return (size_t)used_page[rng_below(rng, (uint32_t)n_used)] * PAGE + rng_below(rng, PAGE); }

static const char *damage(struct rng *rng, unsigned kind)
{
    size_t at = random_place(rng), sector = at / SECTOR * SECTOR, other;
    uint8_t keep[SECTOR];
    switch (kind) {
    case 0:
        file.data[at] ^= (uint8_t)(1U << rng_below(rng, 8));
        return "a bit";
    case 1:
        memset(file.data + sector, 0, SECTOR);
        return "a zeroed sector";
    case 2:
        other = random_place(rng) / SECTOR * SECTOR;
        memcpy(keep, file.data + sector, SECTOR);
        memcpy(file.data + sector, file.data + other, SECTOR);
        memcpy(file.data + other, keep, SECTOR);
        return "two sectors exchanged";
    default:
        file.size = rng_below(rng, 2) ? at : at / PAGE * PAGE;
        return "the end cut off";
    }
}

static void ignore(void *user, const char *finding)
{
    (void)user;
    (void)finding;
}

static int look(void)
{
    struct sonata_error err = {{0}};
    struct pages_counts counts = {0};
    struct store *s;
    uint64_t sum;
    bool told = store_verify(folder, ignore, NULL, &counts, &err) || counts.findings;
    int r = store_open(folder, NULL, &s, &err);
    if (r)
        return told ? TOLD : UNTOLD_BUT_REFUSED;
    if (told)
        return TOLD_BUT_OPENED;
    r = sum_content(s, &sum);
    store_close(s);
    return r || sum != content_before ? CHANGED_IN_SILENCE : UNCHANGED;
}

static int look_apart(void)
{
    int status;
    pid_t child = fork();
    if (!child)
        _exit(look());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void every_damage_is_told(void **state)
{
    (void)state;
    struct bytes whole = {0};
    unsigned told[4] = {0}, unchanged[4] = {0};
    struct rng rng = rng_seeded(seed, 2);
    bytes_append(&whole, file.data, file.size);
    assert_int_equal(look_apart(), UNCHANGED);
    for (unsigned i = 0; i < n_cases; i++) {
        unsigned kind = i % 4;
        bytes_clear(&file);
        bytes_append(&file, whole.data, whole.size);
        const char *what = damage(&rng, kind);
        bool same = file.size == whole.size && !memcmp(file.data, whole.data, whole.size);
        write_file();
        int found = look_apart();
        if (found != TOLD && found != UNCHANGED)
            fail_msg("case %u of seed %llu (%s): %s %d", i, (unsigned long long)seed, what, found < 0 ? "signal" : "code",
                     found < 0 ? -found : found);
        told[kind] += found == TOLD;
        unchanged[kind] += found == UNCHANGED && !same;
    }
    print_message("told: %u bits, %u zeroed sectors, %u exchanged, %u cut off; in no record nor page's structure: %u, %u, %u, %u\n", told[0], told[1],
                  told[2], told[3], unchanged[0], unchanged[1], unchanged[2], unchanged[3]);
    double bits = told[0] + unchanged[0], expected = room * bits;
    print_message("%.1f %% of the bytes of used pages hold nothing, where %.1f bits are to be expected\n", 100 * room, expected);
    assert_true(unchanged[0] <= expected + 4 * sqrt(expected * (1 - room))); /* and no more */
    for (unsigned kind = 1; kind < 4; kind++)
        assert_true(told[kind] >= 20 * unchanged[kind] && told[kind] > n_cases / 4 / 2);
    bytes_fini(&whole);
}

static int make_store(void **state)
{
    (void)state;
    char path[128];
    struct sonata_error err = {{0}};
    struct store *s;
    if (!mkdtemp(folder) || store_open(folder, NULL, &s, &err))
        return -1;
    fill(s);
    int r = sum_content(s, &content_before);
    store_close(s);
    list_used_pages();
    struct pages_counts counts;
    if (store_verify(folder, ignore, NULL, &counts, &err))
        return -1;
    room = (double)counts.room / ((double)(counts.pages + 2) * PAGE);
    place(path, sizeof path, "data.mdb");
    return r ? r : file_read(path, 64 << 20, &file, &err);
}

static int remove_store(void **state)
{
    (void)state;
    char command[160];
    bytes_fini(&file);
    free(used_page);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        n_cases = (unsigned)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_damage_is_told)};
    return cmocka_run_group_tests(tests, make_store, remove_store);
}
