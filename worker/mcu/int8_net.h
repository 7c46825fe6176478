/* An int8 network run on the host by the device's own kernels: the same logits bit for bit, so accuracy needs no board. */
#ifndef SONATA_MCU_INT8_NET_H
#define SONATA_MCU_INT8_NET_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "firmware/blob.h"

struct int8_net {
    void *blob;     /* aligned copy, owned */
    int8_t *arena;  /* owned */
};

/* Copies and checks the blob. -EBADMSG with the reason. Release with int8_net_fini(). */
int int8_net_init(struct int8_net *net, const void *blob, size_t size, struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void int8_net_fini(struct int8_net *net);
/* The header at the begin of the blob; lives as long as net. */
const struct q8_header *int8_net_header(const struct int8_net *net);

/* Quantises input_count floats to what the device's db buffer takes; NaN becomes the zero point. */
void int8_net_input(const struct int8_net *net, const float *picture, int8_t *ret_input);
/* Runs one quantised picture; logits has room for output_count values. */
void int8_net_run(struct int8_net *net, const int8_t *input, int8_t *ret_logits);
/* The class: the largest logit, the first of equals. *ret_tied (may be NULL) tells whether it was shared. */
unsigned int8_net_class(const struct int8_net *net, const int8_t *logits, int *ret_tied);

struct int8_accuracy {
    size_t correct, n, ties;
};
/* Runs n pictures (input_count floats each) and counts those with the class of label[i]. */
struct int8_accuracy int8_net_accuracy(struct int8_net *net, const float *pictures, const uint8_t *label, size_t n);

#endif
