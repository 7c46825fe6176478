/* See torch_names.h. */
#include "import/torch_names.h"

#include <stdio.h>
#include <string.h>

static bool is_word(const char *word, size_t n, const char *text) { return strlen(text) == n && !memcmp(word, text, n); }

/* "blocks.N.conv.inverted_bottleneck…": the wrapper that newer code calls conv. */
static bool is_wrapper(const char *word, size_t n, const char *rest)
{
    static const char *const inside[] = {"inverted_bottleneck", "depth_conv", "point_linear"};
    if (is_word(word, n, "module") || is_word(word, n, "mobile_inverted_conv") || is_word(word, n, "last_conv"))
        return true;
    for (size_t i = 0; is_word(word, n, "conv") && i < sizeof inside / sizeof *inside; i++) {
        if (!strncmp(rest, inside[i], strlen(inside[i])))
            return true;
    }
    return false;
}

void torch_short_name(const char *name, char text[CHECKPOINT_NAME_MAX])
{
    const char *before = "";
    size_t n_before = 0, at = 0;
    for (const char *word = name; *word;) {
        size_t n = strcspn(word, ".");
        const char *rest = word + n + (word[n] == '.');
        bool repeated = n == n_before && !memcmp(word, before, n);
        if (!repeated && !is_wrapper(word, n, rest) && at + n + 2 < CHECKPOINT_NAME_MAX) {
            if (at)
                text[at++] = '.';
            memcpy(text + at, word, n);
            at += n;
        }
        before = word;
        n_before = n;
        word = rest;
    }
    text[at] = 0;
}

static bool has_blocks(enum elastic_kind k) { return k == ELASTIC_MBCONV || k == ELASTIC_BOTTLENECK; }

/* Blocks before this layer's, over all items that have some. */
static unsigned block_number(const struct elastic *e, const struct elastic_layer *l)
{
    unsigned n = l->block;
    for (unsigned i = 0; i < l->item; i++)
        n += has_blocks(e->item[i].kind) ? e->item[i].max_depth : 0;
    return n;
}

/* Where the item of a convolution outside blocks stands. */
enum where { BEFORE_BLOCKS, AFTER_BLOCKS, AFTER_MEAN };

static enum where where_of(const struct elastic *e, unsigned item)
{
    enum where w = BEFORE_BLOCKS;
    for (unsigned i = 0; i < item; i++) {
        if (e->item[i].kind == ELASTIC_MEAN)
            return AFTER_MEAN;
        if (has_blocks(e->item[i].kind))
            w = AFTER_BLOCKS;
    }
    return w;
}

/* Position of a convolution among those before the blocks. */
static unsigned stem_number(const struct elastic *e, const struct elastic_layer *l)
{
    unsigned n = l->block;
    for (unsigned i = 0; i < l->item; i++)
        n += e->item[i].kind == ELASTIC_CONV ? e->item[i].max_depth : 0;
    return n;
}

/* Names of the module that holds a layer. */
static unsigned modules(const struct elastic *e, const struct elastic_layer *l, char ret[TORCH_NAMES_MAX][CHECKPOINT_NAME_MAX])
{
    static const char *const part[ELASTIC_PARTS] = {[ELASTIC_EXPAND] = "inverted_bottleneck",
                                                    [ELASTIC_DEPTHWISE] = "depth_conv",
                                                    [ELASTIC_REDUCE] = "depth_conv.se.fc.reduce",
                                                    [ELASTIC_EXCITE] = "depth_conv.se.fc.expand",
                                                    [ELASTIC_PROJECT] = "point_linear",
                                                    [ELASTIC_FIRST] = "conv1",
                                                    [ELASTIC_SECOND] = "conv2",
                                                    [ELASTIC_THIRD] = "conv3",
                                                    [ELASTIC_SHORTCUT] = "shortcut"};
    if (l->op == ELASTIC_OP_LINEAR) {
        snprintf(ret[0], CHECKPOINT_NAME_MAX, "classifier.linear");
        return 1;
    }
    if (has_blocks(e->item[l->item].kind)) {
        snprintf(ret[0], CHECKPOINT_NAME_MAX, "blocks.%u.%s", block_number(e, l), part[l->part]);
        snprintf(ret[1], CHECKPOINT_NAME_MAX, "blocks.%u.downsample", block_number(e, l));
        return l->part == ELASTIC_SHORTCUT ? 2 : 1;
    }
    switch (where_of(e, l->item)) {
    case BEFORE_BLOCKS:
        snprintf(ret[0], CHECKPOINT_NAME_MAX, "first_conv");
        snprintf(ret[1], CHECKPOINT_NAME_MAX, "input_stem.%u", stem_number(e, l));
        snprintf(ret[2], CHECKPOINT_NAME_MAX, "input_stem.%u.conv", stem_number(e, l)); /* inside the module that adds its input */
        return 3;
    case AFTER_BLOCKS:
        snprintf(ret[0], CHECKPOINT_NAME_MAX, "final_expand_layer");
        snprintf(ret[1], CHECKPOINT_NAME_MAX, "feature_mix_layer");
        return 2;
    default:
        snprintf(ret[0], CHECKPOINT_NAME_MAX, "feature_mix_layer");
        return 1;
    }
}

static const char *ending_of(const struct elastic_layer *l, const char *tensor)
{
    static const char *const norm[][2] = {
        {"scale", "bn.weight"}, {"shift", "bn.bias"}, {"mean", "bn.running_mean"}, {"variance", "bn.running_var"}, {"bias", "bias"}};
    for (size_t i = 0; i < sizeof norm / sizeof *norm; i++) {
        if (!strcmp(tensor, norm[i][0]))
            return norm[i][1];
    }
    bool bare = l->op == ELASTIC_OP_LINEAR || l->part == ELASTIC_REDUCE || l->part == ELASTIC_EXCITE;
    return bare ? "weight" : "conv.weight";
}

unsigned torch_names(const struct elastic *e, const struct elastic_layer *l, const char *tensor, char ret_name[TORCH_NAMES_MAX][CHECKPOINT_NAME_MAX])
{
    unsigned n = modules(e, l, ret_name);
    const char *ending = ending_of(l, tensor);
    for (unsigned i = 0; i < n; i++) {
        char whole[CHECKPOINT_NAME_MAX + 32];
        snprintf(whole, sizeof whole, "%s.%s", ret_name[i], ending);
        torch_short_name(whole, ret_name[i]);
    }
    return n;
}

void torch_depthwise_name(const struct elastic *e, const struct elastic_layer *l, char text[CHECKPOINT_NAME_MAX])
{
    snprintf(text, CHECKPOINT_NAME_MAX, "blocks.%u.depth_conv.conv", block_number(e, l));
}

bool torch_is_ignored(const char *short_name)
{
    size_t n = strlen(short_name);
    static const char counter[] = "num_batches_tracked";
    return (n >= sizeof counter - 1 && !strcmp(short_name + n - (sizeof counter - 1), counter)) || strstr(short_name, "bn_tracking.") != NULL;
}
