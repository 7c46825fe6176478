/* A data set's two IDX files in one input: a little-endian u16 says how many bytes belong to the pictures. */
#include <stdint.h>

#include "runtime/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t cut = (size_t)data[0] | (size_t)data[1] << 8;
    data += 2;
    size -= 2;
    if (cut > size)
        cut = size;
    struct dataset_part part;
    uint16_t side;
    struct sonata_error err;
    if (!dataset_parse_part(&(struct idx_pair){data, data + cut, cut, size - cut}, "fuzz", &part, &side, &err))
        dataset_part_fini(&part);
    return 0;
}
