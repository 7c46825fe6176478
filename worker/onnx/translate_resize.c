/* Resize, and Upsample before it: nearest and linear, with the rules for places that ONNX has names for. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "onnx/reader_internal.h"

static int choose(const struct importer *m, const char *attribute, const char *fallback, const char *const *names, uint8_t *ret)
{
    for (uint8_t i = 0; names[i]; i++) {
        if (node_text_is(m, attribute, fallback, names[i])) {
            *ret = i;
            return 0;
        }
    }
    return sonata_error_set(m->err, -ENOTSUP,
                            "node '%.60s' (%s): this %s is not known; use nearest or linear with half_pixel, align_corners or asymmetric", m->label,
                            m->node->op_type, attribute);
}

static int modes(const struct importer *m, struct graph_node *n, bool old)
{
    static const char *const kinds[] = {"nearest", "linear", NULL};
    static const char *const places[] = {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn", NULL};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL};
    int r = choose(m, "mode", "nearest", kinds, &n->mode);
    if (r || old) { /* Upsample, and Resize of operator set 10 */
        n->coordinates = GRAPH_ASYMMETRIC;
        n->rounding = GRAPH_ROUND_FLOOR;
        return r;
    }
    r = choose(m, "coordinate_transformation_mode", "half_pixel", places, &n->coordinates);
    r = r ? r : choose(m, "nearest_mode", "round_prefer_floor", roundings, &n->rounding);
    if (!r && (node_attribute(m, "axes") || node_text_is(m, "keep_aspect_ratio_policy", "stretch", "not_larger") ||
               node_text_is(m, "keep_aspect_ratio_policy", "stretch", "not_smaller")))
        r = node_error(m, -ENOTSUP, "axes and keep_aspect_ratio_policy are not known; give a scale or size for every dimension");
    int64_t smooth;
    r = r ? r : node_int(m, "antialias", 0, &smooth);
    return !r && smooth ? node_error(m, -ENOTSUP, "antialias is not known") : r;
}

static int by_scales(const struct importer *m, struct graph_node *n, const float *scale, int64_t count)
{
    if (count != (int64_t)n->shape.rank)
        return node_error(m, -EINVAL, "one scale per dimension is needed");
    for (unsigned i = 0; i < n->shape.rank; i++) {
        double size = floor((double)n->shape.dim[i] * (double)scale[i]);
        if (!(scale[i] > 0) || !(size >= 1 && size <= (double)GRAPH_ELEMENTS_MAX))
            return node_error(m, -EINVAL, "a scale is out of range");
        n->scale[i] = (double)scale[i];
        n->shape.dim[i] = (int64_t)size;
    }
    return 0;
}

static int by_sizes(const struct importer *m, struct graph_node *n, unsigned input)
{
    const struct graph_tensor *t;
    int r = node_constant(m, input, &t);
    if (r)
        return r;
    if (t->type != GRAPH_I64 || graph_elements(&t->shape) != (int64_t)n->shape.rank)
        return node_error(m, -EINVAL, "one size per dimension is needed");
    for (unsigned i = 0; i < n->shape.rank; i++) {
        int64_t size = ((const int64_t *)t->data)[i];
        if (size < 1 || size > GRAPH_ELEMENTS_MAX || n->shape.dim[i] < 1)
            return node_error(m, -EINVAL, "a size is out of range");
        n->scale[i] = (double)size / (double)n->shape.dim[i];
        n->shape.dim[i] = size;
    }
    return 0;
}

static int sizes(const struct importer *m, struct graph_node *n, bool old)
{
    const Onnx__AttributeProto *a = node_attribute(m, "scales");
    const struct graph_tensor *t;
    unsigned at = old ? 1 : 2;
    if (a)
        return by_scales(m, n, a->floats, (int64_t)a->n_floats);
    bool empty = node_has(m, at) && !graph_elements(&node_input(m, at)->shape);
    if (!old && node_has(m, 3) && (empty || !node_has(m, 2)))
        return by_sizes(m, n, 3);
    int r = node_constant(m, at, &t);
    if (r)
        return r;
    return t->type == GRAPH_F32 ? by_scales(m, n, t->data, graph_elements(&t->shape)) : node_error(m, -EINVAL, "scales are float32");
}

int translate_resize(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x = node_input(m, 0);
    bool old = t->alpha > 0 || m->opset < 11;
    if (!x)
        return node_error(m, -EINVAL, "an input is missing");
    struct graph_node n = node_begin(m, t->op, 1, 1);
    n.shape = x->shape;
    int r = modes(m, &n, old);
    r = r ? r : sizes(m, &n, old);
    if (r) {
        graph_node_fini(&n);
        return r;
    }
    return node_finish(m, &n);
}
