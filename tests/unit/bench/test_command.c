/* The whole command on a made-up table: exit status, the documented JSON, the page, the same answer on one process and on three. */
#define _GNU_SOURCE // dup2 dance
#include "bench/bench.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "bench_files.h"
#include "close.h"
#include "support/cmocka.h"

static struct bench_files files;

static int open_files(void **state)
{
    (void)state;
    bench_files_open(&files);
    return 0;
}

static int close_files(void **state)
{
    (void)state;
    bench_files_close(&files);
    return 0;
}

/* Runs the command with stdout and stderr kept in files; returns its status. */
static int command(const char *const *extra, char *ret_errors, size_t size)
{
    char *argv[48], path[128];
    const char *base[] = {"bench",   "--space",     files.space, "--table", files.table, "--objective",
                          "acc:max", "--objective", "lat:min",   "--cache", "none"};
    int argc = 0;
    for (unsigned i = 0; i < sizeof base / sizeof *base; i++)
        argv[argc++] = (char *)(uintptr_t)base[i];
    for (; *extra; extra++)
        argv[argc++] = (char *)(uintptr_t)*extra;
    argv[argc] = NULL;
    fflush(NULL);
    snprintf(path, sizeof path, "%s/log", files.folder);
    int out = dup(STDOUT_FILENO), errors = dup(STDERR_FILENO), log = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    int status = bench_main(argc, argv);
    fflush(NULL);
    dup2(out, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    ssize_t n = pread(log, ret_errors, size - 1, 0);
    ret_errors[n > 0 ? n : 0] = '\0';
    close(out);
    close(errors);
    close(log);
    return status;
}

static cJSON *run_json(const char *jobs)
{
    static char text[65536];
    char json[128], plot[128];
    snprintf(json, sizeof json, "%s/out.json", files.folder);
    snprintf(plot, sizeof plot, "%s/out.html", files.folder);
    const char *const extra[] = {"--algorithm", "random,nsga2[population=10]",
                                 "--budget",    "50",
                                 "--seeds",     "6",
                                 "--at",        "20,50",
                                 "--jobs",      jobs,
                                 "--json",      json,
                                 "--plot",      plot,
                                 "--quiet",     NULL};
    int status = command(extra, text, sizeof text);
    if (status)
        fail_msg("status %d: %s", status, text);
    assert_non_null(strstr(text, "enumeration of all 63 architectures"));
    struct bytes data = {0};
    struct sonata_error err = {{0}};
    assert_int_equal(file_read(json, 1 << 20, &data, &err), 0);
    bytes_put_u8(&data, 0);
    cJSON *root = cJSON_Parse((char *)data.data);
    bytes_fini(&data);
    assert_non_null(root);
    return root;
}

static cJSON *get(cJSON *object, const char *name)
{
    cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!item)
        fail_msg("the JSON has no '%s'", name);
    return item;
}

static void test_json_has_the_documented_form(void **state)
{
    (void)state;
    cJSON *root = run_json("1");
    assert_int_equal(get(root, "budget")->valueint, 50);
    cJSON *nsga2 = cJSON_GetArrayItem(get(root, "algorithms"), 1);
    assert_string_equal(get(nsga2, "name")->valuestring, "nsga2[population=10]");
    cJSON *last = cJSON_GetArrayItem(get(nsga2, "hv"), cJSON_GetArraySize(get(nsga2, "hv")) - 1);
    assert_int_equal(get(last, "evaluations")->valueint, 50);
    assert_true(get(last, "q1")->valuedouble <= get(last, "median")->valuedouble && get(last, "median")->valuedouble <= get(last, "q3")->valuedouble);
    cJSON *to = cJSON_GetArrayItem(get(nsga2, "to"), 2);
    assert_close(get(to, "target")->valuedouble, 0.9, 1e-12);
    assert_int_equal(get(to, "runs")->valueint, 6);
    get(to, "median");
    get(to, "reached");
    get(nsga2, "igd_plus");
    assert_int_equal(get(nsga2, "duplicates")->valueint, 0);
    get(get(nsga2, "ask_ms"), "p99");
    get(nsga2, "wall");
    assert_int_equal(cJSON_GetArraySize(get(root, "c")), 4); // two directions, two checkpoints
    assert_int_equal(cJSON_GetArraySize(get(root, "paired")), 2);
    cJSON *paired = cJSON_GetArrayItem(get(root, "paired"), 0);
    get(paired, "difference");
    assert_true(get(paired, "p")->valuedouble <= get(paired, "p_holm")->valuedouble);
    assert_true(get(get(get(root, "problem"), "best_front"), "hypervolume")->valuedouble > 0);
    cJSON_Delete(root);
}

/* Drops what is measured in real time. */
static char *without_times(cJSON *root)
{
    for (cJSON *a = get(root, "algorithms")->child; a; a = a->next) {
        cJSON_DeleteItemFromObject(a, "ask_ms");
        cJSON_DeleteItemFromObject(a, "cpu_ms_per_candidate");
        cJSON_DeleteItemFromObject(a, "cpu_ms_per_late_candidate");
    }
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    return text;
}

static void test_number_of_processes_changes_nothing(void **state)
{
    (void)state;
    char *one = without_times(run_json("1")), *three = without_times(run_json("3"));
    assert_string_equal(one, three);
    cJSON_free(one);
    cJSON_free(three);
}

static void test_page_is_self_contained(void **state)
{
    (void)state;
    cJSON_Delete(run_json("1"));
    char path[128];
    struct bytes data = {0};
    struct sonata_error err = {{0}};
    snprintf(path, sizeof path, "%s/out.html", files.folder);
    assert_int_equal(file_read(path, 1 << 20, &data, &err), 0);
    bytes_put_u8(&data, 0);
    const char *page = (const char *)data.data;
    assert_non_null(strstr(page, "<svg"));
    assert_non_null(strstr(page, "nsga2[population=10]"));
    assert_null(strstr(page, "http:"));
    assert_null(strstr(page, "https:"));
    assert_null(strstr(page, "nan"));
    bytes_fini(&data);
}

static void read_file(const char *path, struct bytes *ret_data)
{
    struct sonata_error err = {{0}};
    if (file_read(path, 1 << 20, ret_data, &err))
        fail_msg("%s", err.text);
}

/* Runs learn one after the other; what they learned changes others, and goes into no agent of another kind. */
static void test_policy_travels(void **state)
{
    (void)state;
    static char text[65536];
    char first[128], second[128], json[2][128];
    for (int i = 0; i < 2; i++)
        snprintf(json[i], sizeof json[i], "%s/p%d.json", files.folder, i);
    snprintf(first, sizeof first, "%s/first.policy", files.folder);
    snprintf(second, sizeof second, "%s/second.policy", files.folder);
    const char *const train[] = {"--algorithm", "sonata[agent=ppo,init=10]", "--budget", "50", "--seeds", "2", "--policy-out", first, "--quiet", NULL};
    if (command(train, text, sizeof text))
        fail_msg("%s", text);
    const char *const go_on[] = {"--algorithm", "sonata[agent=ppo,init=10]", "--budget", "50",  "--seeds", "2", "--policy-in",
                                 first,         "--policy-out",              second,     "--quiet", NULL};
    if (command(go_on, text, sizeof text))
        fail_msg("%s", text);
    struct bytes a = {0}, b = {0}, with = {0}, without = {0};
    read_file(first, &a);
    read_file(second, &b);
    assert_true(a.size == b.size && memcmp(a.data, b.data, a.size) != 0);
    const char *const used[] = {"--algorithm", "sonata[agent=ppo,init=10]", "--budget", "50", "--seeds", "2", "--policy-in", second, "--json", json[0], "--quiet", NULL};
    const char *const left_out[] = {"--algorithm", "sonata[agent=ppo,init=10,policy=0]", "--budget", "50", "--seeds", "2", "--policy-in", second, "--json", json[1], "--quiet", NULL};
    assert_int_equal(command(used, text, sizeof text), 0);
    assert_int_equal(command(left_out, text, sizeof text), 0);
    read_file(json[0], &with);
    read_file(json[1], &without);
    bytes_put_u8(&with, 0);
    bytes_put_u8(&without, 0);
    cJSON *x = cJSON_Parse((char *)with.data), *y = cJSON_Parse((char *)without.data);
    assert_false(cJSON_Compare(get(cJSON_GetArrayItem(get(x, "algorithms"), 0), "hv"), get(cJSON_GetArrayItem(get(y, "algorithms"), 0), "hv"), true));
    cJSON_Delete(x);
    cJSON_Delete(y);
    const char *const other[] = {"--algorithm", "sonata[init=10]", "--budget", "50", "--seeds", "1", "--policy-in", first, NULL};
    assert_int_not_equal(command(other, text, sizeof text), 0);
    assert_non_null(strstr(text, "another algorithm or agent"));
    const char *const two[] = {"--algorithm", "sonata,random", "--budget", "50", "--seeds", "1", "--policy-out", first, NULL};
    assert_int_equal(command(two, text, sizeof text), 2);
    const char *const none[] = {"--algorithm", "random", "--budget", "50", "--seeds", "1", "--policy-out", first, NULL};
    assert_int_equal(command(none, text, sizeof text), 1);
    assert_non_null(strstr(text, "has no agent"));
    bytes_fini(&a);
    bytes_fini(&b);
    bytes_fini(&with);
    bytes_fini(&without);
}

static void test_wrong_input_ends_with_status_2(void **state)
{
    (void)state;
    static char text[8192];
    const char *const unknown[] = {"--algorithm", "nonsense", "--budget", "50", "--seeds", "1", NULL};
    assert_int_equal(command(unknown, text, sizeof text), 2);
    assert_non_null(strstr(text, "--algorithm nonsense"));
    const char *const impossible[] = {"--algorithm", "random", "--budget", "50", "--seeds", "1", "--where", "lat<=0.1", NULL};
    assert_int_equal(command(impossible, text, sizeof text), 2);
    assert_non_null(strstr(text, "relax --where"));
    const char *const outside[] = {"--algorithm", "random", "--budget", "50", "--seeds", "1", "--reference", "lat=0.5", "--ideal", "lat=0.1", NULL};
    assert_int_equal(command(outside, text, sizeof text), 2);
    assert_non_null(strstr(text, "correct --reference"));
    const char *const help[] = {"--help", NULL};
    assert_int_equal(command(help, text, sizeof text), 0);
    assert_non_null(strstr(text, "--warm-start"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_json_has_the_documented_form, open_files, close_files),
        cmocka_unit_test_setup_teardown(test_number_of_processes_changes_nothing, open_files, close_files),
        cmocka_unit_test_setup_teardown(test_page_is_self_contained, open_files, close_files),
        cmocka_unit_test_setup_teardown(test_policy_travels, open_files, close_files),
        cmocka_unit_test_setup_teardown(test_wrong_input_ends_with_status_2, open_files, close_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
