/* See dataset.h. IDX (LeCun): big-endian magic 0x00000803 (pictures) or 0x00000801 (labels), the dimensions, then the bytes. */
#include "runtime/dataset.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"

enum { IMAGES_MAGIC = 0x803, LABELS_MAGIC = 0x801, IMAGES_HEADER = 16, LABELS_HEADER = 8, PICTURES_MAX = 10000000, SIZE_MAX_PIXELS = 512 };
#define PART_BYTES_MAX ((size_t)1 << 30)

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int check_images(const uint8_t *p, size_t n, const char *name, struct sonata_error *err)
{
    if (n < IMAGES_HEADER)
        return sonata_error_set(err, -EBADMSG, "%s: ends at byte %zu, inside the %d-byte header of an IDX picture file", name, n, IMAGES_HEADER);
    uint32_t count = be32(p + 4), rows = be32(p + 8), columns = be32(p + 12);
    if (be32(p) != IMAGES_MAGIC)
        return sonata_error_set(err, -EBADMSG, "%s: byte 0: magic number %08x, an IDX picture file has %08x", name, be32(p), IMAGES_MAGIC);
    if (!count || count > PICTURES_MAX)
        return sonata_error_set(err, -EBADMSG, "%s: byte 4: %u pictures, expected 1 to %d", name, count, PICTURES_MAX);
    if (rows != columns || rows < 4 || rows > SIZE_MAX_PIXELS)
        return sonata_error_set(err, -EBADMSG, "%s: byte 8: pictures of %u x %u, expected squares of 4 to %d", name, rows, columns, SIZE_MAX_PIXELS);
    size_t expected = IMAGES_HEADER + (size_t)count * rows * columns;
    if (n != expected)
        return sonata_error_set(err, -EBADMSG, "%s: ends at byte %zu in picture %zu of %u, %zu bytes were expected", name, n,
                                n < expected ? (n - IMAGES_HEADER) / ((size_t)rows * columns) : count, count, expected);
    return 0;
}

static int check_labels(const uint8_t *p, size_t n, uint32_t pictures, const char *name, struct sonata_error *err)
{
    if (n < LABELS_HEADER)
        return sonata_error_set(err, -EBADMSG, "%s labels: ends at byte %zu, inside the %d-byte header of an IDX label file", name, n, LABELS_HEADER);
    if (be32(p) != LABELS_MAGIC)
        return sonata_error_set(err, -EBADMSG, "%s labels: byte 0: magic number %08x, an IDX label file has %08x", name, be32(p), LABELS_MAGIC);
    if (be32(p + 4) != pictures)
        return sonata_error_set(err, -EBADMSG, "%s labels: byte 4: %u labels for %u pictures", name, be32(p + 4), pictures);
    if (n != LABELS_HEADER + (size_t)pictures)
        return sonata_error_set(err, -EBADMSG, "%s labels: ends at byte %zu, %zu were expected", name, n, LABELS_HEADER + (size_t)pictures);
    return 0;
}

int dataset_parse_part(const struct idx_pair *in, const char *name, struct dataset_part *ret_part, uint16_t *ret_size, struct sonata_error *err)
{
    int r = check_images(in->images, in->n_images, name, err);
    r = r ? r : check_labels(in->labels, in->n_labels, be32(in->images + 4), name, err);
    if (r)
        return r;
    *ret_part = (struct dataset_part){.n = be32(in->images + 4),
                                      .pixels = xmemdup(in->images + IMAGES_HEADER, in->n_images - IMAGES_HEADER),
                                      .labels = xmemdup(in->labels + LABELS_HEADER, in->n_labels - LABELS_HEADER)};
    *ret_size = (uint16_t)be32(in->images + 8);
    return 0;
}

void dataset_part_fini(struct dataset_part *p)
{
    free(p->pixels);
    free(p->labels);
    *p = (struct dataset_part){0};
}

void dataset_fini(struct dataset *d)
{
    dataset_part_fini(&d->train);
    dataset_part_fini(&d->test);
}

/* folder/file or folder/file.gz */
static int read_idx(const char *folder, const char *file, struct bytes *ret_data, struct sonata_error *err)
{
    char path[DATASET_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (!file_exists(path))
        snprintf(path, sizeof path, "%s/%s.gz", folder, file);
    return file_read(path, PART_BYTES_MAX, ret_data, err);
}

static int load_part(const char *folder, const char *prefix, struct dataset_part *part, uint16_t *size, struct sonata_error *err)
{
    char images_name[64], labels_name[64], name[DATASET_PATH_MAX + 64];
    snprintf(images_name, sizeof images_name, "%s-images-idx3-ubyte", prefix);
    snprintf(labels_name, sizeof labels_name, "%s-labels-idx1-ubyte", prefix);
    snprintf(name, sizeof name, "%s/%s", folder, images_name);
    struct bytes images = {0}, labels = {0};
    int r = read_idx(folder, images_name, &images, err);
    r = r ? r : read_idx(folder, labels_name, &labels, err);
    r = r ? r : dataset_parse_part(&(struct idx_pair){images.data, labels.data, images.size, labels.size}, name, part, size, err);
    bytes_fini(&images);
    bytes_fini(&labels);
    return r;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int find_folder(const char *name, char folder[DATASET_PATH_MAX], struct sonata_error *err)
{
    const char *own = getenv("SONATA_DATASETS");
    const char *const roots[] = {own ? own : "", "/usr/local/share/datasets", "/usr/share/datasets"};
    if (strchr(name, '/')) {
        copy_string(folder, DATASET_PATH_MAX, name);
        return is_folder(folder) ? 0 : sonata_error_set(err, -ENOENT, "data set folder '%s' does not exist", name);
    }
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        int n = snprintf(folder, DATASET_PATH_MAX, "%s/%s", roots[i], name);
        if (roots[i][0] && n < DATASET_PATH_MAX && is_folder(folder))
            return 0;
    }
    return sonata_error_set(err, -ENOENT, "data set '%s' is not in %s%s%s or %s; install the package dataset-%s or set SONATA_DATASETS", name,
                            roots[0], roots[0][0] ? ", " : "", roots[1], roots[2], name);
}

static void hash_dataset(struct dataset *d)
{
    uint8_t all[4 * HASH_SIZE];
    size_t pixels = (size_t)d->size * d->size;
    hash_content(d->train.pixels, d->train.n * pixels, all);
    hash_content(d->train.labels, d->train.n, all + HASH_SIZE);
    hash_content(d->test.pixels, d->test.n * pixels, all + 2 * HASH_SIZE);
    hash_content(d->test.labels, d->test.n, all + 3 * HASH_SIZE);
    hash_content(all, sizeof all, d->hash);
}

static uint16_t classes_of(const struct dataset_part *p)
{
    uint8_t max = 0;
    for (uint32_t i = 0; i < p->n; i++)
        max = p->labels[i] > max ? p->labels[i] : max;
    return (uint16_t)(max + 1);
}

int dataset_load(const char *name, struct dataset *ret_dataset, struct sonata_error *err)
{
    char folder[DATASET_PATH_MAX];
    struct dataset d = {.channels = 1};
    uint16_t test_size = 0;
    int r = find_folder(name, folder, err);
    r = r ? r : load_part(folder, "train", &d.train, &d.size, err);
    r = r ? r : load_part(folder, "t10k", &d.test, &test_size, err);
    if (!r && test_size != d.size)
        r = sonata_error_set(err, -EBADMSG, "%s: test pictures are %u wide, training pictures %u", folder, test_size, d.size);
    if (!r) {
        d.classes = classes_of(&d.train);
        if (classes_of(&d.test) > d.classes)
            r = sonata_error_set(err, -EBADMSG, "%s: the test part has labels that the training part does not", folder);
    }
    if (r) {
        dataset_fini(&d);
        return r;
    }
    const char *base = strrchr(name, '/');
    copy_string(d.name, sizeof d.name, base && base[1] ? base + 1 : name);
    hash_dataset(&d);
    *ret_dataset = d;
    return 0;
}

void dataset_picture(const struct dataset *d, const struct dataset_part *p, uint32_t index, float *out)
{
    size_t pixels = (size_t)d->size * d->size;
    const uint8_t *from = p->pixels + index * pixels;
    for (size_t i = 0; i < pixels; i++)
        out[i] = (float)from[i] * (1.0f / 255.0f);
}

void dataset_pictures(const struct dataset *d, const struct dataset_part *p, uint32_t first, uint32_t count, float *out)
{
    for (uint32_t i = 0; i < count; i++)
        dataset_picture(d, p, first + i, out + (size_t)i * d->size * d->size);
}
