/* See board_event.h. */
#include "domain/board_event.h"

#include <string.h>

enum board_event_kind board_event_kind_named(const char *word)
{
    static const char *const name[BOARD_EVENT_OTHER] = {"state", "canary", "calibrated", "recovery", "admin"};
    enum board_event_kind k = BOARD_EVENT_STATE;
    while (k < BOARD_EVENT_OTHER && strcmp(word, name[k]))
        k++;
    return k;
}
