/* Search files: what a complete one yields, defaults of a short one, and the place and wording of every complaint. */
#include "conf/search_file.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "support/cmocka.h"

static char folder[] = "/tmp/sonata-search-XXXXXX";

static const char space_text[] = "name: tiny\ngenes:\n  - {name: a, choices: [1, 2]}\n";
static const char net_text[] = "name: net\ngenes:\n  - {name: d1, ordinal: true, choices: [1]}\n"
                               "network: {family: mbconv, input: 28, channels: 1, classes: 10, stem: 8, head: 16,\n"
                               "          stages: [{stride: 1, width: 8, depth: 1}]}\n";

static void write_text(const char *name, const char *text)
{
    char path[128];
    struct sonata_error err = {{0}};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(file_write_atomic(path, text, strlen(text), &err), 0);
}

static int set_up(void **state)
{
    (void)state;
    char path[128];
    assert_non_null(mkdtemp(folder));
    setenv("SONATA_SHARE", folder, 1);
    unsetenv("SONATA_SPACES");
    snprintf(path, sizeof path, "%s/spaces", folder);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/supernets", folder);
    mkdir(path, 0755);
    write_text("spaces/tiny.yaml", space_text);
    write_text("spaces/net.yaml", net_text);
    write_text("spaces/broken.yaml", "name: broken\ngenes: []\n");
    write_text("supernets/net-v1.safetensors", "weights");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const name[] = {
        "spaces/tiny.yaml", "spaces/net.yaml", "spaces/broken.yaml", "supernets/net-v1.safetensors", "spaces", "supernets", "s.yaml", "learned", ""};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, name[i]);
        remove(path);
    }
    return 0;
}

static void test_reads_everything(void **state)
{
    (void)state;
    static const char text[] = "name: all-of_it.1\n"
                               "space: net\n"
                               "objectives:\n"
                               "  - {metric: accuracy, goal: max}\n"
                               "  - {metric: latency, board: host, goal: min}\n"
                               "  - {metric: latency, board: rpi4, goal: min}\n"
                               "constraints:\n"
                               "  - {metric: params, max: 200k}\n"
                               "  - {metric: energy, board: rpi4, min: 0.5, max: 1.5M}\n"
                               "algorithm: {name: sonata+, population: 20, generational: true, options: [{name: agent, value: fixed}]}\n"
                               "budget: {evaluations: 300, wall: 2h}\n"
                               "evaluation: {tier: screen, dataset: fashion-mnist, supernet: net-v1, replicates: 5, replicate_budget: 40}\n"
                               "boards: [\"host\", \"pi:table:x.csv\"]\n"
                               "seed: 18446744073709551615\n";
    static struct search_file f;
    struct sonata_error err = {{0}};
    assert_int_equal(search_file_load_text(text, sizeof text - 1, "s.yaml", &f, &err), 0);
    const struct search_spec *s = &f.spec;
    assert_string_equal(s->name, "all-of_it.1");
    assert_string_equal(s->space.name, "net");
    assert_int_equal(s->n_objectives, 3);
    assert_int_equal(s->objective[0].goal, GOAL_MAX);
    assert_string_equal(s->objective[0].board, "");
    assert_int_equal(s->objective[1].goal, GOAL_MIN);
    assert_string_equal(s->objective[2].board, "rpi4");
    assert_int_equal(s->n_constraints, 2);
    assert_true(isinf(s->constraint[0].min) && s->constraint[0].min < 0);
    assert_true(s->constraint[0].max == 200e3);
    assert_true(s->constraint[1].min == 0.5 && s->constraint[1].max == 1.5e6);
    assert_string_equal(s->algorithm, "sonata+");
    assert_int_equal(s->population, 20);
    assert_true(s->generational);
    assert_int_equal(s->n_options, 1);
    assert_string_equal(s->option[0].value, "fixed");
    assert_int_equal(s->budget_evaluations, 300);
    assert_int_equal(s->budget_wall_ns, 7200 * SONATA_SECOND);
    assert_string_equal(s->tier, "screen");
    assert_int_equal(s->replicates, 5);
    assert_int_equal(s->replicate_budget, 40);
    assert_string_equal(s->dataset, "fashion-mnist");
    assert_string_equal(s->supernet, "net-v1");
    uint8_t hash[HASH_SIZE];
    hash_content("weights", 7, hash);
    assert_memory_equal(s->supernet_hash, hash, sizeof hash);
    assert_non_null(strstr(f.supernet_path, "/supernets/net-v1.safetensors"));
    assert_int_equal(f.n_boards, 2);
    assert_string_equal(f.board[1], "pi:table:x.csv");
    assert_true(s->seed == UINT64_MAX);
}

#define SHORT "name: x\nspace: tiny\nobjectives: [{metric: accuracy, goal: max}]\nbudget: {evaluations: 20}\n"

static void test_defaults(void **state)
{
    (void)state;
    static struct search_spec s;
    char supernet[SPEC_PATH_MAX];
    struct sonata_error err = {{0}};
    assert_int_equal(search_file_parse(SHORT, strlen(SHORT), "s.yaml", &s, supernet, &err), 0);
    assert_string_equal(s.algorithm, "sonata+");
    assert_string_equal(s.tier, "search");
    assert_int_equal(s.population, 0);
    assert_false(s.generational);
    assert_int_equal(s.budget_wall_ns, 0);
    assert_int_equal(s.seed, 1);
    assert_string_equal(supernet, "");
    static const uint8_t zero[32];
    assert_memory_equal(s.supernet_hash, zero, 32);
}

static const struct {
    const char *text, *expected; /* the complaint must start with this */
} malformed[] = {
    {"", "s.yaml:1: the file is empty"},
    {"name: x\nspace: tiny\n", "s.yaml:1: key 'objectives' is missing; expected a list of 1 to 4 entries"},
    {"name: x\nspace: tiny\nobjectives: [{metric: accuracy, goal: max}]\n",
     "s.yaml:1: key 'budget' is missing; expected a mapping with the keys evaluations, wall"},
    {SHORT "spce: y\n", "s.yaml:5: unknown key 'spce': did you mean 'space'?"},
    {SHORT "workers: 3\n",
     "s.yaml:5: unknown key 'workers'; expected name, space, objectives, constraints, algorithm, budget, evaluation, model, boards, seed"},
    {"name: a b\nspace: tiny\nobjectives: [{metric: accuracy, goal: max}]\nbudget: {evaluations: 20}\n",
     "s.yaml:1: name: 'a b' is here; expected letters, digits, '-', '_' and '.' only"},
    {"name: x\nspace: tiny\nobjectives:\n  - metric: latncy\n    goal: min\nbudget: {evaluations: 20}\n",
     "s.yaml:4: objectives[0].metric: 'latncy' is not known: did you mean 'latency'?"},
    {"name: x\nspace: tiny\nobjectives:\n  - {metric: accuracy, goal: max}\n  - {metric: latency@rpi4, goal: min}\nbudget: {evaluations: 20}\n",
     "s.yaml:5: objectives[1].metric: 'latency@rpi4' is here; expected accuracy, latency, energy, params, macs, flash, ram, or the word a backend "
     "uses "
     "(the board goes into `board:`)"},
    {"name: x\nspace: tiny\nobjectives:\n  - {metric: accuracy, goal: maximise}\nbudget: {evaluations: 20}\n",
     "s.yaml:4: objectives[0].goal: 'maximise' is here; expected one of min|max"},
    {"name: x\nspace: tiny\nobjectives:\n  - {metric: accuracy}\nbudget: {evaluations: 20}\n",
     "s.yaml:4: objectives[0]: key 'goal' is missing; expected one of min|max"},
    {"name: x\nspace: tiny\nobjectives:\n  - {metric: accuracy, goal: max}\n  - {metric: accuracy, goal: max}\nbudget: {evaluations: 20}\n",
     "s.yaml:5: objectives[1].metric: 'accuracy' is an objective already"},
    {"name: x\nspace: tiny\nobjectives:\n  - {metric: params, board: rpi4, goal: min}\nbudget: {evaluations: 20}\n",
     "s.yaml:4: objectives[0].metric: 'params' is computed from the architecture; expected no `board:` beside it"},
    {"name: x\nspace: tiny\nobjectives: [{metric: a1, goal: max}, {metric: a2, goal: max}, {metric: a3, goal: max}, {metric: a4, goal: max}, "
     "{metric: a5, goal: max}]\n"
     "budget: {evaluations: 20}\n",
     "s.yaml:3: objectives: 5 entries are here; expected a list of 1 to 4 entries"},
    {SHORT "constraints:\n  - metric: params\n    max: 200x\n", "s.yaml:7: constraints[0].max: '200x' is here; expected a number"},
    {SHORT "constraints:\n  - {metric: params}\n", "s.yaml:6: constraints[0]: neither min nor max is given; expected at least one"},
    {SHORT "constraints:\n  - {metric: params, min: 2k, max: 1k}\n", "s.yaml:6: constraints[0]: min 2000 is above max 1000; expected min <= max"},
    {SHORT "algorithm: nsga2\n", "s.yaml:5: algorithm: a value is here; expected a mapping with the keys name, population, generational, options"},
    {SHORT "algorithm: {name: nsga3}\n", "s.yaml:5: algorithm.name: 'nsga3' is not known: did you mean nsga2; expected sonata+, sonata, nsga2,"},
    {SHORT "algorithm: {name: nsga2, population: 2}\n", "s.yaml:5: algorithm.population: 2 is here; expected 4 to 10000, or 0 for the default"},
    {SHORT "algorithm: {name: nsga2, population: -5}\n", "s.yaml:5: algorithm.population: '-5' is here; expected a whole number"},
    {SHORT "algorithm:\n  name: nsga2\n  options:\n    - {name: a, value: 1}\n    - {name: a, value: 2}\n",
     "s.yaml:9: algorithm.options[1].name: option 'a' is given twice; expected once"},
    {SHORT "algorithm: {name: nsga2, policy: p}\n", "s.yaml:5: algorithm.policy: algorithm 'nsga2' has no agent; expected no policy"},
    {SHORT "algorithm:\n  name: sonata\n  policy: gone\n", "s.yaml:7: algorithm.policy: gone: No such file"},
    {"name: x\nspace: tiny\nobjectives: [{metric: accuracy, goal: max}]\nbudget: {evaluations: 5}\n",
     "s.yaml:4: budget.evaluations: '5' is here; expected a whole number from 20 to 100000"},
    {"name: x\nspace: tiny\nobjectives: [{metric: accuracy, goal: max}]\nbudget: {evaluations: 1e3}\n",
     "s.yaml:4: budget.evaluations: '1e3' is here; expected a whole number from 20 to 100000"},
    {"name: x\nspace: tiny\nobjectives: [{metric: accuracy, goal: max}]\nbudget:\n  evaluations: 20\n  wall: soon\n",
     "s.yaml:6: budget.wall: 'soon' is here; expected a duration such as 90s, 15m or 2h"},
    {"name: x\nspace: no-such\nobjectives: [{metric: accuracy, goal: max}]\nbudget: {evaluations: 20}\n",
     "s.yaml:2: space: no space is called 'no-such'; presets: broken, net, tiny; or give the path of a space file"},
    {"name: x\nspace: ./gone.yaml\nobjectives: [{metric: accuracy, goal: max}]\nbudget: {evaluations: 20}\n",
     "s.yaml:2: space: ./gone.yaml: No such file"},
    {SHORT "evaluation: {replicates: 33}\n", "s.yaml:5: evaluation.replicates: '33' is here; expected a whole number from 0 to 32"},
    {SHORT "evaluation: {replicate_budget: 100001}\n",
     "s.yaml:5: evaluation.replicate_budget: '100001' is here; expected a whole number from 0 to 100000"},
    {SHORT "evaluation: {tier: quick}\n", "s.yaml:5: evaluation.tier: 'quick' is here; expected screen, search or report"},
    {SHORT "evaluation: {supernet: net-v1}\n", "s.yaml:5: evaluation: a supernet needs data to be measured on; expected `dataset:` too"},
    {SHORT "evaluation: {dataset: d, supernet: net-v1}\n",
     "s.yaml:5: evaluation.supernet: space 'tiny' builds no network (it has no `network:`); expected no supernet"},
    {"name: x\nspace: net\nobjectives: [{metric: accuracy, goal: max}]\nbudget: {evaluations: 20}\nevaluation: {dataset: d, supernet: net-v2}\n",
     "s.yaml:5: evaluation.supernet: no supernet 'net-v2' (looked for "},
    {SHORT "seed: minus one\n", "s.yaml:5: seed: 'minus one' is here; expected a whole number, 0 or more"},
    {SHORT "seed: 18446744073709551616\n", "s.yaml:5: seed: '18446744073709551616' is here; expected a whole number"},
};

static void test_every_mistake_names_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        static struct search_file f;
        struct sonata_error err = {{0}};
        assert_int_equal(search_file_load_text(malformed[i].text, strlen(malformed[i].text), "s.yaml", &f, &err), -EINVAL);
        if (strncmp(err.text, malformed[i].expected, strlen(malformed[i].expected)))
            assert_string_equal(err.text, malformed[i].expected);
    }
}

/* Boards as texts and as mappings; both become what --board takes, with files beside the search file. */
static void test_boards_in_both_forms(void **state)
{
    (void)state;
    static const char text[] =
        SHORT "boards:\n"
              "  - host:engine,core=1\n"
              "  - pi:table:t.csv,accuracy=acc\n"
              "  - {id: lab, backend: command, command: \"run --sizes 1,2 'a, b'\", offers: [accuracy, params], memory: 16Gi, limit: 6h, nice: 5}\n"
              "  - {id: t, backend: table, file: t.csv, metrics: [{name: accuracy, column: acc, noise: 0.1}]}\n"
              "  - {id: e, backend: engine, power: {driver: sim, scope: wall}, canary_interval: 5m}\n";
    static const char *const expected[] = {"host:engine,core=1", "pi:table:/f/t.csv,accuracy=acc",
                                           "lab:command,command=run --sizes 1\\,2 'a\\, b',offers=accuracy,offers=params,memory=16Gi,limit=6h,nice=5",
                                           "t:table,file=/f/t.csv,column.accuracy=acc,noise.accuracy=0.1",
                                           "e:engine,power.driver=sim,power.scope=wall,canary_interval=5m"};
    static struct search_file f;
    struct sonata_error err = {{0}};
    if (search_file_load_text(text, strlen(text), "/f/s.yaml", &f, &err))
        fail_msg("%s", err.text);
    assert_int_equal(f.n_boards, 5);
    for (unsigned i = 0; i < f.n_boards; i++)
        assert_string_equal(f.board[i], expected[i]);
    static const char *const wrong[][2] = {{SHORT "boards: host:engine\n", "s.yaml:5: boards: a value is here; expected a list of 0 to 16 entries"},
                                           {SHORT "boards: [{id: a}]\n", "s.yaml:5: boards[0]: key 'id' or 'backend' is missing"},
                                           {SHORT "boards: [{id: a, backend: engine, core: }]\n", "s.yaml:5: boards[0].core: nothing is here"},
                                           {SHORT "boards: ['']\n", "s.yaml:5: boards[0]: no board is here"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(search_file_load_text(wrong[i][0], strlen(wrong[i][0]), "s.yaml", &f, &err), -EINVAL);
        if (strncmp(err.text, wrong[i][1], strlen(wrong[i][1])))
            assert_string_equal(err.text, wrong[i][1]);
    }
}

static void test_the_place_in_a_space_file_is_kept(void **state)
{
    (void)state;
    static const char text[] = "name: x\nspace: broken\nobjectives: [{metric: accuracy, goal: max}]\nbudget: {evaluations: 20}\n";
    static struct search_file f;
    struct sonata_error err = {{0}};
    assert_int_equal(search_file_load_text(text, sizeof text - 1, "s.yaml", &f, &err), -EINVAL);
    assert_non_null(strstr(err.text, "s.yaml:2: space: "));
    assert_non_null(strstr(err.text, "/spaces/broken.yaml:2: genes: 0 entries are here"));
}

static void test_paths_are_relative_to_the_search_file(void **state)
{
    (void)state;
    write_text("s.yaml", "name: x\nspace: ./spaces/net.yaml\nobjectives: [{metric: accuracy, goal: max}]\nbudget: {evaluations: 20}\n"
                         "evaluation: {dataset: d, supernet: supernets/net-v1.safetensors}\nalgorithm: {name: sonata, policy: learned}\n");
    write_text("learned", "what was learned");
    char path[128], expected[160];
    static struct search_file f;
    struct sonata_error err = {{0}};
    snprintf(path, sizeof path, "%s/s.yaml", folder);
    assert_int_equal(search_file_load(path, &f, &err), 0);
    assert_string_equal(f.spec.space.name, "net");
    assert_string_equal(f.spec.supernet, "net-v1.safetensors");
    assert_int_equal(f.spec.policy_size, strlen("what was learned"));
    assert_memory_equal(f.spec.policy, "what was learned", f.spec.policy_size);
    snprintf(expected, sizeof expected, "%s/supernets/net-v1.safetensors", folder);
    assert_string_equal(f.supernet_path, expected);
    assert_int_equal(search_file_load("/no/such/search.yaml", &f, &err), -ENOENT);
    assert_string_equal(err.text, "/no/such/search.yaml: no such file; `sonata init` writes an example");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_everything),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_mistake_names_its_place),
        cmocka_unit_test(test_boards_in_both_forms),
        cmocka_unit_test(test_the_place_in_a_space_file_is_kept),
        cmocka_unit_test(test_paths_are_relative_to_the_search_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
