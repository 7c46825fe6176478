/* The table of bounds in docs/PROTOCOL.md, sent: each bound is taken, one beyond it refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/parse.h"
#include "codec/codec.h"
#include "support/cmocka.h"
#include "support/hostile_space.h"

enum { ROWS_MIN = 45 };

struct row {
    char message[32], field[40], kind[16];
    int64_t least, most;
};

/* --- messages that are taken --- */

static Sonata__SearchSpec *sound_spec(void)
{
    struct search_spec s = {
        .name = "s", .n_objectives = 1, .n_constraints = 1, .algorithm = "nsga2", .n_options = 1, .budget_evaluations = 10, .tier = "search"};
    s.space = wide_mbconv_space();
    s.objective[0] = (struct objective){.metric = "latency", .board = "b"};
    s.constraint[0] = (struct constraint){.metric = "params", .board = "b", .min = 0, .max = 1};
    s.option[0] = (struct spec_option){.name = "eta", .value = "3"};
    return spec_to_message(&s);
}

static Sonata__Measurement *sound_measurement(void)
{
    struct measurement m = {.attempt = 1, .epoch = 1, .board = "b"};
    measurement_add(&m, "accuracy", 1, 1, 1, 1);
    m.artefact = (struct artefact){.hash = {1}, .bytes = 1, .format = "onnx"};
    return measurement_to_message(&m);
}

static Sonata__Assign *sound_assign(void)
{
    struct evaluation_job job = {.attempt = 1, .epoch = 1, .board = "b", .n_genes = 2, .n_metrics = 1, .metric = {"accuracy"}};
    return job_to_message(&job);
}

static Sonata__BoardEvent *sound_event(void)
{
    struct board_event e = {.sequence = 1, .board = "b", .wall_ns = 5, .kind = "state", .invalid_to_wall_ns = INT64_MAX};
    return board_event_to_message(&e);
}

/* Which of them holds messages of that type. */
static ProtobufCMessage *sound_message(const char *type)
{
    static const char *const of_spec[] = {"Space", "Stage", "Gene", "Objective", "Constraint", "Option", "SearchSpec"};
    for (size_t i = 0; i < sizeof of_spec / sizeof *of_spec; i++) {
        if (!strcmp(type, of_spec[i]))
            return &sound_spec()->base;
    }
    if (!strcmp(type, "Measurement") || !strcmp(type, "MetricValue") || !strcmp(type, "Artefact"))
        return &sound_measurement()->base;
    return !strcmp(type, "Assign") ? &sound_assign()->base : !strcmp(type, "BoardEvent") ? &sound_event()->base : NULL;
}

static int take(const ProtobufCMessage *m)
{
    struct sonata_error err = {{0}};
    if (m->descriptor == &sonata__search_spec__descriptor) {
        struct search_spec *spec = xcalloc(1, sizeof *spec);
        int rc = spec_from_submission((const Sonata__SearchSpec *)m, spec, &err);
        free(spec);
        return rc;
    }
    if (m->descriptor == &sonata__measurement__descriptor) {
        struct measurement x = {0};
        int rc = measurement_from_message((const Sonata__Measurement *)m, &x, &err);
        measurement_fini(&x);
        return rc;
    }
    if (m->descriptor == &sonata__assign__descriptor) {
        struct evaluation_job job;
        return job_from_message((const Sonata__Assign *)m, &job, &err);
    }
    struct board_event e;
    return board_event_from_message((const Sonata__BoardEvent *)m, &e, &err);
}

/* The first message of that type in m, itself among them. */
static ProtobufCMessage *find(ProtobufCMessage *m, const char *type)
{
    if (!strcmp(m->descriptor->short_name, type))
        return m;
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        if (f->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        void *p = (uint8_t *)m + f->offset;
        bool many = f->label == PROTOBUF_C_LABEL_REPEATED;
        size_t n = many ? *(size_t *)((uint8_t *)m + f->quantifier_offset) : 1;
        ProtobufCMessage *one = !n ? NULL : many ? (*(ProtobufCMessage ***)p)[0] : *(ProtobufCMessage **)p;
        ProtobufCMessage *found = one ? find(one, type) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

/* --- one field set --- */

static void set_number(const ProtobufCFieldDescriptor *f, void *p, int64_t v)
{
    bool wide = f->type == PROTOBUF_C_TYPE_INT64 || f->type == PROTOBUF_C_TYPE_UINT64 || f->type == PROTOBUF_C_TYPE_SINT64;
    if (wide)
        memcpy(p, &v, sizeof v);
    else
        *(uint32_t *)p = (uint32_t)v;
}

/* Values that the field's type cannot hold are no test. */
static bool holds(const ProtobufCFieldDescriptor *f, int64_t v, int64_t most)
{
    bool is_signed = f->type == PROTOBUF_C_TYPE_INT64 || f->type == PROTOBUF_C_TYPE_SINT64 || f->type == PROTOBUF_C_TYPE_INT32 ||
                     f->type == PROTOBUF_C_TYPE_SINT32;
    return (v >= 0 || is_signed) && !(most == INT64_MAX && v < most && v < 0 && !is_signed);
}

/* What take() says of the message with that value, length or number of entries. */
static int try_value(const struct row *row, int64_t v)
{
    ProtobufCMessage *whole = sound_message(row->message), *m = find(whole, row->message);
    assert_non_null(m);
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, row->field);
    assert_non_null(f);
    void *p = (uint8_t *)m + f->offset, *own = NULL;
    size_t own_n = 0;
    char *text = xcalloc((size_t)(v > 0 && v < 100000 ? v : 0) + 1, 1);
    if (!strcmp(row->kind, "number")) {
        set_number(f, p, v);
    } else if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t *n = (size_t *)((uint8_t *)m + f->quantifier_offset);
        void **list = xcalloc((size_t)v + 1, sizeof *list);
        own = *(void **)p;
        own_n = *n;
        for (int64_t i = 0; i < v; i++)
            list[i] = ((void **)own)[(size_t)i < own_n ? (size_t)i : own_n - 1];
        *(void ***)p = list;
        *n = (size_t)v;
        int rc = take(whole);
        *(void **)p = own;
        *n = own_n;
        free(list);
        free(text);
        protobuf_c_message_free_unpacked(whole, NULL);
        return rc;
    } else if (f->type == PROTOBUF_C_TYPE_BYTES) {
        free(((ProtobufCBinaryData *)p)->data);
        *(ProtobufCBinaryData *)p = (ProtobufCBinaryData){(size_t)v, (uint8_t *)text};
        text = NULL;
    } else {
        memset(text, 'a', (size_t)v);
        if (*(char **)p != (const char *)protobuf_c_empty_string)
            free(*(char **)p);
        *(char **)p = text;
        text = NULL;
    }
    int rc = take(whole);
    free(text);
    protobuf_c_message_free_unpacked(whole, NULL);
    return rc;
}

static void expect(const struct row *row, int64_t v, bool taken)
{
    int rc = try_value(row, v);
    if (taken != !rc)
        fail_msg("%s.%s of %lld: %s, code %d", row->message, row->field, (long long)v, taken ? "refused" : "taken", rc);
}

static void check_row(const struct row *row)
{
    ProtobufCMessage *whole = sound_message(row->message);
    const ProtobufCMessageDescriptor *type = find(whole, row->message)->descriptor;
    protobuf_c_message_free_unpacked(whole, NULL);
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(type, row->field);
    bool entries = !strcmp(row->kind, "entries"), number = !strcmp(row->kind, "number");
    if (!entries) { /* many entries at once must differ from each other, which other tests see to */
        expect(row, row->least, true);
        expect(row, row->most, true);
    }
    if (row->least > 0 || (number && holds(f, row->least - 1, row->most)))
        expect(row, row->least - 1, false);
    if (row->most < INT64_MAX)
        expect(row, row->most + 1, false);
}

/* A name is more than a length. */
static void check_name(const struct row *row)
{
    static const char *const bad[] = {"-a", "a b", "a/b", "=1", "<b>", "a,b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ProtobufCMessage *whole = sound_message(row->message), *m = find(whole, row->message);
        const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, row->field);
        char **p = (char **)(void *)((uint8_t *)m + f->offset);
        if (*p != (const char *)protobuf_c_empty_string)
            free(*p);
        *p = xstrdup(bad[i]);
        if (!take(whole))
            fail_msg("%s.%s of '%s' is taken", row->message, row->field, bad[i]);
        protobuf_c_message_free_unpacked(whole, NULL);
    }
}

/* "| `Message.field` | kind | least | most | …" */
static bool read_row(const char *line, struct row *r)
{
    char least[24], most[24];
    return sscanf(line, "| `%31[A-Za-z].%39[a-z_]` | %15[a-z] | %23[0-9-] | %23[0-9] |", r->message, r->field, r->kind, least, most) == 5 &&
           !parse_i64(least, INT64_MIN, INT64_MAX, &r->least) && !parse_i64(most, INT64_MIN, INT64_MAX, &r->most);
}

static void every_bound_of_the_table_holds(void **state)
{
    (void)state;
    struct bytes b = {0};
    int rows = 0;
    assert_int_equal(file_read(SONATA_SOURCE_DIR "/docs/PROTOCOL.md", 1 << 20, &b, NULL), 0);
    bytes_put_u8(&b, 0);
    for (char *line = (char *)b.data; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        struct row r;
        if (!read_row(line, &r))
            continue;
        rows++;
        check_row(&r);
        if (!strcmp(r.kind, "name"))
            check_name(&r);
    }
    bytes_fini(&b);
    assert_in_range(rows, ROWS_MIN, 1000);
}

/* --- that no field is missing --- */

/* Whether a row of a table, of those that begin with a field, names it: `Message.field`, or `field` behind another of its message. */
static bool row_names(const char *line, size_t n, const char *message, const char *field)
{
    char of[40] = "";
    for (const char *p = line, *end = line + n; (p = memchr(p, '`', (size_t)(end - p)));) {
        const char *close = memchr(p + 1, '`', (size_t)(end - p - 1));
        if (!close)
            return false;
        size_t length = (size_t)(close - p - 1);
        const char *dot = memchr(p + 1, '.', length), *name = dot ? dot + 1 : p + 1;
        if (dot && (size_t)(dot - p - 1) < sizeof of)
            snprintf(of, sizeof of, "%.*s", (int)(dot - p - 1), p + 1);
        if (!strcmp(of, message) && strlen(field) == (size_t)(close - name) && !strncmp(name, field, (size_t)(close - name)))
            return true;
        p = close + 1;
    }
    return false;
}

static bool is_in_the_tables(const char *text, const char *message, const char *field)
{
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        size_t n = strcspn(line, "\n");
        const char *second = n > 3 && !strncmp(line, "| `", 3) && line[3] >= 'A' && line[3] <= 'Z' ? memchr(line + 1, '|', n - 1) : NULL;
        if (second && row_names(line, (size_t)(second - line), message, field))
            return true;
    }
    return false;
}

static unsigned check_fields(const char *text, const ProtobufCMessageDescriptor *type, unsigned depth)
{
    unsigned fields = 0;
    assert_true(depth < 8);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &type->fields[i];
        if (!is_in_the_tables(text, type->short_name, f->name))
            fail_msg("docs/PROTOCOL.md has no bounds of %s.%s", type->short_name, f->name);
        fields += 1 + (f->type == PROTOBUF_C_TYPE_MESSAGE ? check_fields(text, f->descriptor, depth + 1) : 0);
    }
    return fields;
}

static void no_field_from_outside_is_missing(void **state)
{
    (void)state;
    static const ProtobufCMessageDescriptor *const sent[] = {
        &sonata__hello__descriptor,       &sonata__heartbeat__descriptor, &sonata__result__descriptor,
        &sonata__blob_get__descriptor,    &sonata__goodbye__descriptor,   &sonata__fault__descriptor,
        &sonata__board_event__descriptor, &sonata__request__descriptor,   &sonata__blob_put__descriptor};
    struct bytes b = {0};
    unsigned fields = 0;
    assert_int_equal(file_read(SONATA_SOURCE_DIR "/docs/PROTOCOL.md", 1 << 20, &b, NULL), 0);
    bytes_put_u8(&b, 0);
    assert_false(is_in_the_tables((char *)b.data, "Hello", "nothing"));
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++)
        fields += check_fields((char *)b.data, sent[i], 0);
    bytes_fini(&b);
    assert_in_range(fields, 150, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_bound_of_the_table_holds), cmocka_unit_test(no_field_from_outside_is_missing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
