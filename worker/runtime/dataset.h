/* Labelled picture sets in the IDX format of MNIST and Fashion-MNIST (plain or .gz), training and test part. */
#ifndef SONATA_RUNTIME_DATASET_H
#define SONATA_RUNTIME_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"

enum { DATASET_NAME_MAX = 64, DATASET_PATH_MAX = 1024 };

/* n square one-channel pictures as bytes and their labels, both owned. */
struct dataset_part {
    uint32_t n;
    uint8_t *pixels;            /* n * size * size, row major, 0 = background */
    uint8_t *labels;            /* n, each < classes */
};

struct dataset {
    char name[DATASET_NAME_MAX];
    uint16_t size, channels, classes;
    struct dataset_part train, test;
    uint8_t hash[HASH_SIZE];    /* of both parts' pixels and labels */
};

/* Loads NAME from $SONATA_DATASETS/NAME, /usr/local/share/datasets/NAME or /usr/share/datasets/NAME (the first folder that exists); a name
 * with a '/' is the folder itself. About 60 MB and 0.4 s for Fashion-MNIST: load once, children of fork() share the pages.
 * Errors name the file and the byte where it ends or lies; -ENOENT says which folders were tried and which package has the set. */
int dataset_load(const char *name, struct dataset *ret_dataset, struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void dataset_fini(struct dataset *d);

/* The bytes of two IDX files, unpacked. */
struct idx_pair {
    const uint8_t *images, *labels;
    size_t n_images, n_labels;
};
/* One part from its two files; `name` is used in errors. -EBADMSG with the byte. Fuzzed. Release it with dataset_part_fini(). */
int dataset_parse_part(const struct idx_pair *in, const char *name, struct dataset_part *ret_part, uint16_t *ret_size,
                       struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void dataset_part_fini(struct dataset_part *p);

/* Pictures as the networks read them: pixel / 255, NHWC, into out[count * size * size]. */
void dataset_pictures(const struct dataset *d, const struct dataset_part *p, uint32_t first, uint32_t count, float *out);
/* One picture, as dataset_pictures(). */
void dataset_picture(const struct dataset *d, const struct dataset_part *p, uint32_t index, float *out);

#endif
