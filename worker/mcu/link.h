/* SONATA's extension of the device protocol (docs/MCU.md): a network over the line, exact ticks and int8 logits.
 * Errors beside those of mcu/tiny.h: -ENOTSUP stock firmware without the extension, -ENOSPC the network does not fit (err begins with
 * "infeasible:"). */
#ifndef SONATA_MCU_LINK_H
#define SONATA_MCU_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "firmware/blob.h"
#include "mcu/tiny.h"

struct link_info {
    uint32_t extension, format;
    uint32_t tick_hz;
    uint32_t blob_max, arena_max; /* what the firmware has room for */
    uint32_t chunk;               /* raw bytes of one transfer */
    uint32_t flash_code, ram_runtime;
};

enum link_framing { LINK_BINARY, LINK_HEX };

/* The last inference in device ticks, and its logits. */
struct link_result {
    uint32_t n;
    uint64_t total, min, max; /* ticks: of all n, of the shortest and the longest */
    uint32_t tick_hz;
    unsigned n_logits;
    int8_t logit[Q8_OUTPUT_MAX];
};

/* Asks the board what it is and can. -EREMOTEIO: firmware without our extension; others with the reason. */
int link_info_get(struct tiny *t, struct link_info *ret_info, struct sonata_error *err) SONATA_MUST_CHECK;
/* Sends a blob (header fields are trusted only after the board's own check). A broken chunk is sent again, up to 3 times. */
int link_upload(struct tiny *t, const struct link_info *info, const void *blob, size_t size, enum link_framing framing,
                struct sonata_error *err) SONATA_MUST_CHECK;
/* Ticks and outputs of the last run. -EREMOTEIO and others with what the board said. */
int link_result_get(struct tiny *t, struct link_result *ret_result, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
