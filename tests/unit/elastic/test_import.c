/* What does not fit is named: missing, of another shape, left over, not finite. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "golden.h"
#include "import/torch_names.h"

static void names_have_a_short_form(void **state)
{
    (void)state;
    static const struct {
        const char *name, *brief;
    } cases[] = {
        {"blocks.1.mobile_inverted_conv.depth_conv.conv.conv.weight", "blocks.1.depth_conv.conv.weight"},
        {"module.blocks.1.conv.depth_conv.bn.bn.running_mean", "blocks.1.depth_conv.bn.running_mean"},
        {"input_stem.1.conv.conv.conv.weight", "input_stem.1.conv.weight"},
        {"module.last_conv.final_expand_layer.bn.bn.bias", "final_expand_layer.bn.bias"},
        {"classifier.linear.linear.weight", "classifier.linear.weight"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CHECKPOINT_NAME_MAX];
        torch_short_name(cases[i].name, text);
        assert_string_equal(text, cases[i].brief);
    }
}

static struct checkpoint_tensor *tensor(struct golden *g, const char *name)
{
    for (size_t i = 0; i < g->file.n_tensors; i++) {
        if (!strcmp(g->file.tensor[i].name, name))
            return &g->file.tensor[i];
    }
    fail_msg("no tensor '%s'", name);
    return NULL;
}

static void refused(struct golden *g, const char *says)
{
    struct sonata_error err = {{0}};
    assert_int_equal(import_supernet(&g->file, &g->supernet, NULL, NULL, &err), -EINVAL);
    if (!strstr(err.text, says))
        fail_msg("'%s' instead of '%s'", err.text, says);
}

static void what_does_not_fit_is_named(void **state)
{
    (void)state;
    struct golden *g = golden_open("resnet");
    struct checkpoint_tensor *t = tensor(g, "blocks.0.conv2.conv.conv.weight");
    t->name[strlen(t->name) - 1] = 'T';
    refused(g, "1 tensors do not fit the space: 'blocks.0.conv2.conv.weight' is missing; 1 tensors of the file are left over");
    t->name[strlen(t->name) - 1] = 't';
    t->dim[0]--;
    refused(g, "'blocks.0.conv2.conv.conv.weight' has another shape (15x16x3x3)");
    t->dim[0]++;
    tensor(g, "input_stem.0.bn.bn.num_batches_tracked")->name[0] = 'o'; /* a counter, whatever it counts */
    struct sonata_error err = {{0}};
    assert_int_equal(import_supernet(&g->file, &g->supernet, NULL, NULL, &err), 0);
    golden_close(g);
}

static void a_value_that_is_not_finite_is_refused(void **state)
{
    (void)state;
    static const uint8_t nan_bits[] = {0, 0, 0xc0, 0x7f};
    struct golden *g = golden_open("mbv3");
    memcpy((uint8_t *)(uintptr_t)tensor(g, "classifier.linear.bias")->data, nan_bits, sizeof nan_bits);
    refused(g, "'classifier.linear.bias': value 0 is not finite");
    golden_close(g);
}

static void a_file_of_another_space_matches_less(void **state)
{
    (void)state;
    struct golden *g = golden_open("mbv3"), *other = golden_open("resnet");
    assert_true(import_matches(&g->file, &g->supernet) > 2 * import_matches(&other->file, &g->supernet));
    golden_close(g);
    golden_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_a_short_form),
        cmocka_unit_test(what_does_not_fit_is_named),
        cmocka_unit_test(a_value_that_is_not_finite_is_refused),
        cmocka_unit_test(a_file_of_another_space_matches_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
