/* A file of trained weights brought in from elsewhere; every tensor that is small enough is read whole. */
#include <stdlib.h>

#include "base/memory.h"
#include "checkpoint/checkpoint.h"

enum { ELEMENTS_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct checkpoint c;
    struct sonata_error err = {""};
    if (checkpoint_parse(data, size, "fuzz.pth", &c, &err))
        return 0;
    for (size_t i = 0; i < c.n_tensors; i++) {
        size_t n = checkpoint_elements(&c.tensor[i]);
        if (n > ELEMENTS_MAX)
            continue;
        float *value = xcalloc(n + 1, sizeof *value);
        checkpoint_values(&c.tensor[i], value);
        free(value);
    }
    checkpoint_fini(&c);
    return 0;
}
