/* A narrow supernet that PyTorch wrote (tests/golden/elastic/make.py), imported. */
#ifndef SONATA_TESTS_ELASTIC_GOLDEN_H
#define SONATA_TESTS_ELASTIC_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>

#include "checkpoint/checkpoint.h"
#include "conf/space_file.h"
#include "import/import.h"
#include "supernet/supernet.h"
#include "support/cmocka.h"

struct golden {
    struct space space;
    struct checkpoint file;
    struct supernet supernet;
};

static inline void golden_path(const char *name, const char *ending, char path[1024])
{
    snprintf(path, 1024, "%s/tests/golden/elastic/%s.%s", SONATA_SOURCE_DIR, name, ending);
}

/* Space and weights, nothing imported yet. Release with golden_close(). */
static inline struct golden *golden_open(const char *name)
{
    struct golden *g = test_calloc(1, sizeof *g);
    struct sonata_error err = {{0}};
    char path[1024];
    golden_path(name, "yaml", path);
    if (space_file_read(path, &g->space, &err))
        fail_msg("%s", err.text);
    golden_path(name, "pth", path);
    if (checkpoint_open(path, &g->file, &err) || supernet_init(&g->supernet, &g->space, &err))
        fail_msg("%s", err.text);
    return g;
}

static inline void golden_close(struct golden *g)
{
    supernet_fini(&g->supernet);
    checkpoint_fini(&g->file);
    test_free(g);
}

#endif
