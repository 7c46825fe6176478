/* Training on a toy problem of seconds: it learns, the same seed gives the same bytes, and a resumed run ends in the bytes of one that never stopped. */
#include "train/trainer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/accuracy.h"
#include "runtime/engine.h"
#include "runtime/runtime.h"
#include "supernet/build.h"
#include "support/cmocka.h"
#include "support/mbconv_space.h"
#include "support/toy_dataset.h"

struct fixture {
    struct space s;
    struct dataset d;
    struct train_options o;
};

static int setup(void **state)
{
    static struct fixture f;
    f.s = mbconv_space();
    f.d = toy_dataset(660, 300);
    f.o = train_options_default();
    f.o.epochs = 5;
    f.o.batch = 16;
    f.o.random = 2;
    f.o.validation = 60;
    f.o.rate = 0.1;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    dataset_fini(&f->d);
    return 0;
}

static double accuracy_of(const struct fixture *f, const struct supernet *n, const struct genotype *g)
{
    struct network net;
    uint32_t right = 0;
    struct sonata_error err = {{0}};
    if (engine_build_from(&(struct engine_source){n, &f->d, &runtime_xnnpack, 256}, g, &net, &err))
        fail_msg("%s", err.text);
    assert_int_equal(accuracy_count(&runtime_xnnpack, &net, &f->d, &f->d.test, NULL, f->d.test.n, &right, &err), 0);
    network_free(&net);
    return 100.0 * right / f->d.test.n;
}

static void it_learns(void **state)
{
    struct fixture *f = *state;
    struct supernet n;
    struct train_epoch first, last;
    struct genotype big = space_last(&f->s), small = space_first(&f->s);
    assert_int_equal(supernet_init(&n, &f->s, NULL), 0);
    struct trainer *t = trainer_new(&n, &f->d, &f->o);
    double before = accuracy_of(f, &n, &big);
    assert_int_equal(trainer_run_epoch(t, NULL, NULL, &first, NULL), 0);
    for (int i = 1; i < 5; i++)
        assert_int_equal(trainer_run_epoch(t, NULL, NULL, &last, NULL), 0);
    assert_true(last.loss_largest < first.loss_largest - 0.2);
    assert_true(last.loss_smallest < first.loss_smallest);
    assert_true(first.flop > 0 && first.seconds > 0);
    double largest = accuracy_of(f, &n, &big), smallest = accuracy_of(f, &n, &small);
    assert_true(before < 60);
    assert_true(largest > 85);
    assert_true(largest > smallest + 3 && smallest > 35);
    trainer_free(t);
    supernet_fini(&n);
}

/* Runs `epochs` epochs from the start or from a checkpoint; returns the checkpoint then. */
static struct bytes run(const struct fixture *f, const struct bytes *from, unsigned epochs, float **ret_values)
{
    struct supernet n;
    struct train_epoch e;
    struct bytes b = {0};
    assert_int_equal(supernet_init(&n, &f->s, NULL), 0);
    struct trainer *t = trainer_new(&n, &f->d, &f->o);
    if (from)
        assert_int_equal(trainer_load(t, from->data, from->size, NULL), 0);
    for (unsigned i = 0; i < epochs; i++)
        assert_int_equal(trainer_run_epoch(t, NULL, NULL, &e, NULL), 0);
    trainer_save(t, &b);
    *ret_values = xmemdup(n.value, n.n_values * sizeof(float));
    trainer_free(t);
    supernet_fini(&n);
    return b;
}

static void resumed_is_uninterrupted(void **state)
{
    struct fixture *f = *state;
    float *v[3];
    struct bytes half = run(f, NULL, 1, &v[0]), resumed = run(f, &half, 1, &v[1]), whole = run(f, NULL, 2, &v[2]);
    assert_int_equal(resumed.size, whole.size);
    assert_memory_equal(resumed.data, whole.data, whole.size);
    for (int i = 0; i < 3; i++)
        free(v[i]);
    bytes_fini(&half);
    bytes_fini(&resumed);
    bytes_fini(&whole);
}

static void checkpoints_of_another_run_are_refused(void **state)
{
    struct fixture *f = *state, other = *f;
    struct supernet n;
    struct sonata_error err = {{0}};
    float *v;
    struct bytes b = run(f, NULL, 0, &v);
    other.o.rate = 0.2;
    assert_int_equal(supernet_init(&n, &f->s, NULL), 0);
    struct trainer *t = trainer_new(&n, &other.d, &other.o);
    assert_int_equal(trainer_load(t, b.data, b.size, &err), -EINVAL);
    assert_non_null(strstr(err.text, "another"));
    trainer_free(t);
    t = trainer_new(&n, &f->d, &f->o);
    for (size_t cut = 0; cut < b.size; cut += 1009)
        assert_int_not_equal(trainer_load(t, b.data, cut, &err), 0);
    assert_int_equal(trainer_load(t, b.data, b.size, &err), 0);
    trainer_free(t);
    supernet_fini(&n);
    bytes_fini(&b);
    free(v);
}

/* Another number of epochs changes the schedule from there on, and is remembered. */
static void epochs_may_change_on_resume(void **state)
{
    struct fixture *f = *state, longer = *f;
    struct supernet n;
    struct train_phase phase[TRAIN_PHASES_MAX];
    struct sonata_error err = {{0}};
    float *v;
    struct bytes b = run(f, NULL, 2, &v);
    longer.o.epochs = 9;
    assert_int_equal(supernet_init(&n, &f->s, NULL), 0);
    struct trainer *t = trainer_new(&n, &longer.d, &longer.o);
    assert_int_equal(trainer_load(t, b.data, b.size, &err), 0);
    assert_int_equal(trainer_epoch(t), 2);
    assert_int_equal(trainer_phases(t, phase), 1);
    assert_int_equal(phase[0].epochs, 5);
    assert_int_equal(phase[0].until, 2);
    trainer_free(t);
    longer.o.epochs = 1;
    t = trainer_new(&n, &longer.d, &longer.o);
    assert_int_equal(trainer_load(t, b.data, b.size, &err), -EINVAL);
    assert_non_null(strstr(err.text, "past the 1"));
    trainer_free(t);
    supernet_fini(&n);
    bytes_fini(&b);
    free(v);
}

static void one_network_alone(void **state)
{
    struct fixture f = *(struct fixture *)*state;
    struct supernet n;
    struct train_epoch e;
    f.o.alone = true;
    f.o.genotype = space_first(&f.s);
    assert_int_equal(supernet_init(&n, &f.s, NULL), 0);
    struct trainer *t = trainer_new(&n, &f.d, &f.o);
    float *before = xmemdup(n.value, n.n_values * sizeof(float));
    assert_int_equal(trainer_run_epoch(t, NULL, NULL, &e, NULL), 0);
    assert_true(isnan(e.loss_smallest));
    const struct supernet_tensor *own = &n.tensor[supernet_find(&n, "stage1.block1.8to8.e1.expand.scale")];
    const struct supernet_tensor *foreign = &n.tensor[supernet_find(&n, "stage1.block1.8to16.e2.expand.scale")];
    assert_memory_not_equal(before + own->offset, n.value + own->offset, own->size * sizeof(float));
    assert_memory_equal(before + foreign->offset, n.value + foreign->offset, foreign->size * sizeof(float));
    free(before);
    trainer_free(t);
    supernet_fini(&n);
}

static void options_are_checked(void **state)
{
    struct fixture *f = *state;
    struct train_options o = f->o;
    struct sonata_error err = {{0}};
    assert_int_equal(train_options_check(&o, &f->d, &err), 0);
    o.epochs = 0;
    assert_int_equal(train_options_check(&o, &f->d, &err), -EINVAL);
    o = f->o;
    o.pictures = 650;
    assert_int_equal(train_options_check(&o, &f->d, &err), -EINVAL);
    assert_non_null(strstr(err.text, "660"));
    o = f->o;
    o.rate = NAN;
    assert_int_equal(train_options_check(&o, &f->d, &err), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns),
        cmocka_unit_test(resumed_is_uninterrupted),
        cmocka_unit_test(checkpoints_of_another_run_are_refused),
        cmocka_unit_test(epochs_may_change_on_resume),
        cmocka_unit_test(one_network_alone),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
