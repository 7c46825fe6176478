/* A search whose steps crash the master is parked with its reason, so that it does not crash every start; the others go on. The crash is a signal,
 * sent while steps of it are under way. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "support/client.h"
#include "support/cmocka.h"
#include "support/hostile_space.h"
#include "support/table_farm.h"

enum { ANSWER_MS = 20000, CRASHES = 3, TRIES = 12, BUDGET = 60 };

static char bin[512];

static uint64_t submit(const struct table_farm *f, const struct search_spec *spec)
{
    uint64_t id = 0;
    assert_int_equal(client_submit_spec(f->client, spec, NULL, &id, ANSWER_MS), 0);
    return id;
}

/* Analytic objectives and a model: the pool is never without it. */
static uint64_t submit_poison(const struct table_farm *f)
{
    struct search_spec *s = table_farm_spec("poison", "sonata+", 100000, 1);
    s->space = wide_mbconv_space();
    copy_string(s->objective[0].metric, sizeof s->objective[0].metric, "params");
    copy_string(s->objective[1].metric, sizeof s->objective[1].metric, "macs");
    s->objective[1].board[0] = '\0';
    uint64_t id = submit(f, s);
    free(s);
    return id;
}

static bool is_parked(const struct table_farm *f, uint64_t search)
{
    Sonata__Reply *reply = client_show_search(f->client, search, ANSWER_MS);
    assert_non_null(reply);
    bool parked = !strcmp(reply->searches[0]->state, "failed") && strstr(reply->searches[0]->reason, "parked");
    sonata__reply__free_unpacked(reply, NULL);
    return parked;
}

static void a_search_that_crashes_the_master_is_parked(void **state)
{
    (void)state;
    struct table_farm f;
    int crashes = 0;
    table_farm_open(&f, bin, 1, 1);
    table_farm_start_master(&f);
    uint64_t poison = submit_poison(&f);
    assert_true(client_wait_told(f.client, poison, 60, 30));
    while (!is_parked(&f, poison)) {
        assert_true(crashes < TRIES); /* now and then no step is under way */
        clock_sleep_ns(100 * SONATA_MS);
        kill(f.master_pid, SIGABRT);
        assert_int_equal(process_wait(f.master_pid, ANSWER_MS), 128 + SIGABRT);
        table_farm_start_master(&f);
        crashes++;
    }
    assert_true(crashes >= CRASHES);
    table_farm_start_worker(&f, 0);
    struct search_spec *spec = table_farm_spec("honest", "random", BUDGET, 2);
    uint64_t honest = submit(&f, spec);
    free(spec);
    assert_true(client_wait_told(f.client, honest, BUDGET, 30));
    for (int i = 0; i < 2; i++) { /* what kills it from outside is nobody's fault */
        process_kill(f.master_pid);
        table_farm_start_master(&f);
        assert_true(is_parked(&f, poison));
    }
    assert_true(table_farm_stop(&f));
    assert_int_equal(table_farm_check(&f), 0);
    table_farm_close(&f, false);
}

int main(int argc, char **argv)
{
    snprintf(bin, sizeof bin, "%s", argc > 1 ? argv[1] : SONATA_BINARY_DIR "/bin");
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_search_that_crashes_the_master_is_parked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
