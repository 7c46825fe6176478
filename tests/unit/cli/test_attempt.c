/* What `sonata show --individual` says about a measurement. */
#include "cli/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "support/cmocka.h"

static struct measurement sample(void)
{
    struct measurement m = {.attempt = 42, .board = "pi-1", .board_type = "rpi5", .flags = FLAG_NOISY | FLAG_CONTENDED, .started_wall_ns = 1000000000,
                            .duration_ns = 75000000000, .n_samples = 600, .n_windows = 3, .window_median_us = {1200, 1210, 1190}};
    copy_string(m.reason, sizeof m.reason, "noisy: never valid in 4 attempts, the last: invalid: contended");
    copy_string(m.fingerprint, sizeof m.fingerprint,
                "software=sonata-worker 9\nkernel=6.1\ncpu=Cortex-A76\nbackend=engine\ntier=report\nqueue_ms=1500\nbuild_ms=37\nclock_khz=2400000\n"
                "temperature_c=51.5\nforeign_share=0.0420\nwindow_cv=0.00830\ncanary_ratio=1.0021\ncanary_age_s=35\nnew_fact=a=b\nno value\nenergy_sensor=driver=pmic\n");
    return m;
}

static char *print(const struct measurement *m)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    attempt_print(m, out);
    fclose(out);
    return text;
}

static void expect(const char *text, const char *line)
{
    if (!strstr(text, line))
        fail_msg("'%s' is not in:\n%s", line, text);
}

static void facts_are_put_in_order(void **state)
{
    (void)state;
    struct measurement m = sample();
    char *text = print(&m);
    expect(text, "attempt 42 on pi-1 (rpi5) at 1970-01-01T00:00:01Z in ");
    expect(text, ": noisy; noisy: never valid in 4 attempts, the last: invalid: contended\n");
    expect(text, "  flag         noisy: ");
    expect(text, "  flag         contended: others had more than 3 % of the core's time\n");
    expect(text, "  medians, ms  1.2, 1.21, 1.19, of 600 samples\n");
    expect(text, "  instrument   backend engine, tier report\n");
    expect(text, "  windows      their spread (CV) 0.83 %\n");
    expect(text, "  conditions   clock before 2400 MHz, temperature before 51.5 °C, others had 4.20 %\n");
    expect(text, "  energy       driver=pmic\n");
    expect(text, "  canary       canary_ratio=1.0021, canary_age_s=35\n");
    expect(text, "  time         queue 1.5s, build ");
    expect(text, "  host         sonata-worker 9, kernel 6.1, Cortex-A76, new_fact=a=b\n"); /* unknown ones last, "no value" is none */
    free(text);
}

static void long_lines_are_broken_and_nothing_is_lost(void **state)
{
    (void)state;
    struct measurement m = {.outcome = OUTCOME_INVALID, .board = "b"};
    copy_string(m.reason, sizeof m.reason, "invalid: too_hot: 81.0 C");
    for (int i = 0; i < 40; i++) {
        char fact[32];
        snprintf(fact, sizeof fact, "fact_number_%d=%d\n", i, i * i);
        strncat(m.fingerprint, fact, sizeof m.fingerprint - strlen(m.fingerprint) - 1);
    }
    char *text = print(&m);
    expect(text, ": invalid; invalid: too_hot: 81.0 C\n");
    for (int i = 0; i < 40; i++) {
        char fact[32];
        snprintf(fact, sizeof fact, "fact_number_%d=%d", i, i * i);
        expect(text, fact);
    }
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(strlen(line) <= 120);
    free(text);
}

static void verdicts(void **state)
{
    (void)state;
    struct measurement m = {.outcome = OUTCOME_OK, .flags = FLAG_BIMODAL};
    assert_string_equal(attempt_verdict(&m), "valid");
    m.flags |= FLAG_NOISY;
    assert_string_equal(attempt_verdict(&m), "noisy");
    m.outcome = OUTCOME_INFEASIBLE;
    assert_string_equal(attempt_verdict(&m), "infeasible");
}

static void for_programs(void **state)
{
    (void)state;
    struct measurement m = sample();
    cJSON *o = attempt_json(&m), *facts = cJSON_GetObjectItem(o, "facts");
    assert_string_equal(cJSON_GetObjectItem(o, "verdict")->valuestring, "noisy");
    const cJSON *flags = cJSON_GetObjectItem(o, "flags");
    assert_int_equal(cJSON_GetArraySize(flags), 2);
    assert_string_equal(cJSON_GetArrayItem(flags, 0)->valuestring, "noisy");
    assert_string_equal(cJSON_GetArrayItem(flags, 1)->valuestring, "contended");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(o, "window_medians_ms")), 3);
    assert_string_equal(cJSON_GetObjectItem(facts, "canary_ratio")->valuestring, "1.0021");
    assert_string_equal(cJSON_GetObjectItem(facts, "new_fact")->valuestring, "a=b");
    assert_null(cJSON_GetObjectItem(facts, "no value"));
    cJSON_Delete(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(facts_are_put_in_order), cmocka_unit_test(long_lines_are_broken_and_nothing_is_lost), cmocka_unit_test(verdicts),
                                       cmocka_unit_test(for_programs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
