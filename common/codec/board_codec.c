/* Events of boards. What decides something (names, times, numbers) is checked; the text is for people and is made fit instead. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "codec/codec_internal.h"

static void take_loosely(char *dst, size_t size, const char *text, bool lines)
{
    copy_string(dst, size, text);
    for (char *p = dst; *p; p++) {
        if (iscntrl((unsigned char)*p) && !(lines && *p == '\n'))
            *p = ' ';
    }
}

static int check_numbers(const struct board_event *e, struct sonata_error *err)
{
    if (e->wall_ns < 0)
        return sonata_error_set(err, -EINVAL, "event of board %s: its time is before 1970", e->board);
    if (!isfinite(e->latency_us) || e->latency_us < 0 || !isfinite(e->reference_us) || e->reference_us < 0)
        return sonata_error_set(err, -EINVAL, "event of board %s: a latency is not a number of at least 0", e->board);
    if (e->invalid_from_wall_ns < 0 || e->invalid_to_wall_ns < e->invalid_from_wall_ns)
        return sonata_error_set(err, -EINVAL, "event of board %s: the time of bad results ends before it begins", e->board);
    return 0;
}

int board_event_from_message(const Sonata__BoardEvent *m, struct board_event *ret_event, struct sonata_error *err)
{
    struct board_event e = {.sequence = m->sequence,
                            .wall_ns = m->wall_ns,
                            .latency_us = m->latency_us,
                            .reference_us = m->reference_us,
                            .invalid_from_wall_ns = m->invalid_from_wall_ns,
                            .invalid_to_wall_ns = m->invalid_to_wall_ns};
    int r = wire_take_text(e.board, sizeof e.board, m->board, true, false, "board", err);
    if (!r)
        r = wire_take_text(e.kind, sizeof e.kind, m->kind, true, false, "kind of event", err);
    if (!r)
        r = wire_take_text(e.state, sizeof e.state, m->state, false, false, "state of a board", err);
    if (!r)
        r = check_numbers(&e, err);
    if (r)
        return r;
    take_loosely(e.text, sizeof e.text, m->text, false);
    take_loosely(e.fingerprint, sizeof e.fingerprint, m->fingerprint, true);
    *ret_event = e;
    return 0;
}

Sonata__BoardEvent *board_event_to_message(const struct board_event *e)
{
    Sonata__BoardEvent *m = xmalloc(sizeof *m);
    sonata__board_event__init(m);
    m->sequence = e->sequence;
    m->board = wire_give_text(e->board);
    m->wall_ns = e->wall_ns;
    m->kind = wire_give_text(e->kind);
    m->state = wire_give_text(e->state);
    m->text = wire_give_text(e->text);
    m->latency_us = e->latency_us;
    m->reference_us = e->reference_us;
    m->fingerprint = wire_give_text(e->fingerprint);
    m->invalid_from_wall_ns = e->invalid_from_wall_ns;
    m->invalid_to_wall_ns = e->invalid_to_wall_ns;
    return m;
}
