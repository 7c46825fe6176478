/* See pickle.h. The machine has a stack of value numbers, a stack of marks and a memo; its instructions are those of Python's pickletools. */
#include "checkpoint/pickle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"

struct machine {
    struct pickle *pickle;
    const uint8_t *start;
    struct reader in;
    const char *name;
    size_t at;
    struct sonata_error *err;
    uint32_t *stack, *memo;
    size_t n_stack, stack_capacity, n_memo, memo_capacity;
    size_t *mark;
    size_t n_marks, mark_capacity;
};

#define NO_VALUE UINT32_MAX

static size_t place(const struct machine *m) { return m->at + (size_t)(m->in.p - m->start); }

static int fail(const struct machine *m, const char *what) { return sonata_error_set(m->err, -EBADMSG, "%s: byte %zu: %s", m->name, place(m), what); }

/* ---- values and the stack ---- */

static int push(struct machine *m, uint32_t value)
{
    if (m->n_stack == PICKLE_STACK_MAX)
        return sonata_error_set(m->err, -EFBIG, "%s: byte %zu: more than %d values wait on the pickle's stack", m->name, place(m), PICKLE_STACK_MAX);
    m->stack = xgrow(m->stack, &m->stack_capacity, m->n_stack + 1, sizeof *m->stack);
    m->stack[m->n_stack++] = value;
    return 0;
}

static int push_new(struct machine *m, const struct pickle_value *v)
{
    struct pickle *p = m->pickle;
    if (p->n_values == PICKLE_VALUES_MAX) {
        free(v->item);
        return sonata_error_set(m->err, -EFBIG, "%s: byte %zu: more than %d values in the pickle", m->name, place(m), PICKLE_VALUES_MAX);
    }
    p->value = xgrow(p->value, &p->capacity, p->n_values + 1, sizeof *p->value);
    p->value[p->n_values] = *v;
    return push(m, (uint32_t)p->n_values++);
}

static int push_kind(struct machine *m, enum pickle_kind kind)
{
    struct pickle_value v = {.kind = kind};
    return push_new(m, &v);
}

static int push_integer(struct machine *m, int64_t integer)
{
    struct pickle_value v = {.kind = PICKLE_INT, .integer = integer};
    return push_new(m, &v);
}

static int push_truth(struct machine *m, bool truth)
{
    struct pickle_value v = {.kind = PICKLE_BOOL, .truth = truth};
    return push_new(m, &v);
}

/* Values above the last mark, or above the bottom. */
static size_t floor_of(const struct machine *m) { return m->n_marks ? m->mark[m->n_marks - 1] : 0; }

static int pop(struct machine *m, uint32_t *ret)
{
    if (m->n_stack <= floor_of(m))
        return fail(m, "an instruction needs more values than there are");
    *ret = m->stack[--m->n_stack];
    return 0;
}

static int pop_mark(struct machine *m, size_t *ret_first)
{
    if (!m->n_marks)
        return fail(m, "an instruction needs a mark that is not there");
    *ret_first = m->mark[--m->n_marks];
    return 0;
}

static void add_items(struct pickle_value *v, const uint32_t *item, size_t n)
{
    v->item = xgrow(v->item, &v->capacity, v->n_items + n, sizeof *v->item);
    memcpy(v->item + v->n_items, item, n * sizeof *item);
    v->n_items += n;
}

/* A value that holds the n topmost of the stack, in their place. */
static int collect(struct machine *m, enum pickle_kind kind, size_t first)
{
    struct pickle_value v = {.kind = kind};
    if (m->n_stack > first)
        add_items(&v, m->stack + first, m->n_stack - first);
    m->n_stack = first;
    return push_new(m, &v);
}

static int collect_last(struct machine *m, size_t n)
{
    if (m->n_stack - floor_of(m) < n)
        return fail(m, "a tuple needs more values than there are");
    return collect(m, PICKLE_TUPLE, m->n_stack - n);
}

static int collect_marked(struct machine *m, enum pickle_kind kind)
{
    size_t first = 0;
    int r = pop_mark(m, &first);
    if (!r && kind == PICKLE_DICT && (m->n_stack - first) % 2)
        return fail(m, "a key without its value");
    return r ? r : collect(m, kind, first);
}

/* Values from `first` on go into the container below them. */
static int extend(struct machine *m, size_t first, bool pairs)
{
    if (first <= floor_of(m) || (pairs && (m->n_stack - first) % 2))
        return fail(m, "items without what they belong to");
    struct pickle_value *v = &m->pickle->value[m->stack[first - 1]];
    if (v->kind != PICKLE_DICT && v->kind != PICKLE_TUPLE && v->kind != PICKLE_CALL)
        return fail(m, "items for something that holds none");
    if (v->kind != PICKLE_CALL && (v->kind == PICKLE_DICT) != pairs)
        return fail(m, "pairs for a list, or single items for a dict");
    if (pairs || v->kind == PICKLE_TUPLE)
        add_items(v, m->stack + first, m->n_stack - first);
    m->n_stack = first;
    return 0;
}

static int extend_marked(struct machine *m, bool pairs)
{
    size_t first = 0;
    int r = pop_mark(m, &first);
    return r ? r : extend(m, first, pairs);
}

static int extend_last(struct machine *m, size_t n)
{
    return m->n_stack - floor_of(m) > n ? extend(m, m->n_stack - n, n == 2) : fail(m, "items without what they belong to");
}

/* ---- the memo ---- */

static int remember(struct machine *m, size_t slot)
{
    if (m->n_stack <= floor_of(m))
        return fail(m, "nothing to remember");
    if (slot >= PICKLE_VALUES_MAX)
        return fail(m, "a place of the memo beyond the limit");
    if (slot >= m->n_memo) {
        m->memo = xgrow(m->memo, &m->memo_capacity, slot + 1, sizeof *m->memo);
        for (size_t i = m->n_memo; i <= slot; i++)
            m->memo[i] = NO_VALUE;
        m->n_memo = slot + 1;
    }
    m->memo[slot] = m->stack[m->n_stack - 1];
    return 0;
}

static int recall(struct machine *m, size_t slot)
{
    if (slot >= m->n_memo || m->memo[slot] == NO_VALUE)
        return fail(m, "a place of the memo that holds nothing");
    return push(m, m->memo[slot]);
}

/* ---- reading operands ---- */

static int take_text(struct machine *m, uint64_t n, const char **ret)
{
    if (n > m->in.left)
        return fail(m, "a text that goes on beyond the end of the file");
    *ret = (const char *)reader_take(&m->in, (size_t)n);
    return 0;
}

static int push_text(struct machine *m, uint64_t n)
{
    struct pickle_value v = {.kind = PICKLE_TEXT};
    int r = m->in.bad ? fail(m, "the file ends inside a number") : take_text(m, n, &v.text);
    v.text_size = (size_t)n;
    return r ? r : push_new(m, &v);
}

/* A whole number of n little-endian bytes, two's complement. */
static int push_long(struct machine *m, uint64_t n)
{
    const char *p = NULL;
    if (n > 8)
        return push_text(m, n);
    int r = take_text(m, n, &p);
    uint64_t bits = 0;
    for (size_t i = 0; !r && i < n; i++)
        bits |= (uint64_t)(uint8_t)p[i] << 8 * i;
    if (!r && n && n < 8 && bits >> (8 * n - 1))
        bits |= UINT64_MAX << 8 * n;
    return r ? r : push_integer(m, (int64_t)bits);
}

static int push_float(struct machine *m)
{
    const char *p = NULL;
    int r = take_text(m, 8, &p);
    uint64_t bits = 0;
    for (size_t i = 0; !r && i < 8; i++)
        bits = bits << 8 | (uint8_t)p[i];
    struct pickle_value v = {.kind = PICKLE_FLOAT};
    memcpy(&v.number, &bits, sizeof bits);
    return r ? r : push_new(m, &v);
}

/* Two lines: module, name. They become one text "module\nname", which stands so in the file. */
static int push_global(struct machine *m)
{
    const uint8_t *first = memchr(m->in.p, '\n', m->in.left);
    size_t line = first ? (size_t)(first - m->in.p) + 1 : 0;
    const uint8_t *second = first ? memchr(m->in.p + line, '\n', m->in.left - line) : NULL;
    if (!second)
        return fail(m, "a class without its two lines");
    struct pickle_value v = {.kind = PICKLE_GLOBAL, .text_size = (size_t)(second - m->in.p)};
    v.text = (const char *)reader_take(&m->in, v.text_size);
    reader_take(&m->in, 1);
    return push_new(m, &v);
}

/* The same from two texts on the stack; argument: the module, function: the name. */
static int stack_global(struct machine *m)
{
    struct pickle_value v = {.kind = PICKLE_GLOBAL, .text = NULL};
    int r = pop(m, &v.function);
    r = r ? r : pop(m, &v.argument);
    if (r)
        return r;
    const struct pickle_value *value = m->pickle->value;
    if (value[v.function].kind != PICKLE_TEXT || value[v.argument].kind != PICKLE_TEXT)
        return fail(m, "a class whose name is no text");
    return push_new(m, &v);
}

static int call(struct machine *m, unsigned arguments)
{
    struct pickle_value v = {.kind = PICKLE_CALL};
    uint32_t ignored;
    int r = arguments == 2 ? pop(m, &ignored) : 0;
    r = r ? r : pop(m, &v.argument);
    r = r ? r : pop(m, &v.function);
    return r ? r : push_new(m, &v);
}

static int persistent(struct machine *m)
{
    struct pickle_value v = {.kind = PICKLE_PERSISTENT};
    int r = pop(m, &v.argument);
    return r ? r : push_new(m, &v);
}

static int drop(struct machine *m)
{
    uint32_t ignored;
    return pop(m, &ignored);
}

static int set_mark(struct machine *m)
{
    if (m->n_marks == PICKLE_STACK_MAX)
        return fail(m, "too many marks");
    m->mark = xgrow(m->mark, &m->mark_capacity, m->n_marks + 1, sizeof *m->mark);
    m->mark[m->n_marks++] = m->n_stack;
    return 0;
}

static int drop_marked(struct machine *m)
{
    size_t first = 0;
    int r = pop_mark(m, &first);
    m->n_stack = r ? m->n_stack : first;
    return r;
}

static int protocol(struct machine *m)
{
    uint8_t version = reader_u8(&m->in);
    return version >= 2 && version <= 5 ? 0 : fail(m, "a pickle of another protocol than 2 to 5; save it with torch.save() of PyTorch 1.0 or newer");
}

static int skip_frame(struct machine *m)
{
    reader_u64(&m->in);
    return 0;
}

/* Instructions that push a plain value. -ENOENT: another one. */
static int plain(struct machine *m, uint8_t code)
{
    switch (code) {
    case 'N':
        return push_kind(m, PICKLE_NONE);
    case 0x88:
        return push_truth(m, true);
    case 0x89:
        return push_truth(m, false);
    case 'J':
        return push_integer(m, (int32_t)reader_u32(&m->in));
    case 'K':
        return push_integer(m, reader_u8(&m->in));
    case 'M':
        return push_integer(m, reader_u16(&m->in));
    case 0x8a:
        return push_long(m, reader_u8(&m->in));
    case 0x8b:
        return push_long(m, reader_u32(&m->in));
    case 'G':
        return push_float(m);
    case 'X':
    case 'T':
    case 'B':
        return push_text(m, reader_u32(&m->in));
    case 0x8c:
    case 'U':
    case 'C':
        return push_text(m, reader_u8(&m->in));
    case 0x8d:
    case 0x8e:
        return push_text(m, reader_u64(&m->in));
    case 'c':
        return push_global(m);
    default:
        return -ENOENT;
    }
}

/* Instructions that build containers. -ENOENT: another one. */
static int build(struct machine *m, uint8_t code)
{
    switch (code) {
    case '}':
        return push_kind(m, PICKLE_DICT);
    case ']':
    case ')':
    case 0x8f:
        return push_kind(m, PICKLE_TUPLE);
    case 't':
    case 'l':
    case 0x91:
        return collect_marked(m, PICKLE_TUPLE);
    case 'd':
        return collect_marked(m, PICKLE_DICT);
    case 0x85:
    case 0x86:
    case 0x87:
        return collect_last(m, code - 0x84u);
    case 'a':
        return extend_last(m, 1);
    case 's':
        return extend_last(m, 2);
    case 'e':
    case 0x90:
        return extend_marked(m, false);
    case 'u':
        return extend_marked(m, true);
    default:
        return -ENOENT;
    }
}

/* Instructions that keep, call and pass over. -ENOENT: another one. */
static int compound(struct machine *m, uint8_t code)
{
    switch (code) {
    case 'q':
        return remember(m, reader_u8(&m->in));
    case 'r':
        return remember(m, reader_u32(&m->in));
    case 0x94:
        return remember(m, m->n_memo);
    case 'h':
        return recall(m, reader_u8(&m->in));
    case 'j':
        return recall(m, reader_u32(&m->in));
    case 0x93:
        return stack_global(m);
    case 'R':
    case 0x81:
        return call(m, 1);
    case 0x92:
        return call(m, 2);
    case 'Q':
        return persistent(m);
    case 'b':
    case '0':
        return drop(m);
    case '1':
        return drop_marked(m);
    case '(':
        return set_mark(m);
    case 0x80:
        return protocol(m);
    case 0x95:
        return skip_frame(m);
    default:
        return -ENOENT;
    }
}

static int run(struct machine *m)
{
    for (;;) {
        uint8_t code = reader_u8(&m->in);
        if (m->in.bad)
            return fail(m, "the pickle ends before its last instruction (cut off?)");
        if (code == '.')
            return pop(m, &m->pickle->root);
        int r = plain(m, code);
        r = r == -ENOENT ? build(m, code) : r;
        r = r == -ENOENT ? compound(m, code) : r;
        if (r == -ENOENT)
            return sonata_error_set(m->err, -EBADMSG, "%s: byte %zu: instruction 0x%02x is none that PyTorch's pickles have", m->name, place(m) - 1,
                                    code);
        if (r)
            return r;
        if (m->in.bad)
            return fail(m, "the pickle ends inside an instruction (cut off?)");
    }
}

int pickle_read(const uint8_t *data, size_t size, const char *name, size_t at, struct pickle *ret_pickle, struct sonata_error *err)
{
    struct pickle p = {.value = NULL};
    size_t bound = size < PICKLE_BYTES_MAX ? size : PICKLE_BYTES_MAX;
    struct machine m = {.pickle = &p, .start = data, .in = reader_of(data, bound), .name = name, .at = at, .err = err};
    int r = run(&m);
    p.size = (size_t)(m.in.p - m.start);
    free(m.stack);
    free(m.memo);
    free(m.mark);
    if (r)
        pickle_fini(&p);
    else
        *ret_pickle = p;
    return r;
}

void pickle_fini(struct pickle *p)
{
    for (size_t i = 0; i < p->n_values; i++)
        free(p->value[i].item);
    free(p->value);
    *p = (struct pickle){.value = NULL};
}

bool pickle_is_text(const struct pickle_value *v, const char *text)
{
    return v->kind == PICKLE_TEXT && v->text_size == strlen(text) && !memcmp(v->text, text, v->text_size);
}

bool pickle_is_global(const struct pickle *p, const struct pickle_value *v, const char *module, const char *name)
{
    if (v->kind != PICKLE_GLOBAL)
        return false;
    if (!v->text)
        return pickle_is_text(&p->value[v->argument], module) && pickle_is_text(&p->value[v->function], name);
    size_t first = strlen(module), second = strlen(name);
    return v->text_size == first + 1 + second && !memcmp(v->text, module, first) && v->text[first] == '\n' &&
           !memcmp(v->text + first + 1, name, second);
}

const struct pickle_value *pickle_get(const struct pickle *p, const struct pickle_value *dict, const char *key)
{
    for (size_t i = 0; (dict->kind == PICKLE_DICT || dict->kind == PICKLE_CALL) && i + 1 < dict->n_items; i += 2) {
        if (pickle_is_text(&p->value[dict->item[i]], key))
            return &p->value[dict->item[i + 1]];
    }
    return NULL;
}
