/* Forests as a damaged store might hand them back: what is found in the blob must predict and have an ANOVA. The seal is set here, so that the
 * content is what is tried. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/forest_keep.h"

enum { GENES = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = {0};
    struct reader in = reader_of(data, size);
    (void)reader_u32(&in); /* the blob's header */
    uint64_t key = reader_u64(&in);
    struct forest f;
    static double importance[FOREST_GENES_MAX], value[FOREST_GENES_MAX][FOREST_VALUES];
    struct forest_gene gene[FOREST_GENES_MAX] = {{.domain = 0x1e}, {.domain = 0x1e, .ordinal = true}, {.domain = 0x1f, .absent = true}};
    if (in.bad || size < FOREST_KEEP_FRAME || size > 1 << 20)
        return 0;
    bytes_append(&b, data, size - 8);
    forest_keep_seal(&b);
    if (forest_keep_check(b.data, b.size) && forest_keep_find(b.data, b.size, key, GENES, &f)) {
        uint8_t row[FOREST_GENES_MAX] = {4, 1, 16};
        double mean, var;
        forest_predict(&f, row, &mean, &var);
        forest_anova(&f, gene, importance, value);
    }
    bytes_fini(&b);
    return 0;
}
