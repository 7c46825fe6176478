/* Writes the binary part of the corpus anew (after a format change): make_corpus tests/fuzz/corpus. Valid messages, stored values and search
 * states, from which replay.c and libFuzzer mutate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "codec/codec.h"
#include "net/keyfile.h"
#include "search/core.h"
#include "store/record.h"

static const char *root;

static void save(const char *folder, const char *name, const struct bytes *b)
{
    char path[1024];
    struct sonata_error err = {""};
    snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
    if (file_write_atomic(path, b->data, b->size, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
}

/* The space of fuzz_search_state.c. */
static struct space small_space(void)
{
    struct space s = {.name = "fuzz", .n_genes = 3};
    for (unsigned j = 0; j < s.n_genes; j++) {
        struct gene *g = &s.gene[j];
        *g = (struct gene){.n_choices = 4, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
        g->name[0] = (char)('a' + j);
        for (unsigned v = 0; v < 4; v++) {
            g->label[v][0] = (char)('0' + v);
            g->value[v] = v;
        }
    }
    return s;
}

static struct search_spec *small_spec(void)
{
    struct search_spec *s = xcalloc(1, sizeof *s);
    s->space = small_space();
    s->n_objectives = 2;
    s->budget_evaluations = 40;
    s->seed = 7;
    copy_string(s->name, sizeof s->name, "fuzz");
    copy_string(s->algorithm, sizeof s->algorithm, "nsga2");
    copy_string(s->tier, sizeof s->tier, "screen");
    copy_string(s->objective[0].metric, METRIC_NAME_MAX, "accuracy");
    s->objective[0].goal = GOAL_MAX;
    copy_string(s->objective[1].metric, METRIC_NAME_MAX, "latency");
    copy_string(s->objective[1].board, BOARD_NAME_MAX, "pi");
    return s;
}

static struct measurement small_measurement(float samples[4])
{
    struct measurement m = {.attempt = 3,
                            .epoch = 2,
                            .duration_ns = 1000000,
                            .started_wall_ns = 1700000000000000000,
                            .n_samples = 4,
                            .samples_us = samples,
                            .n_windows = 1,
                            .window_median_us = {2.5f}};
    copy_string(m.board, sizeof m.board, "pi-1");
    copy_string(m.board_type, sizeof m.board_type, "pi");
    copy_string(m.fingerprint, sizeof m.fingerprint, "kernel=6.1\nthreads=1\n");
    measurement_add(&m, "accuracy", 90.5, 89.9, 91.1, 10000);
    measurement_add(&m, "latency", 0.0025, 0.0024, 0.0026, 4);
    return m;
}

static void pack(const char *name, Sonata__Envelope *e)
{
    struct bytes out = {0};
    envelope_pack(e, &out);
    save("wire", name, &out);
    bytes_fini(&out);
}

enum { NEST_MAX = 4 };

/* Gives every field of a message of any type something to mutate: numbers 1, short text, one element of every list, `arm` of every oneof. */
static ProtobufCMessage *filled(const ProtobufCMessageDescriptor *type, unsigned arm, unsigned depth);

static void fill_value(const ProtobufCFieldDescriptor *f, void *at, unsigned depth)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)at = filled(f->descriptor, 0, depth + 1);
        break;
    case PROTOBUF_C_TYPE_STRING:
        *(char **)at = xstrdup("pi-1");
        break;
    case PROTOBUF_C_TYPE_BYTES: {
        ProtobufCBinaryData *b = at;
        b->len = 32;
        b->data = xcalloc(1, b->len);
        break;
    }
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *)at = 1;
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *)at = 1;
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)at = 1;
        break;
    default: /* 32-bit numbers and bool */
        *(uint32_t *)at = 1;
    }
}

static size_t value_size(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(void *);
    default:
        return sizeof(uint64_t);
    }
}

static ProtobufCMessage *filled(const ProtobufCMessageDescriptor *type, unsigned arm, unsigned depth)
{
    ProtobufCMessage *m = xcalloc(1, type->sizeof_message);
    type->message_init(m);
    for (unsigned i = 0, oneof = 0; i < type->n_fields && depth < NEST_MAX; i++) {
        const ProtobufCFieldDescriptor *f = &type->fields[i];
        uint8_t *base = (uint8_t *)m;
        bool in_oneof = (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        if (in_oneof && oneof++ != arm)
            continue;
        if (in_oneof)
            memcpy(base + f->quantifier_offset, &f->id, sizeof f->id);
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            void *list = xcalloc(1, value_size(f));
            fill_value(f, list, depth);
            memcpy(base + f->offset, &list, sizeof list);
            *(size_t *)(base + f->quantifier_offset) = 1;
        } else {
            fill_value(f, base + f->offset, depth);
        }
    }
    return m;
}

/* One envelope of every kind, and a request of every verb: a message added to the protocol is in the corpus by itself. */
static void every_message(void)
{
    const ProtobufCMessageDescriptor *envelope = &sonata__envelope__descriptor, *request = &sonata__request__descriptor;
    for (unsigned i = 0, arm = 0; i < envelope->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &envelope->fields[i];
        if (!(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
            continue;
        Sonata__Envelope *e = (Sonata__Envelope *)filled(envelope, arm++, 0);
        char name[64];
        snprintf(name, sizeof name, "every-%s", f->name);
        pack(name, e);
        envelope_free(e);
    }
    for (unsigned i = 0, arm = 0; i < request->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &request->fields[i];
        if (!(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
            continue;
        Sonata__Envelope e = SONATA__ENVELOPE__INIT;
        e.body_case = SONATA__ENVELOPE__BODY_REQUEST;
        e.request = (Sonata__Request *)filled(request, arm++, 1);
        char name[64];
        snprintf(name, sizeof name, "every-request-%s", f->name);
        pack(name, &e);
        sonata__request__free_unpacked(e.request, NULL);
    }
}

static void wire(void)
{
    float samples[4] = {1, 2, 3, 4};
    struct measurement m = small_measurement(samples);
    struct search_spec *spec = small_spec();
    Sonata__Envelope e;
    Sonata__Result result;
    sonata__envelope__init(&e);
    sonata__result__init(&result);
    result.measurement = measurement_to_message(&m);
    e.body_case = SONATA__ENVELOPE__BODY_RESULT;
    e.result = &result;
    pack("result", &e);
    sonata__measurement__free_unpacked(result.measurement, NULL);

    struct evaluation_job job = {.attempt = 3, .epoch = 2, .n_genes = 3, .n_metrics = 1, .lease_ns = 1000000000, .time_limit_ns = 1000000000};
    copy_string(job.board, sizeof job.board, "pi-1");
    copy_string(job.tier, sizeof job.tier, "screen");
    copy_string(job.metric[0], METRIC_NAME_MAX, "latency");
    e.body_case = SONATA__ENVELOPE__BODY_ASSIGN;
    e.assign = job_to_message(&job);
    pack("assign", &e);
    sonata__assign__free_unpacked(e.assign, NULL);

    Sonata__Request request;
    Sonata__Submit submit;
    sonata__request__init(&request);
    sonata__submit__init(&submit);
    uint8_t id[16] = {1, 2, 3};
    request.id.data = id;
    request.id.len = sizeof id;
    request.verb_case = SONATA__REQUEST__VERB_SUBMIT;
    request.submit = &submit;
    submit.spec = spec_to_message(spec);
    e.body_case = SONATA__ENVELOPE__BODY_REQUEST;
    e.request = &request;
    pack("submit", &e);
    sonata__search_spec__free_unpacked(submit.spec, NULL);

    Sonata__Hello hello;
    Sonata__BoardInfo board, *boards[1] = {&board};
    sonata__hello__init(&hello);
    sonata__board_info__init(&board);
    char pi[] = "pi-1", type[] = "pi", latency[] = "latency", *metrics[1] = {latency};
    board.id = pi;
    board.type = type;
    board.n_metrics = 1;
    board.metrics = metrics;
    hello.worker = pi;
    hello.n_boards = 1;
    hello.boards = boards;
    e.body_case = SONATA__ENVELOPE__BODY_HELLO;
    e.hello = &hello;
    pack("hello", &e);
    free(spec);
}

/* In the order of fuzz_stored.c, from 3 on. */
static void records(void)
{
    struct search_record search = {.id = 1,
                                   .name = "a",
                                   .algorithm = "nsga2",
                                   .team = "vision",
                                   .budget = 40,
                                   .asked = 3,
                                   .planned = true,
                                   .n_groups = 1,
                                   .group = {{.board_type = "pi", .n_metrics = 1, .metric = {"latency"}}},
                                   .retry_cause = "all",
                                   .retry_next = 1,
                                   .retry_end = 3};
    struct individual_record individual = {.id = 2,
                                           .n_genes = 3,
                                           .arm = "random",
                                           .n_objectives = 2,
                                           .n_evaluations = 1,
                                           .evaluation = {7},
                                           .n_metrics = 1,
                                           .metric = {{.name = "latency", .value = 1, .low = 1, .high = 1, .n = 1}}};
    struct evaluation_record evaluation = {.id = 7,
                                           .n_genes = 3,
                                           .tier = "screen",
                                           .need = search.group[0],
                                           .tries = {.infra = 1, .avoid = "pi-1"},
                                           .live = 3,
                                           .accepted = 1,
                                           .n_further = 1,
                                           .further = {2}};
    struct attempt_record attempt = {.id = 3, .evaluation = 7, .board = "pi-1", .worker = "rack", .epoch = 2, .state = ATTEMPT_LIVE};
    struct board_record board = {.name = "pi-1", .type = "pi", .epoch = 2, .done = 5};
    struct invalid_record invalid = {.board = "b", .n_spans = 1, .span = {{1, 2}}, .scanning = true, .next = 1, .last = 2};
    struct event_record event = {.type = EVENT_TELL, .id = 2, .n_objectives = 2, .objective = {1, 2}};
    struct board_event_record board_event = {
        .event = {.sequence = 1, .board = "pi-1", .wall_ns = 5, .kind = "canary", .state = "ready", .latency_us = 1}};
    struct board_health_record health = {.name = "pi-1",
                                         .n_events = 1,
                                         .state = "ready",
                                         .order = BOARD_ORDER_DRAIN,
                                         .by = "alice",
                                         .tell_lost = true,
                                         .blame = {.n = 2, .entry = {[1] = {7, 5, 1}}}};
    struct suspect_record suspect = {.evaluation = 7, .n = 1, .failure = {{.board = "pi-1", .attempt = 3}}};
    struct usage_record usage = {.team = "vision", .board_ns = 3600000000000, .attempts = 40};
    struct upload_record upload = {.pool = "vision", .team = "vision", .bytes = 1 << 20};
    struct team team = {.name = "vision", .weight = 1};
    struct access_key key = {.public_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", .role = ACCESS_TEAM, .team = "vision", .label = "alice"};
    struct worker_name name = {.name = "rack-1", .public_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"};
    struct audit_entry entry = {.id = 1, .actor = "admin", .text = "added team vision"};
    uint8_t number = 3;
#define SAVE(name, encode, value)                                                                                                                    \
    do {                                                                                                                                             \
        struct bytes out = {0};                                                                                                                      \
        bytes_put_u8(&out, number++);                                                                                                                \
        encode(value, &out);                                                                                                                         \
        save("stored", name, &out);                                                                                                                  \
        bytes_fini(&out);                                                                                                                            \
    } while (0)
    SAVE("search-record", search_record_encode, &search);
    SAVE("individual-record", individual_record_encode, &individual);
    SAVE("evaluation-record", evaluation_record_encode, &evaluation);
    SAVE("attempt-record", attempt_record_encode, &attempt);
    SAVE("board-record", board_record_encode, &board);
    SAVE("event-record", event_record_encode, &event);
    SAVE("team", team_encode, &team);
    SAVE("key", key_encode, &key);
    SAVE("audit-entry", audit_encode, &entry);
    SAVE("invalid-record", invalid_record_encode, &invalid);
    SAVE("board-event-record", board_event_record_encode, &board_event);
    SAVE("board-health-record", board_health_record_encode, &health);
    SAVE("suspect-record", suspect_record_encode, &suspect);
    SAVE("usage-record", usage_record_encode, &usage);
    SAVE("worker-name", worker_name_encode, &name);
    SAVE("upload-record", upload_record_encode, &upload);
#undef SAVE
}

static void stored(void)
{
    float samples[4] = {1, 2, 3, 4};
    struct measurement m = small_measurement(samples);
    struct search_spec *spec = small_spec();
    struct bytes out = {0};
    bytes_put_u8(&out, 0);
    measurement_encode(&m, &out);
    save("stored", "measurement", &out);
    bytes_clear(&out);
    bytes_put_u8(&out, 1);
    space_encode(&spec->space, &out);
    save("stored", "space", &out);
    bytes_clear(&out);
    bytes_put_u8(&out, 2);
    spec_encode(spec, &out);
    save("stored", "spec", &out);
    bytes_fini(&out);
    free(spec);
    records();
}

static void put_frame(struct bytes *b, const void *p, size_t n)
{
    bytes_put_u16(b, (uint16_t)n);
    bytes_append(b, p, n);
}

static void zap(void)
{
    struct bytes out = {0};
    const uint8_t key[32] = {1, 2, 3};
    static const char *const text[] = {"1.0", "1", "client", "127.0.0.1", "", "CURVE"};
    bytes_put_u8(&out, 0);
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        put_frame(&out, text[i], strlen(text[i]));
    put_frame(&out, key, sizeof key);
    save("zap", "request", &out);
    bytes_clear(&out);
    static const char public_key[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", secret_key[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
    char file[256];
    snprintf(file, sizeof file, "\1# a key\nserver: %s\npublic: %s\nsecret: %s\n", public_key, public_key, secret_key);
    bytes_append(&out, file, strlen(file));
    save("zap", "key-file", &out);
    bytes_fini(&out);
}

static void search_state(const char *algorithm)
{
    struct space space = small_space();
    struct core_params p = {.n_objectives = 2, .budget = 40, .seed = 3};
    copy_string(p.algorithm, sizeof p.algorithm, algorithm);
    struct core *s;
    struct sonata_error err = {""};
    if (core_new(&space, &p, &s, &err)) {
        fprintf(stderr, "%s: %s\n", algorithm, err.text);
        return;
    }
    struct core_proposal q;
    for (unsigned i = 0; i < 30 && core_ask(s, 1, &q) == 1; i++) {
        double sum = q.genotype.allele[0] + 0.5 * q.genotype.allele[1];
        struct core_result r = {.status = CORE_OK, .objective = {sum, 10 - sum + q.genotype.allele[2]}};
        if (i % 7 != 6)
            core_tell(s, q.id, &r);
    }
    struct bytes out = {0};
    core_save(s, &out);
    save("search_state", algorithm, &out);
    bytes_clear(&out);
    core_forests_save(s, SIZE_MAX, &out);
    if (out.size)
        save("forests", algorithm, &out);
    bytes_fini(&out);
    core_free(s);
}

int main(int argc, char **argv)
{
    static const char *const algorithm[] = {"random", "nsga2", "sonata", "sonata+", "aging", "linas", "nsganetv2", "local", "optuna-nsga2"};
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    root = argv[1];
    wire();
    every_message();
    stored();
    zap();
    for (size_t i = 0; i < sizeof algorithm / sizeof *algorithm; i++)
        search_state(algorithm[i]);
    return 0;
}
