/* A store of before there was a grammar of names: searches, spaces, genes, labels, metrics, board types and boards called what is refused now. They
 * are read, shown and ended as ever. tests/integration/cli/old_names.sh does the same with the programs.
 *
 * Made with `test_run_names make FOLDER`, then gzip -9 FOLDER/data.mdb. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "farm.h"
#include "support/cmocka.h"

static struct farm farm;

static struct search_spec *old_spec(const char *name, uint32_t budget)
{
    static const char *const genes[] = {"a,b", "=1+1", "-x", "<b>", "g h", "it's"};
    struct search_spec *s = farm_spec(name, "nsga2", budget, 3);
    copy_string(s->space.name, sizeof s->space.name, "--my \"space\"");
    for (int i = 0; i < 6; i++)
        copy_string(s->space.gene[i].name, sizeof s->space.gene[i].name, genes[i]);
    copy_string(s->space.gene[0].label[3], sizeof s->space.gene[0].label[3], "x;y z");
    copy_string(s->objective[1].board, sizeof s->objective[1].board, "pi(4)");
    return s;
}

static int make(const char *folder)
{
    farm_open(&farm, 1);
    farm_add_board(&farm, "-b1", "pi(4)", "accuracy latency");
    farm_hello(&farm);
    struct search_spec *done = old_spec("<script>old", 40), *running = old_spec("=going on", 4000);
    uint64_t first = farm_submit(&farm, done), second = farm_submit(&farm, running);
    farm_work(&farm, first, 20000);
    farm_work(&farm, second, 60);
    free(done);
    free(running);
    char command[600];
    snprintf(command, sizeof command, "mkdir -p '%s' && cp '%s'/data.mdb '%s'", folder, farm.folder, folder);
    int rc = system(command);
    farm_close(&farm);
    return rc;
}

static int open_old(void **state)
{
    (void)state;
    char to[128];
    struct bytes data = {0};
    struct sonata_error err = {{0}};
    farm_open(&farm, 1);
    farm_crash(&farm);
    snprintf(to, sizeof to, "%s/data.mdb", farm.folder);
    if (file_read(SONATA_SOURCE_DIR "/tests/golden/store-names/data.mdb.gz", 16 << 20, &data, &err) ||
        file_write_atomic(to, data.data, data.size, &err))
        fail_msg("%s", err.text);
    bytes_fini(&data);
    snprintf(to, sizeof to, "%s/lock.mdb", farm.folder);
    unlink(to);
    farm_start(&farm);
    return 0;
}

static int close_old(void **state)
{
    (void)state;
    assert_int_equal(farm_check(&farm), 0);
    farm_close(&farm);
    return 0;
}

static void they_are_read_and_go_on(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct search_spec *spec = xcalloc(1, sizeof *spec);
    assert_string_equal(engine_search_by_id(farm.run, 1)->name, "<script>old");
    assert_int_equal(engine_spec(farm.run, 1, spec, &err), 0);
    assert_string_equal(spec->space.gene[0].name, "a,b");
    free(spec);
    uint64_t *ids;
    uint32_t n, told = engine_search_by_id(farm.run, 2)->told;
    assert_int_equal(engine_front(farm.run, 1, &ids, &n, &err), 0);
    assert_true(n > 0);
    free(ids);
    assert_int_equal(engine_search_by_id(farm.run, 2)->state, SEARCH_RUNNING);
    farm_add_board(&farm, "-b1", "pi(4)", "accuracy latency"); /* it is known by that name */
    farm_hello(&farm);
    farm_work(&farm, 2, 50);
    assert_true(engine_search_by_id(farm.run, 2)->told > told);
    assert_int_equal(engine_control(farm.run, 1, ENGINE_EXTEND, 5, &err), 0);
    farm_work(&farm, 1, 1000);
    assert_int_equal(engine_search_by_id(farm.run, 1)->state, SEARCH_DONE);
    assert_int_equal(farm_order(&farm, "-b1", "drain"), 0);
    assert_int_equal(engine_control(farm.run, 2, ENGINE_CANCEL, 0, &err), 0);
    farm_turn(&farm);
    assert_int_equal(engine_search_by_id(farm.run, 2)->state, SEARCH_CANCELED);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "make"))
        return make(argv[2]);
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(they_are_read_and_go_on, open_old, close_old)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
