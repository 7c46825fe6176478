/* Framed messages over a stream descriptor between the daemon, a board's process and its candidates: u32 length, u8 type, payload. */
#ifndef SONATA_BOARD_FRAME_H
#define SONATA_BOARD_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { FRAME_MAX = 4 << 20 };

enum frame_type {
    FRAME_CONFIG = 'C',  /* daemon -> board: struct board_config */
    FRAME_JOB = 'J',     /* daemon -> board: struct job_frame */
    FRAME_CANCEL = 'X',  /* daemon -> board: u64 attempt */
    FRAME_ORDER = 'H',   /* daemon -> board: struct health_order; answered by FRAME_ANSWER */
    FRAME_OFFER = 'O',   /* board -> daemon: struct board_offer */
    FRAME_ERROR = 'E',   /* board -> daemon: text; the board cannot work */
    FRAME_PHASE = 'P',   /* candidate -> board -> daemon: text */
    FRAME_KILLED = 'K',  /* board -> daemon: the candidate of the result that follows died or had to be killed */
    FRAME_DIED = 'D',    /* candidate -> board: text; why there will be no result, before it ends */
    FRAME_RESULT = 'R',  /* candidate -> board -> daemon: measurement bytes */
    FRAME_ANSWER = 'A',  /* child -> board -> daemon: struct board_answer */
};

/* Appends a frame. */
void frame_put(struct bytes *out, enum frame_type type, const void *payload, size_t n);
/* Writes a frame to a blocking descriptor. 0 or -errno. */
int frame_write(int fd, enum frame_type type, const void *payload, size_t n);

/* Incremental reader: feed bytes as they come, take whole frames off the front. */
struct frame_reader {
    struct bytes buffer;
    size_t used;    /* of the buffer's front, already taken */
    bool bad;       /* a length beyond FRAME_MAX: nothing more is taken */
};
/* Adds n bytes (copied); frames taken before become invalid. */
void frame_feed(struct frame_reader *r, const void *p, size_t n);
/* True with type and payload (valid until the next feed). */
bool frame_next(struct frame_reader *r, uint8_t *ret_type, const uint8_t **ret_payload, size_t *ret_n);
/* Releases what it holds. */
void frame_reader_fini(struct frame_reader *r);

#endif
