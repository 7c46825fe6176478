/* See pages.h. Pages are read one by one with pread(): a file that is cut off, or a disk that does not read, is a finding too. */
#define _GNU_SOURCE
#include "store/pages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "store/seal.h"
#include "store/store.h"

enum {
    PAGE_HEAD = 16, /* number u64, pad u16, flags u16, then lower u16 and upper u16, or the pages of the run u32 */
    NODE_HEAD = 8,  /* size or child lo u16, hi u16, flags u16, size of the key u16 */
    META_SIZE = 136,
    TREE_SIZE = 48, /* pad u32, flags u16, depth u16, branch, leaf and overflow pages, entries, root: u64 each */
    PAGE_BRANCH = 1,
    PAGE_LEAF = 2,
    PAGE_OVERFLOW = 4,
    PAGE_META = 8,
    NODE_BIG = 1, /* the value is in overflow pages */
    NODE_TREE = 2,
    NUMBER_KEYS = 8,       /* flags of the tree of free pages, and nothing else */
    SPARE_PAGES = 1 << 16, /* free pages at the end need not be in the file */
    PAGE_SIZE_MIN = 512,
    PAGE_SIZE_MAX = 32768,
    DEPTH_MAX = 32,
    KEY_MAX = 511,
    SAID_MAX = 40,
    TREES_MAX = 128
};
#define MAGIC 0xBEEFC0DEu
#define NO_PAGE UINT64_MAX
#define VALUE_MAX ((uint64_t)UINT32_MAX)

enum tree_kind { TREE_RECORDS, TREE_OF_TREES, TREE_FREE /* keys are numbers of this machine */ };

struct tree {
    char name[24];
    enum tree_kind kind;
    int db; /* enum store_db; -1: none of ours, no seals */
    uint16_t depth;
    uint64_t branch, leaf, overflow, entries, root; /* as noted */
};

struct meta {
    uint32_t page_size;
    uint64_t last_page, txnid;
    struct tree free, main;
};

struct walk {
    int fd;
    pages_say say;
    void *user;
    struct pages_counts counts;
    uint32_t page_size;
    uint64_t n_pages;     /* last page + 1 */
    uint8_t *used, *idle; /* a bit for each page */
    uint64_t schema;
    bool sealed;
    struct tree tree[TREES_MAX];
    unsigned n_trees;
    /* of the tree being walked */
    const struct tree *now;
    uint64_t branch, leaf, overflow, entries;
};

struct key {
    const uint8_t *p;
    size_t n;
};

static uint16_t get16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

__attribute__((format(printf, 2, 3))) static void finding(struct walk *w, const char *format, ...)
{
    char text[240];
    if (++w->counts.findings > SAID_MAX)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    w->say(w->user, text);
}

/* Marks a page as used; false, with the finding, when it cannot be. */
static bool take_page(struct walk *w, uint64_t page)
{
    if (page < 2 || page >= w->n_pages) {
        finding(w, "database %s points to page %" PRIu64 ", which does not exist", w->now->name, page);
        return false;
    }
    if (w->used[page / 8] & 1U << page % 8) {
        finding(w, "page %" PRIu64 " is used twice, in database %s too", page, w->now->name);
        return false;
    }
    w->used[page / 8] |= (uint8_t)(1U << page % 8);
    w->counts.pages++;
    return true;
}

static bool read_at(struct walk *w, uint64_t page, void *to, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(w->fd, (uint8_t *)to + done, n - done, (off_t)(page * w->page_size + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            finding(w, "page %" PRIu64 " of database %s %s", page, w->now->name, got ? strerror(errno) : "is missing: the file is cut off");
            return false;
        }
        done += (size_t)got;
    }
    return true;
}

static int compare_keys(const struct walk *w, struct key a, struct key b)
{
    if (w->now->kind == TREE_FREE) {
        uint64_t x = get64(a.p), y = get64(b.p);
        return (x > y) - (x < y);
    }
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static struct tree read_tree(const uint8_t *p, const char *name, enum tree_kind kind)
{
    struct tree t = {.kind = kind, .db = -1, .depth = get16(p + 6), .branch = get64(p + 8), .leaf = get64(p + 16), .overflow = get64(p + 24)};
    t.entries = get64(p + 32);
    t.root = get64(p + 40);
    copy_string(t.name, sizeof t.name, name);
    for (int db = 0; db < STORE_DB_COUNT && kind == TREE_RECORDS; db++) {
        if (!strcmp(store_db_name((enum store_db)db), name))
            t.db = db;
    }
    return t;
}

static void free_pages(struct walk *w, const uint8_t *p, size_t n)
{
    uint64_t count = n >= 8 ? get64(p) : 0;
    if (n < 8 || count > n / 8 - 1) {
        finding(w, "a list of free pages is damaged");
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t page = get64(p + 8 + 8 * i);
        if (page < 2 || page >= w->n_pages || w->idle[page / 8] & 1U << page % 8) {
            finding(w, "page %" PRIu64 " is free twice, or does not exist", page);
            continue;
        }
        w->idle[page / 8] |= (uint8_t)(1U << page % 8);
        w->counts.free++;
    }
}

static void check_record(struct walk *w, struct key key, const uint8_t *value, size_t n)
{
    int db = w->now->db;
    if (db == STORE_META && key.n == 6 && !memcmp(key.p, "schema", 6)) {
        w->schema = n == 9 ? get64(value + 1) : 0; /* little-endian, as bytes_put_u64() writes it */
        return;
    }
    if (db >= 0 && w->sealed && !seal_holds((uint8_t)db, key.p, key.n, value, n)) {
        char hex[2 * 48 + 1] = "";
        for (size_t i = 0; i < key.n && i < 48; i++)
            snprintf(hex + 2 * i, 3, "%02x", key.p[i]);
        finding(w, "database %s, record %s: its checksum is wrong", w->now->name, hex);
    }
}

/* What a leaf of any tree holds: lists of free pages, trees, or records. */
static void take_value(struct walk *w, struct key key, uint16_t flags, const uint8_t *value, size_t n)
{
    bool holds_trees = w->now->kind == TREE_OF_TREES;
    w->entries++;
    if (w->now->kind == TREE_FREE) {
        free_pages(w, value, n);
    } else if (holds_trees != !!(flags & NODE_TREE) || (holds_trees && (n != TREE_SIZE || key.n >= sizeof w->tree[0].name))) {
        finding(w, "database %s holds what it should not", w->now->name);
    } else if (holds_trees && w->n_trees < TREES_MAX) {
        char name[sizeof w->tree[0].name] = "";
        memcpy(name, key.p, key.n);
        w->tree[w->n_trees++] = read_tree(value, name, TREE_RECORDS);
    } else {
        w->counts.records++;
        check_record(w, key, value, n);
    }
}

static void take_big_value(struct walk *w, struct key key, uint16_t flags, uint64_t page, uint64_t n)
{
    uint64_t run = (PAGE_HEAD - 1 + n) / w->page_size + 1;
    if (n > VALUE_MAX || run > w->n_pages || page + run > w->n_pages) {
        finding(w, "database %s: a large value lies beyond the last page", w->now->name);
        return;
    }
    for (uint64_t i = 0; i < run; i++) {
        if (!take_page(w, page + i))
            return;
    }
    w->overflow += run;
    w->counts.room += run * w->page_size - PAGE_HEAD - n;
    cleanup_free uint8_t *p = xmalloc(PAGE_HEAD + n);
    if (!read_at(w, page, p, PAGE_HEAD + n))
        return;
    if (get64(p) != page || get16(p + 10) != PAGE_OVERFLOW || get32(p + 12) != run) {
        finding(w, "page %" PRIu64 " of database %s is not the large value it should be", page, w->now->name);
        return;
    }
    take_value(w, key, flags, p + PAGE_HEAD, n);
}

struct page {
    const uint8_t *p;
    uint64_t number;
    bool is_leaf;
    unsigned n;
};

static const uint8_t *node_at(const struct page *g, unsigned i) { return g->p + get16(g->p + PAGE_HEAD + 2 * i); }

static struct key key_of(const uint8_t *node) { return (struct key){node + NODE_HEAD, get16(node + 6)}; }

/* Bytes that the node at that offset, with its head in the page, has. */
static uint64_t node_bytes(const struct page *g, size_t offset)
{
    const uint8_t *node = g->p + offset;
    uint64_t size = NODE_HEAD + (uint64_t)get16(node + 6), value = get16(node) | (uint64_t)get16(node + 2) << 16;
    if (g->is_leaf)
        size += get16(node + 4) & NODE_BIG ? 8 : value;
    return size;
}

/* Bytes that it takes: one more where they are odd; 0: it does not fit into the page. */
static size_t node_size(const struct walk *w, const struct page *g, size_t offset)
{
    if (offset + NODE_HEAD > w->page_size || offset % 2)
        return 0;
    uint64_t size = node_bytes(g, offset);
    return offset + size <= w->page_size ? (size_t)(size + size % 2) : 0;
}

/* Nodes fill the page from `upper` to its end without gap or overlap. */
static bool nodes_fit(struct walk *w, const struct page *g, size_t upper)
{
    uint8_t taken[PAGE_SIZE_MAX / 2] = {0};
    size_t total = 0;
    for (unsigned i = 0; i < g->n; i++) {
        size_t at = get16(g->p + PAGE_HEAD + 2 * i), size = at >= upper ? node_size(w, g, at) : 0;
        if (!size || at + size > w->page_size)
            return false;
        for (size_t k = at / 2; k < (at + size) / 2; k++) {
            if (taken[k]++)
                return false;
        }
        total += size;
        w->counts.room += size > node_bytes(g, at);
    }
    w->counts.room += upper - get16(g->p + 12);
    return total == w->page_size - upper;
}

static bool keys_fit(const struct walk *w, const struct page *g, const struct key *low, const struct key *high)
{
    for (unsigned i = g->is_leaf ? 0 : 1; i < g->n; i++) { /* the first key of a branch means: everything below the second */
        struct key k = key_of(node_at(g, i)), before = i ? key_of(node_at(g, i - 1)) : k;
        if (!k.n || k.n > KEY_MAX || (w->now->kind == TREE_FREE && k.n != 8))
            return false;
        bool first = i == (g->is_leaf ? 0U : 1U);
        if ((!first && compare_keys(w, before, k) >= 0) || (low && compare_keys(w, k, *low) < 0) || (high && compare_keys(w, k, *high) >= 0))
            return false;
    }
    return true;
}

static bool page_fits(struct walk *w, struct page *g, unsigned level, const struct key *low, const struct key *high)
{
    size_t lower = get16(g->p + 12), upper = get16(g->p + 14);
    g->is_leaf = level + 1 == w->now->depth;
    if (get64(g->p) != g->number || get16(g->p + 10) != (g->is_leaf ? PAGE_LEAF : PAGE_BRANCH))
        return false;
    if (lower < PAGE_HEAD || lower % 2 || lower > upper || upper > w->page_size)
        return false;
    g->n = (unsigned)(lower - PAGE_HEAD) / 2;
    return g->n >= (g->is_leaf ? 1U : 2U) && nodes_fit(w, g, upper) && keys_fit(w, g, low, high);
}

static void take_leaf(struct walk *w, const struct page *g)
{
    for (unsigned i = 0; i < g->n; i++) {
        const uint8_t *node = node_at(g, i);
        struct key key = key_of(node);
        uint16_t flags = get16(node + 4);
        uint64_t n = get16(node) | (uint64_t)get16(node + 2) << 16;
        if (flags & ~(NODE_BIG | NODE_TREE))
            finding(w, "page %" PRIu64 " of database %s: a record of an unknown kind", g->number, w->now->name);
        else if (flags & NODE_BIG)
            take_big_value(w, key, flags, get64(key.p + key.n), n);
        else
            take_value(w, key, flags, key.p + key.n, n);
    }
}

/* Keys of the page are at least *low and below *high (NULL: no limit). */
static void take_tree_page(struct walk *w, uint64_t number, unsigned level, const struct key *low, const struct key *high)
{
    if (!take_page(w, number))
        return;
    cleanup_free uint8_t *p = xmalloc(w->page_size);
    struct page g = {.p = p, .number = number};
    if (!read_at(w, number, p, w->page_size))
        return;
    if (!page_fits(w, &g, level, low, high)) {
        finding(w, "page %" PRIu64 " of database %s is damaged", number, w->now->name);
        return;
    }
    if (g.is_leaf) {
        w->leaf++;
        take_leaf(w, &g);
        return;
    }
    w->branch++;
    for (unsigned i = 0; i < g.n; i++) {
        const uint8_t *node = node_at(&g, i);
        bool last = i + 1 == g.n;
        struct key from = key_of(node), to = last ? from : key_of(node_at(&g, i + 1));
        uint64_t child = get16(node) | (uint64_t)get16(node + 2) << 16 | (uint64_t)get16(node + 4) << 32;
        const struct key *first = i ? &from : low;
        take_tree_page(w, child, level + 1, first, last ? high : &to);
    }
}

static void take_tree(struct walk *w, const struct tree *t)
{
    uint64_t before = w->counts.findings;
    w->now = t;
    w->branch = w->leaf = w->overflow = w->entries = 0;
    if (t->root != NO_PAGE && (!t->depth || t->depth > DEPTH_MAX))
        finding(w, "database %s is %u pages deep", t->name, t->depth);
    else if (t->root != NO_PAGE)
        take_tree_page(w, t->root, 0, NULL, NULL);
    bool as_noted = w->branch == t->branch && w->leaf == t->leaf && w->overflow == t->overflow && w->entries == t->entries;
    if (!as_noted && w->counts.findings == before)
        finding(w, "database %s has %" PRIu64 " records on %" PRIu64 " pages, %" PRIu64 " on %" PRIu64 " are noted", t->name, w->entries,
                w->branch + w->leaf + w->overflow, t->entries, t->branch + t->leaf + t->overflow);
}

/* The database of counters first: it says whether values have seals. */
static void take_records(struct walk *w)
{
    for (unsigned i = 0; i < w->n_trees; i++) {
        if (w->tree[i].db == STORE_META)
            take_tree(w, &w->tree[i]);
    }
    if (!w->schema && w->n_trees)
        finding(w, "there is no schema version");
    w->sealed = w->schema >= 4;
    for (unsigned i = 0; i < w->n_trees; i++) {
        if (w->tree[i].db != STORE_META)
            take_tree(w, &w->tree[i]);
    }
}

/* One of the two meta pages; false with the finding when it is damaged. */
static bool read_meta(struct walk *w, unsigned which, struct meta *ret_meta)
{
    uint8_t p[PAGE_HEAD + META_SIZE];
    const struct tree whole = {.name = "meta page"};
    w->now = &whole;
    if (!read_at(w, which, p, sizeof p))
        return false;
    const uint8_t *m = p + PAGE_HEAD, *free = m + 24;
    struct meta x = {.page_size = get32(free), .last_page = get64(m + 120), .txnid = get64(m + 128)};
    x.free = read_tree(free, "of free pages", TREE_FREE);
    x.main = read_tree(free + TREE_SIZE, "of databases", TREE_OF_TREES);
    bool size_fits = x.page_size >= PAGE_SIZE_MIN && x.page_size <= PAGE_SIZE_MAX && !(x.page_size & (x.page_size - 1));
    bool sound = get64(p) == which && get16(p + 10) == PAGE_META && get32(m) == MAGIC && get32(m + 4) == 1 && get16(free + 4) == NUMBER_KEYS;
    if (!sound || !size_fits || x.last_page < 1 || (which && x.page_size != w->page_size)) {
        finding(w, "meta page %u is damaged, or the file is none of LMDB", which);
        return false;
    }
    w->page_size = x.page_size;
    *ret_meta = x;
    return true;
}

/* The meta page of that transaction, 0: of the newest. Each commit writes the older of the two. */
static int choose_meta(struct walk *w, uint64_t txnid, struct meta *ret_meta)
{
    struct meta m[2];
    w->page_size = PAGE_SIZE_MIN; /* the first page is at 0 whatever its size is */
    if (!read_meta(w, 0, &m[0]) || !read_meta(w, 1, &m[1]))
        return -EBADMSG;
    unsigned newest = m[1].txnid > m[0].txnid;
    if (txnid && m[newest].txnid != txnid && m[!newest].txnid != txnid)
        return -EAGAIN;
    if (!txnid && m[newest].txnid - m[!newest].txnid > 1)
        finding(w, "the meta pages are of transactions %" PRIu64 " and %" PRIu64 ": one is damaged", m[0].txnid, m[1].txnid);
    *ret_meta = m[txnid && m[newest].txnid != txnid ? !newest : newest];
    return 0;
}

static void take_all(struct walk *w, const struct meta *m)
{
    w->n_pages = m->last_page + 1;
    w->counts.room = 2 * (w->page_size - PAGE_HEAD - META_SIZE);
    w->used = xcalloc(w->n_pages / 8 + 1, 1);
    w->idle = xcalloc(w->n_pages / 8 + 1, 1);
    take_tree(w, &m->free);
    take_tree(w, &m->main);
    take_records(w);
    for (uint64_t i = 0; i <= w->n_pages / 8; i++) {
        if (w->used[i] & w->idle[i])
            finding(w, "a page of %" PRIu64 " to %" PRIu64 " is used and free", 8 * i, 8 * i + 7);
    }
    free(w->used);
    free(w->idle);
}

int pages_verify(int fd, uint64_t txnid, pages_say say, void *user, struct pages_counts *ret_counts)
{
    struct stat st;
    struct meta m;
    cleanup_free struct walk *w = xcalloc(1, sizeof *w);
    w->fd = fd;
    w->say = say;
    w->user = user;
    if (fstat(fd, &st))
        return -errno;
    int rc = choose_meta(w, txnid, &m);
    if (rc == -EAGAIN)
        return rc;
    if (!rc && m.last_page / 2 > (uint64_t)st.st_size / m.page_size + SPARE_PAGES)
        finding(w, "%" PRIu64 " pages are noted, the file has %" PRIu64, m.last_page + 1, (uint64_t)st.st_size / m.page_size);
    else if (!rc)
        take_all(w, &m);
    if (w->counts.findings > SAID_MAX) {
        char text[60];
        snprintf(text, sizeof text, "and %" PRIu64 " more", w->counts.findings - SAID_MAX);
        say(user, text);
    }
    *ret_counts = w->counts;
    return 0;
}

int pages_check_meta(int fd, pages_say say, void *user)
{
    struct meta m;
    cleanup_free struct walk *w = xcalloc(1, sizeof *w);
    w->fd = fd;
    w->say = say;
    w->user = user;
    return choose_meta(w, 0, &m);
}
