/* A model file that stands for an architecture: made once by a board that builds, then run by any number of boards. Its content is its name. */
#ifndef SONATA_DOMAIN_ARTEFACT_H
#define SONATA_DOMAIN_ARTEFACT_H

#include <stdint.h>

enum { ARTEFACT_FORMAT_MAX = 16 };
#define ARTEFACT_BYTES_MAX (UINT64_C(512) << 20)

struct artefact {
    uint8_t hash[32]; /* BLAKE2b of the content; zero: none */
    uint64_t bytes;
    char format[ARTEFACT_FORMAT_MAX]; /* "onnx", or what its maker calls it: letters, digits, '.', '-', '_' */
};

/* How a board shall run it. */
struct artefact_run {
    uint32_t threads;  /* 0: as the board is configured */
    char executor[16]; /* "": as the board is configured */
};

/* What a board that builds supplies: the size of the file in bytes is the value, the file is the artefact of the measurement. */
#define METRIC_MODEL "model"

#endif
