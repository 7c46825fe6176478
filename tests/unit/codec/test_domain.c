/* Round trips of spaces, specs, measurements and jobs; refusal of what breaks their invariants; no crash on any mutation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/rng.h"
#include "codec/codec.h"

static struct space sample_space(void)
{
    struct space s = {.name = "probe", .n_genes = 3};
    for (unsigned j = 0; j < 3; j++) {
        struct gene *g = &s.gene[j];
        snprintf(g->name, sizeof g->name, "g%u", j);
        g->n_choices = (uint8_t)(j + 2);
        g->ordinal = j != 2;
        for (unsigned v = 0; v < g->n_choices; v++) {
            if (j == 2) {
                snprintf(g->label[v], sizeof g->label[v], "word%u", v);
                g->value[v] = NAN;
            } else {
                snprintf(g->label[v], sizeof g->label[v], "%u.5", v);
                g->value[v] = v + 0.5;
            }
        }
        g->condition_gene = j == 1 ? 0 : -1;
        g->condition_mask = j == 1 ? 2 : 0;
        g->block = j ? 4 : -1;
        g->edge_from = g->edge_to = g->none_allele = -1;
    }
    s.network = (struct space_network){.family = "mbconv", .input_size = 28, .input_channels = 1, .classes = 10, .stem = 8, .head = 64, .n_stages = 1,
                                       .stage = {{2, 16, 2}}};
    return s;
}

static struct search_spec sample_spec(void)
{
    struct search_spec s = {.name = "try", .n_objectives = 2, .n_constraints = 1, .algorithm = "nsga2", .population = 20, .n_options = 1,
                            .budget_evaluations = 300, .budget_wall_ns = 7, .tier = "search", .dataset = "fashion-mnist", .supernet = "sup", .seed = 99,
                            .replicates = 3, .replicate_budget = 60};
    s.space = sample_space();
    s.objective[0] = (struct objective){.metric = "accuracy", .goal = GOAL_MAX};
    s.objective[1] = (struct objective){.metric = "latency", .board = "host", .goal = GOAL_MIN};
    s.constraint[0] = (struct constraint){.metric = "params", .min = -INFINITY, .max = 2e5};
    s.option[0] = (struct spec_option){.name = "eta", .value = "3"};
    memset(s.supernet_hash, 5, sizeof s.supernet_hash);
    s.revision = 2;
    s.policy_size = 3;
    memcpy(s.policy, "abc", 3);
    return s;
}

static struct measurement sample_measurement(uint32_t n)
{
    struct measurement m = {.attempt = 1ULL << 40, .epoch = 3, .board = "pi-1", .board_type = "rpi4", .outcome = OUTCOME_OK, .flags = FLAG_NOISY,
                            .fingerprint = "kernel=6.1\ncpu=x\n", .started_wall_ns = 12345, .duration_ns = 678, .n_samples = n, .n_windows = 5,
                            .n_processes = 2, .process_median_us = {501, 502.5F}, .process_control_us = {80, 0}, .process_prior = {0.0001, 4.5, 0.000004}};
    measurement_add(&m, "accuracy", 91.25, 91.25, 91.25, 0);
    measurement_add(&m, "latency", 0.5, 0.49, 0.52, 5);
    m.samples_us = n ? xcalloc(n, sizeof *m.samples_us) : NULL;
    for (uint32_t i = 0; i < n; i++)
        m.samples_us[i] = 500.0F + (float)(i % 7);
    for (uint32_t i = 0; i < m.n_windows; i++)
        m.window_median_us[i] = 500.0F + (float)i;
    return m;
}

static struct evaluation_job sample_job(void)
{
    struct evaluation_job j = {.attempt = 77, .epoch = 2, .board = "b", .n_genes = 3, .supernet = "sup", .dataset = "d", .tier = "screen", .n_metrics = 2,
                               .metric = {"accuracy", "latency"}, .lease_ns = 30000000000, .time_limit_ns = 5000000000, .noise_seed = UINT64_MAX};
    j.genotype.allele[2] = 3;
    memset(j.space_hash, 9, sizeof j.space_hash);
    return j;
}

static void space_round_trip(void **state)
{
    (void)state;
    struct space s = sample_space(), back;
    memset(&back, 0xee, sizeof back);
    struct sonata_error err = {0};
    cleanup_bytes struct bytes one = {0}, two = {0};
    space_encode(&s, &one);
    assert_int_equal(space_decode(one.data, one.size, &back, &err), 0);
    space_encode(&back, &two);
    assert_int_equal(one.size, two.size);
    assert_memory_equal(one.data, two.data, one.size);
    assert_string_equal(back.gene[1].label[2], "2.5");
    assert_true(back.gene[1].value[2] == 2.5 && isnan(back.gene[2].value[0]));
    assert_int_equal(back.gene[1].condition_gene, 0);
    assert_int_equal(back.network.stage[0].max_width, 16);
}

/* A described network: a convolution of as many channels as a gene says, blocks with kernels of two genes, mean, linear. */
static struct space elastic_space(void)
{
    struct space s = sample_space();
    for (unsigned j = 0; j < 3; j++) {
        for (unsigned v = 0; v < s.gene[j].n_choices; v++) {
            s.gene[j].value[v] = 2.0 * v + 3;
            snprintf(s.gene[j].label[v], sizeof s.gene[j].label[v], "%u", 2 * v + 3);
        }
    }
    s.network = (struct space_network){.family = "elastic", .input_channels = 3, .classes = 10};
    struct elastic *e = &s.network.elastic;
    *e = (struct elastic){.n_items = 4, .resolution = elastic_fixed(32), .epsilon = 1e-3};
    const struct elastic_item item = {.stride = 2, .max_depth = 2, .norm = true, .depth = elastic_fixed(2), .width = elastic_fixed(16),
                                      .kernel = elastic_fixed(3), .expand = elastic_fixed(1.5), .scale = elastic_fixed(1)};
    for (unsigned i = 0; i < 4; i++)
        e->item[i] = item;
    e->item[0].width.gene[0] = 2;
    e->item[1].kind = ELASTIC_MBCONV;
    e->item[1].squeeze = true;
    e->item[1].activation = ELASTIC_HSWISH;
    e->item[1].shortcut = ELASTIC_SHORTCUT_IDENTITY;
    for (unsigned b = 0; b < ELASTIC_DEPTH_MAX; b++) {
        e->item[0].width.gene[b] = 2;
        e->item[1].kernel.gene[b] = b ? 1 : 0;
    }
    e->item[2].kind = ELASTIC_MEAN;
    e->item[3].kind = ELASTIC_LINEAR;
    return s;
}

static void described_network_round_trip(void **state)
{
    (void)state;
    struct space s = elastic_space(), back;
    struct sonata_error err = {0};
    cleanup_bytes struct bytes b = {0};
    struct genotype g = {{1, 1, 2}};
    struct elastic_plan one, two;
    space_encode(&s, &b);
    if (space_decode(b.data, b.size, &back, &err))
        fail_msg("%s", err.text);
    assert_int_equal(elastic_plan(&s, &g, &one, &err), 0);
    assert_int_equal(elastic_plan(&back, &g, &two, &err), 0);
    assert_int_equal(one.n_layers, two.n_layers);
    assert_memory_equal(one.layer, two.layer, one.n_layers * sizeof *one.layer);
    assert_int_equal(one.layer[0].out_channels, 7);
    assert_true(back.network.elastic.epsilon == 1e-3);
}

static void described_network_refusals(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct space s = elastic_space(), back;
        struct elastic *e = &s.network.elastic;
        struct sonata_error err = {0};
        cleanup_bytes struct bytes b = {0};
        switch (i) {
        case 0: e->item[1].kernel.gene[1] = 3; break; /* there are three genes */
        case 1: e->item[0].kind = ELASTIC_KINDS; break;
        case 2: e->epsilon = NAN; break;
        case 3: copy_string(s.network.family, sizeof s.network.family, "mbconv"); break;
        default: e->item[0].width = elastic_fixed(1e300); break;
        }
        space_encode(&s, &b);
        assert_int_equal(space_decode(b.data, b.size, &back, &err), -EINVAL);
        assert_true(err.text[0]);
    }
}

static void space_refuses_what_space_check_refuses(void **state)
{
    (void)state;
    struct space s = sample_space(), back;
    s.gene[0].condition_gene = 2;
    struct sonata_error err = {0};
    cleanup_bytes struct bytes b = {0};
    space_encode(&s, &b);
    assert_int_equal(space_decode(b.data, b.size, &back, &err), -EINVAL);
    assert_non_null(strstr(err.text, "g0"));
}

static void spec_round_trip(void **state)
{
    (void)state;
    struct search_spec s = sample_spec(), back;
    struct sonata_error err = {0};
    cleanup_bytes struct bytes one = {0}, two = {0};
    spec_encode(&s, &one);
    assert_int_equal(spec_decode(one.data, one.size, &back, &err), 0);
    spec_encode(&back, &two);
    assert_int_equal(one.size, two.size);
    assert_memory_equal(one.data, two.data, one.size);
    assert_true(isinf(back.constraint[0].min) && back.constraint[0].max == 2e5);
    assert_int_equal(back.objective[0].goal, GOAL_MAX);
    assert_string_equal(back.option[0].value, "3");
    assert_memory_equal(back.supernet_hash, s.supernet_hash, 32);
    assert_int_equal(back.revision, 2);
    assert_int_equal(back.policy_size, 3);
    assert_memory_equal(back.policy, "abc", 3);
}

static void spec_refusals(void **state)
{
    (void)state;
    struct sonata_error err = {0};
    for (int k = 0; k < 5; k++) {
        struct search_spec s = sample_spec(), back;
        cleanup_bytes struct bytes b = {0};
        switch (k) {
        case 0: s.n_objectives = 0; break;
        case 1: s.objective[1] = s.objective[0]; break;
        case 2: s.constraint[0].min = NAN; break;
        case 3: s.budget_evaluations = 0; s.budget_wall_ns = 0; break;
        default: copy_string(s.name, sizeof s.name, "bad\nname"); break;
        }
        spec_encode(&s, &b);
        assert_int_equal(spec_decode(b.data, b.size, &back, &err), -EINVAL);
    }
}

static void measurement_round_trip(void **state)
{
    (void)state;
    const uint32_t sizes[] = {0, 1, 1000, SAMPLES_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct measurement m = sample_measurement(sizes[i]), back = {0};
        struct sonata_error err = {0};
        cleanup_bytes struct bytes b = {0};
        measurement_encode(&m, &b);
        assert_int_equal(measurement_decode(b.data, b.size, &back, &err), 0);
        assert_int_equal(back.n_samples, m.n_samples);
        if (m.n_samples)
            assert_memory_equal(back.samples_us, m.samples_us, m.n_samples * sizeof *m.samples_us);
        assert_int_equal(back.attempt, m.attempt);
        assert_int_equal(back.n_windows, 5);
        assert_true(back.n_processes == 2 && back.process_median_us[0] == 501 && back.process_median_us[1] == 502.5F && back.process_control_us[0] == 80);
        assert_true(back.process_prior.variance == 0.0001 && back.process_prior.freedom == 4.5 && back.process_prior.moment == 0.000004);
        assert_true(measurement_metric(&back, "latency")->high == 0.52);
        assert_string_equal(back.fingerprint, m.fingerprint);
        measurement_fini(&m);
        measurement_fini(&back);
    }
}

static void measurement_refusals(void **state)
{
    (void)state;
    struct sonata_error err = {0};
    for (int k = 0; k < 12; k++) {
        struct measurement m = sample_measurement(10), back = {0};
        cleanup_bytes struct bytes b = {0};
        switch (k) {
        case 0: m.metric[0].value = NAN; break;
        case 1: m.outcome = OUTCOME_COUNT; break;
        case 2: m.samples_us[3] = -1; break;
        case 3: m.metric[1].low = 9; break;
        case 4: m.process_median_us[1] = 0; break;
        case 5: m.process_median_us[0] = INFINITY; break;
        case 6: m.process_prior.variance = NAN; break;
        case 7: m.process_prior.freedom = -1; break;
        case 8: m.window_median_us[2] = -1; break;
        case 9: m.process_prior.moment = -1; break;
        case 10: m.process_control_us[1] = NAN; break;
        default: m.duration_ns = -1; break;
        }
        measurement_encode(&m, &b);
        assert_int_equal(measurement_decode(b.data, b.size, &back, &err), -EINVAL);
        measurement_fini(&m);
    }
}

static void measurement_refuses_a_lying_frame(void **state)
{
    (void)state;
    struct measurement m = sample_measurement(1000), back = {0};
    struct sonata_error err = {0};
    Sonata__Measurement *message = measurement_to_message(&m);
    message->n_samples = 50000;
    assert_int_equal(measurement_from_message(message, &back, &err), -EBADMSG);
    message->n_samples = SAMPLES_MAX + 1;
    assert_int_equal(measurement_from_message(message, &back, &err), -EINVAL);
    message->n_samples = 1000;
    message->n_process_control_us = 1;
    assert_int_equal(measurement_from_message(message, &back, &err), -EINVAL);
    message->process_median_us = xreallocarray(message->process_median_us, PROCESSES_MAX + 1, sizeof(float));
    for (message->n_process_median_us = 0; message->n_process_median_us <= PROCESSES_MAX; message->n_process_median_us++)
        message->process_median_us[message->n_process_median_us] = 1;
    assert_int_equal(measurement_from_message(message, &back, &err), -EINVAL);
    sonata__measurement__free_unpacked(message, NULL);
    measurement_fini(&m);
}

static void job_round_trip(void **state)
{
    (void)state;
    struct evaluation_job job = sample_job(), back;
    struct sonata_error err = {0};
    Sonata__Assign *m = job_to_message(&job);
    assert_int_equal(job_from_message(m, &back, &err), 0);
    assert_memory_equal(&back, &job, sizeof job);
    m->time_limit_ms = UINT64_MAX;
    assert_int_equal(job_from_message(m, &back, &err), -EINVAL);
    m->time_limit_ms = 1;
    m->n_metrics = 0;
    assert_int_equal(job_from_message(m, &back, &err), -EINVAL);
    m->n_metrics = 2;
    m->supernet_hash = (ProtobufCBinaryData){.len = 1, .data = xmemdup("x", 1)};
    assert_int_equal(job_from_message(m, &back, &err), -EINVAL);
    sonata__assign__free_unpacked(m, NULL);
}

/* Flips, cuts and inserts bytes; a decode either fails or gives something that encodes again. */
static void mutations_never_crash(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(20260101, 0);
    struct search_spec spec = sample_spec();
    struct measurement m = sample_measurement(50);
    cleanup_bytes struct bytes sb = {0}, mb = {0};
    spec_encode(&spec, &sb);
    measurement_encode(&m, &mb);
    for (int i = 0; i < 20000; i++) {
        const struct bytes *from = i & 1 ? &sb : &mb;
        cleanup_free uint8_t *copy = xmemdup(from->data, from->size);
        size_t n = from->size;
        for (uint32_t k = 0; k < 1 + rng_below(&rng, 4); k++)
            copy[rng_below(&rng, (uint32_t)n)] = (uint8_t)rng_u64(&rng);
        if (rng_below(&rng, 4) == 0)
            n = rng_below(&rng, (uint32_t)n);
        struct sonata_error err = {0};
        if (i & 1) {
            struct search_spec back;
            if (!spec_decode(copy, n, &back, &err)) {
                cleanup_bytes struct bytes again = {0};
                spec_encode(&back, &again);
                assert_int_equal(space_check(&back.space, &err), 0);
            }
        } else {
            struct measurement back = {0};
            if (!measurement_decode(copy, n, &back, &err)) {
                assert_true(back.n_metrics <= METRICS_MAX && back.n_windows <= WINDOWS_MAX && back.n_processes <= PROCESSES_MAX);
                measurement_fini(&back);
            }
        }
    }
    measurement_fini(&m);
}

static Sonata__BoardEvent sample_event(void)
{
    Sonata__BoardEvent m = SONATA__BOARD_EVENT__INIT;
    m.sequence = 7;
    m.board = (char *)"pi-1";
    m.wall_ns = 5;
    m.kind = (char *)"canary";
    m.state = (char *)"ready";
    m.text = (char *)"one\ntwo\x1b[31m";
    m.latency_us = 101;
    m.reference_us = 100;
    m.fingerprint = (char *)"a=1\nb=2";
    m.invalid_from_wall_ns = 1;
    m.invalid_to_wall_ns = 4;
    return m;
}

static void board_event_round_trip(void **state)
{
    (void)state;
    struct sonata_error err = {0};
    struct board_event e, back;
    Sonata__BoardEvent m = sample_event();
    assert_int_equal(board_event_from_message(&m, &e, &err), 0);
    assert_string_equal(e.text, "one two [31m"); /* goes into logs and on terminals */
    assert_string_equal(e.fingerprint, "a=1\nb=2");
    Sonata__BoardEvent *again = board_event_to_message(&e);
    assert_int_equal(board_event_from_message(again, &back, &err), 0);
    assert_memory_equal(&back, &e, sizeof e);
    sonata__board_event__free_unpacked(again, NULL);
    char lengthy[5000];
    memset(lengthy, 'x', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    m.text = m.fingerprint = lengthy; /* an event must not come again for ever because somebody wrote much */
    assert_int_equal(board_event_from_message(&m, &e, &err), 0);
    assert_int_equal(strlen(e.text), BOARD_TEXT_MAX - 1);
}

static void board_event_refusals(void **state)
{
    (void)state;
    struct sonata_error err = {0};
    struct board_event e;
#define REFUSED(change)                                                   \
    do {                                                                  \
        Sonata__BoardEvent m = sample_event();                            \
        change;                                                           \
        assert_int_equal(board_event_from_message(&m, &e, &err), -EINVAL); \
    } while (0)
    REFUSED(m.board = (char *)"");
    REFUSED(m.board = (char *)"a board whose name is far longer than what any name may be");
    REFUSED(m.kind = (char *)"");
    REFUSED(m.kind = (char *)"a\nb");
    REFUSED(m.state = (char *)"a state nobody has ever heard of");
    REFUSED(m.wall_ns = -1);
    REFUSED(m.latency_us = NAN);
    REFUSED(m.latency_us = -1);
    REFUSED(m.reference_us = INFINITY);
    REFUSED(m.invalid_to_wall_ns = 0);
    REFUSED(m.invalid_from_wall_ns = -1);
#undef REFUSED
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(described_network_round_trip), cmocka_unit_test(described_network_refusals),
        cmocka_unit_test(space_round_trip),      cmocka_unit_test(space_refuses_what_space_check_refuses), cmocka_unit_test(spec_round_trip),
        cmocka_unit_test(spec_refusals),         cmocka_unit_test(measurement_round_trip),                 cmocka_unit_test(measurement_refusals),
        cmocka_unit_test(job_round_trip),        cmocka_unit_test(measurement_refuses_a_lying_frame),      cmocka_unit_test(mutations_never_crash),
        cmocka_unit_test(board_event_round_trip), cmocka_unit_test(board_event_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
