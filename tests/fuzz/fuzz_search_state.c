/* Bytes of a saved search, as a damaged store might hand them back; what loads must be able to go on and save itself again. */
#include <stdlib.h>
#include <string.h>

#include "search/core.h"

static struct space two_genes(void)
{
    struct space s = {.name = "fuzz", .n_genes = 3};
    for (unsigned j = 0; j < s.n_genes; j++) {
        struct gene *g = &s.gene[j];
        *g = (struct gene){.n_choices = 4, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
        g->name[0] = (char)('a' + j);
        for (unsigned v = 0; v < 4; v++) {
            g->label[v][0] = (char)('0' + v);
            g->value[v] = v;
        }
    }
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct space space = two_genes();
    struct core *s = NULL;
    struct sonata_error err;
    if (size > 1 << 20 || core_load(&space, data, size, &s, &err))
        return 0;
    struct core_proposal p;
    if (core_ask(s, 1, &p) == 1 && !genotype_is_legal(&space, &p.genotype))
        abort();
    struct bytes out = {0};
    core_save(s, &out);
    bytes_fini(&out);
    core_free(s);
    return 0;
}
