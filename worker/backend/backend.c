/* The list of backends. */
#include "backend/backend.h"

const struct backend_ops *backend_of(enum backend_kind kind)
{
    static const struct backend_ops *const backends[BACKEND_KINDS] = {
        [BACKEND_COMMAND] = &backend_command, [BACKEND_ENGINE] = &backend_engine, [BACKEND_EVALUATOR] = &backend_evaluator,
        [BACKEND_MCU] = &backend_mcu,         [BACKEND_MODEL] = &backend_model,   [BACKEND_TABLE] = &backend_table};
    return backends[kind];
}
