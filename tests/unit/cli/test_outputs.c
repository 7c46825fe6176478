/* Results as table, CSV, YAML, JSON and HTML. */
#include "cli/outputs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/separable.h"
#include "cli/text_table.h"
#include "sample.h"

static char *as_text(struct bytes *b)
{
    bytes_put_u8(b, 0);
    return (char *)b->data;
}

static void test_values_are_found_with_and_without_board(void **state)
{
    (void)state;
    struct results *r = sample_results();
    const struct results_individual *x = results_find(r, 2);
    assert_non_null(x);
    assert_true(results_value(x, "latency", "host")->value == 2.5);
    assert_true(results_value(x, "latency", "")->value == 2.5); /* any board will do */
    assert_null(results_value(x, "latency", "rpi4"));
    assert_null(results_value(x, "late", ""));
    assert_null(results_find(r, 4));
    results_free(r);
}

static void test_front_is_sorted_best_first_objective_first(void **state)
{
    (void)state;
    struct results *r = sample_results();
    assert_int_equal(r->n_front, 2);
    assert_int_equal(r->individual[r->front[0]].id, 2);
    assert_int_equal(r->individual[r->front[1]].id, 0);
    results_free(r);
}

static void test_csv(void **state)
{
    (void)state;
    struct results *r = sample_results();
    struct bytes out = {0}, all = {0};
    csv_text(r, false, &out);
    assert_string_equal(
        as_text(&out),
        "id,state,front,accuracy,accuracy_low,accuracy_high,accuracy_n,latency@host,latency@host_low,latency@host_high,latency@host_n,"
        "params,params_low,params_high,params_n,d,k,op,arm,generation,board,flags,order,hypervolume,violation,parents,reason,measured\n"
        "2,done,1,93.25,92.75,93.75,20,2.5,2.49,2.51,20,3000,3000,3000,0,2,3,<b>,init,0,host,,3,0.2,0,,,1970-01-01T00:00:00Z\n"
        "0,done,1,85.5,85,86,20,1.25,1.24,1.26,20,1000,1000,1000,0,1,,conv,init,0,host,,1,0,0,,,1970-01-01T00:00:00Z\n");
    csv_text(r, true, &all);
    const char *text = as_text(&all);
    assert_non_null(strstr(text, "\n3,failed,0,,,,,,,,,,,,,1,,conv,init,0,host,,4,0.3,0,,")); /* nothing measured: empty cells */
    bytes_fini(&out);
    bytes_fini(&all);
    results_free(r);
}

static void test_yaml_and_json_name_active_genes_only(void **state)
{
    (void)state;
    struct results *r = sample_results();
    struct bytes out = {0};
    yaml_text(r, false, &out);
    const char *text = as_text(&out);
    assert_non_null(strstr(text, "genes: {d: 2, k: 3, op: \"<b>\"}"));
    assert_non_null(strstr(text, "genes: {d: 1, op: \"conv\"}"));
    bytes_fini(&out);
    char *json = json_text(json_results(r, true), true);
    cJSON *o = cJSON_Parse(json);
    assert_non_null(o);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(o, "individuals")), 4);
    assert_non_null(strstr(json, "\"seed\":18446744073709551615")); /* exact, not a double */
    assert_non_null(strstr(json, "\"min\":null"));                  /* infinite */
    cJSON_Delete(o);
    free(json);
    results_free(r);
}

static void set_value(struct results *r, size_t member, const char *name, double v, double half)
{
    struct results_individual *x = &r->individual[r->front[member]];
    for (uint32_t i = 0; i < x->n_metrics; i++) {
        if (!strncmp(x->metric[i].name, name, strlen(name))) {
            x->metric[i].value = v;
            x->metric[i].low = v - half;
            x->metric[i].high = v + half;
        }
    }
}

/* The front of the sample: 0 with 85.5 % in 1.25 ms, 2 with 93.25 % in 2.5 ms. */
static void test_what_the_noise_decides_is_marked(void **state)
{
    (void)state;
    struct results *r = sample_results();
    struct results_individual *best = &r->individual[r->front[0]], *fast = &r->individual[r->front[1]];
    assert_true(best->id == 2 && fast->id == 0 && !best->unseparable && !fast->unseparable);
    set_value(r, 0, "latency", 1.3, 0.02); /* 0.05 ms apart, with 0.02 and 0.01 of noise: sure */
    results_separate(r);
    assert_true(!best->unseparable && !fast->unseparable);
    set_value(r, 0, "latency", 1.3, 0.06); /* now it may be the faster one, and it is the better one */
    results_separate(r);
    assert_true(!best->unseparable && fast->unseparable && fast->rival == 2);
    char *json = json_text(json_results(r, false), true), *table = NULL;
    size_t size;
    assert_non_null(strstr(json, "\"id\":0,\"state\":\"done\",\"front\":true,\"separable\":false,\"not_separable_from\":2,"));
    assert_non_null(strstr(json, "\"id\":2,\"state\":\"done\",\"front\":true,\"separable\":true,\"genes\""));
    free(json);
    FILE *f = open_memstream(&table, &size);
    front_table(r, f);
    fclose(f);
    assert_non_null(strstr(table, "not separable at 95 %"));
    assert_non_null(strstr(table, "from 2"));
    free(table);
    struct bytes out = {0};
    report_html(r, NULL, 0, 0, &out);
    assert_non_null(strstr(as_text(&out), "\"i\":0,\"s\":\"done\",\"f\":1,\"n\":2,"));
    bytes_fini(&out);
    set_value(r, 0, "accuracy", 85.5, 0.5); /* the same pictures, the same accuracy: neither is better in anything */
    results_separate(r);
    assert_true(best->unseparable && best->rival == 0 && fast->unseparable && fast->rival == 2);
    set_value(r, 0, "accuracy", 85.51, 0.5); /* one more picture right is a difference, whatever other pictures would say */
    results_separate(r);
    assert_true(!best->unseparable && fast->unseparable);
    results_free(r);
}

static void test_report_is_complete_and_inert(void **state)
{
    (void)state;
    struct results *r = sample_results();
    struct bytes out = {0};
    report_html(r, NULL, 0, 0, &out);
    const char *text = as_text(&out);
    assert_non_null(strstr(text, "<title>SONATA: sample &lt;/script&gt;"));
    assert_null(strstr(text, "<script>alert"));
    assert_null(strstr(text, "http://cdn"));
    const char *data = strstr(text, "id=\"data\">");
    assert_non_null(data);
    data += strlen("id=\"data\">");
    const char *end = strstr(data, "</script>");
    assert_non_null(end);
    cJSON *o = cJSON_ParseWithLength(data, (size_t)(end - data));
    assert_non_null(o);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(o, "points")), 4);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(o, "front")), 2);
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(o, "points"), 0), "g")->valuestring, "0.0");
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(o, "points"), 2), "g")->valuestring, "101");
    assert_non_null(strstr(text, "<circle")); /* the picture that stays without scripts */
    cJSON_Delete(o);
    bytes_fini(&out);
    results_free(r);
}

static void test_report_of_an_empty_search(void **state)
{
    (void)state;
    struct results *r = sample_results();
    struct bytes out = {0};
    r->n_individuals = 0;
    results_index(r);
    report_html(r, NULL, 0, 0, &out);
    assert_non_null(strstr(as_text(&out), "Nothing to draw yet"));
    bytes_fini(&out);
    results_free(r);
}

static void test_table_aligns_characters_not_bytes(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct text_table *t = text_table_new();
    text_table_column(t, "n", true);
    text_table_column(t, "word", false);
    text_table_column(t, "end", false);
    text_table_cell(t, "%d", 1);
    text_table_cell(t, "±");
    text_table_cell(t, "x");
    text_table_cell(t, "%d", 100);
    text_table_cell(t, "ab");
    text_table_cell(t, "y");
    text_table_print(t, out);
    text_table_free(t);
    fclose(out);
    assert_string_equal(text, "  n  word  end\n  1  ±     x\n100  ab    y\n");
    free(text);
}

static void test_numbers_and_durations_for_people(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } value[] = {{93.214, "93.21"}, {0.041234, "0.04123"}, {12e6 * 10, "1.2e+08"}, {200000, "200000"}, {151.26, "151.3"}, {0, "0"}, {-3, "-3"}, {0.00001, "1e-05"}};
    static const struct {
        double s;
        const char *text;
    } duration[] = {{0.42, "0.4s"}, {12, "12s"}, {59.7, "0m59s"}, {185, "3m05s"}, {3720, "1h02m"}, {1e6, "12d"}, {-1, "0.0s"}};
    for (size_t i = 0; i < sizeof value / sizeof *value; i++) {
        char text[24];
        format_value(value[i].v, text);
        assert_string_equal(text, value[i].text);
    }
    for (size_t i = 0; i < sizeof duration / sizeof *duration; i++) {
        char text[16];
        format_duration((int64_t)(duration[i].s * 1e9), text);
        assert_string_equal(text, duration[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_found_with_and_without_board),
        cmocka_unit_test(test_front_is_sorted_best_first_objective_first),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_yaml_and_json_name_active_genes_only),
        cmocka_unit_test(test_what_the_noise_decides_is_marked), cmocka_unit_test(test_report_is_complete_and_inert),
        cmocka_unit_test(test_report_of_an_empty_search),
        cmocka_unit_test(test_table_aligns_characters_not_bytes),
        cmocka_unit_test(test_numbers_and_durations_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
