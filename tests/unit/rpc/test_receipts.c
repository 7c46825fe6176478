/* Model files on their way in: nobody takes the places of others, and what is abandoned leaves nothing on the disk. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "rpc/receipts.h"
#include "support/cmocka.h"

static struct loop loop;
static struct receipts receipts;
static char folder[] = "/tmp/sonata-receipts-XXXXXX";

static int open_one(const char *who, uint8_t number, struct receipt **ret_receipt)
{
    struct sonata_error err = {{0}};
    uint8_t hash[HASH_SIZE] = {number};
    int rc = receipts_open(&receipts, &(struct receipt_offer){folder, who, who[0] ? who : "team", hash, 1000}, ret_receipt, &err);
    while (!rc && (*ret_receipt)->state == RECEIPT_OPENING)
        uv_run(&loop.uv, UV_RUN_NOWAIT);
    return rc;
}

static unsigned files(void)
{
    char command[120];
    unsigned n = 0;
    snprintf(command, sizeof command, "ls '%s' | wc -l", folder);
    FILE *in = popen(command, "r");
    assert_int_equal(fscanf(in, "%u", &n), 1);
    pclose(in);
    return n;
}

static void one_takes_not_all_places(void **state)
{
    (void)state;
    struct receipt *r, *first;
    struct sonata_error err = {{0}};
    assert_int_equal(open_one("a", 1, &first), 0);
    assert_int_equal(receipt_take(&receipts, first, 0, "x", 1, &err), 0);
    assert_int_equal(open_one("a", 2, &r), 0);
    assert_int_equal(open_one("a", 3, &r), -EBUSY);
    assert_int_equal(open_one("a", 1, &r), 0); /* it goes on with its own */
    assert_ptr_equal(r, first);
    assert_int_equal(open_one("b", 1, &r), 0);
    for (uint8_t i = 0; i < RECEIPTS_OF_WORKERS; i++)
        assert_int_equal(open_one("", (uint8_t)(10 + i), &r), 0);
    assert_int_equal(open_one("", 99, &r), -EBUSY);
    assert_int_equal(open_one("c", 1, &r), 0);
    assert_int_equal(files(), 2 + 1 + RECEIPTS_OF_WORKERS + 1);
}

static void what_is_abandoned_goes(void **state)
{
    (void)state;
    struct receipt *r;
    struct sonata_error err = {{0}};
    for (int i = 0; i < 50; i++) {
        assert_int_equal(open_one("a", (uint8_t)i, &r), 0);
        assert_int_equal(receipt_take(&receipts, r, 0, "x", 1, &err), 0);
        r->touched_ns -= 3600 * SONATA_SECOND;
    }
    assert_int_equal(files(), RECEIPTS_OF_CLIENTS);
}

static int open_table(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sonata-receipts-XXXXXX");
    if (!mkdtemp(folder) || loop_init(&loop, NULL))
        return -1;
    receipts = (struct receipts){.loop = &loop.uv};
    return 0;
}

static int close_table(void **state)
{
    (void)state;
    char command[120];
    for (unsigned i = 0; i < RECEIPTS_MAX; i++)
        receipt_close(&receipts.receipt[i]);
    loop_finish(&loop);
    loop_run(&loop);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return loop_fini(&loop) ? -1 : system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(one_takes_not_all_places, open_table, close_table),
                                       cmocka_unit_test_setup_teardown(what_is_abandoned_goes, open_table, close_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
