/* Host execution of the blob. */
#include "mcu/int8_net.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int int8_net_init(struct int8_net *net, const void *blob, size_t size, struct sonata_error *err)
{
    uint32_t layer = 0;
    enum q8_status status = Q8_BAD_SIZE;

    *net = (struct int8_net){0};
    if (size <= Q8_BLOB_MAX && size >= sizeof(struct q8_header)) {
        net->blob = xmemdup(blob, size);
        status = q8_check(net->blob, (uint32_t)size, Q8_ARENA_MAX, &layer);
    }
    if (status != Q8_OK) {
        int8_net_fini(net);
        return sonata_error_set(err, -EBADMSG, "int8 network refused: %s (layer %u)", q8_status_text(status), layer);
    }
    net->arena = xcalloc(int8_net_header(net)->arena_size, 1);
    return 0;
}

void int8_net_fini(struct int8_net *net)
{
    free(net->blob);
    free(net->arena);
    *net = (struct int8_net){0};
}

const struct q8_header *int8_net_header(const struct int8_net *net)
{
    return net->blob;
}

void int8_net_input(const struct int8_net *net, const float *picture, int8_t *ret_input)
{
    const struct q8_header *h = int8_net_header(net);

    for (uint32_t i = 0; i < h->input_count; i++) {
        float v = rintf(picture[i] / h->input_scale) + (float)h->input_zero;

        ret_input[i] = isnan(v) ? (int8_t)h->input_zero : (int8_t)fminf(fmaxf(v, -128), 127);
    }
}

void int8_net_run(struct int8_net *net, const int8_t *input, int8_t *ret_logits)
{
    const struct q8_header *h = int8_net_header(net);

    memcpy(net->arena + h->input, input, h->input_count);
    q8_run(net->blob, net->arena);
    memcpy(ret_logits, net->arena + h->output, h->output_count);
}

unsigned int8_net_class(const struct int8_net *net, const int8_t *logits, int *ret_tied)
{
    unsigned best = 0, n = int8_net_header(net)->output_count;
    int tied = 0;

    for (unsigned i = 1; i < n; i++) {
        if (logits[i] > logits[best]) {
            best = i;
            tied = 0;
        } else if (logits[i] == logits[best]) {
            tied = 1;
        }
    }
    if (ret_tied)
        *ret_tied = tied;
    return best;
}

struct int8_accuracy int8_net_accuracy(struct int8_net *net, const float *pictures, const uint8_t *label, size_t n)
{
    const struct q8_header *h = int8_net_header(net);
    struct int8_accuracy a = {.n = n};
    int8_t *input = xmalloc(h->input_count), logits[Q8_OUTPUT_MAX];

    for (size_t i = 0; i < n; i++) {
        int tied;

        int8_net_input(net, pictures + i * h->input_count, input);
        int8_net_run(net, input, logits);
        a.correct += int8_net_class(net, logits, &tied) == label[i];
        a.ties += tied != 0;
    }
    free(input);
    return a;
}
