/* See backend_kind.h. */
#include "board_config/backend_kind.h"

#include <string.h>

static const struct {
    const char *name;
    bool measures, fresh, reloads;
} kinds[BACKEND_KINDS] = {
    [BACKEND_COMMAND] = {"command", true, false, true},      [BACKEND_ENGINE] = {"engine", true, true, false},
    [BACKEND_EVALUATOR] = {"evaluator", false, false, true}, [BACKEND_MCU] = {"mcu", false, false, false},
    [BACKEND_MODEL] = {"model", true, true, false},          [BACKEND_TABLE] = {"table", false, false, true},
};

const char *backend_kind_name(enum backend_kind kind) { return kinds[kind].name; }

bool backend_kind_find(const char *name, enum backend_kind *ret_kind)
{
    for (unsigned i = 0; i < BACKEND_KINDS; i++) {
        if (!strcmp(kinds[i].name, name)) {
            *ret_kind = (enum backend_kind)i;
            return true;
        }
    }
    return false;
}

const char *backend_kind_names(void) { return "command, engine, evaluator, mcu, model, table"; }

bool backend_kind_measures(enum backend_kind kind) { return kinds[kind].measures; }

bool backend_kind_fresh(enum backend_kind kind) { return kinds[kind].fresh; }

bool backend_kind_reloads(enum backend_kind kind) { return kinds[kind].reloads; }
