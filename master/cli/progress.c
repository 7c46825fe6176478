/* See progress.h. Plain lines come when something changed and 10 s have passed, and at every change of state, so that a log of an hour has a few
 * hundred lines, not ten thousand. */
#include "cli/progress.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

enum { LINE_EVERY_S = 10, SAMPLE_EVERY_MS = 500, SAME_FAILURE_S = 60 };

static unsigned terminal_columns(FILE *out)
{
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        return size.ws_col;
    return 100;
}

void progress_init(struct progress *p, FILE *out, bool quiet)
{
    *p = (struct progress){.out = out, .quiet = quiet};
    const char *term = getenv("TERM");
    p->terminal = isatty(fileno(out)) && term && strcmp(term, "dumb");
    p->columns = p->terminal ? terminal_columns(out) : PROGRESS_LINE_MAX - 1;
}

double progress_rate(const struct progress *p)
{
    if (p->n < 2)
        return 0;
    unsigned last = (p->n - 1) % PROGRESS_SAMPLES, first = p->n > PROGRESS_SAMPLES ? p->n % PROGRESS_SAMPLES : 0;
    double seconds = (double)(p->time_ns[last] - p->time_ns[first]) * 1e-9;
    return seconds > 0 ? (p->told[last] - p->told[first]) / seconds : 0;
}

static void remember(struct progress *p, uint32_t told, int64_t now)
{
    if (p->n && now - p->time_ns[(p->n - 1) % PROGRESS_SAMPLES] < SAMPLE_EVERY_MS * SONATA_MS)
        return;
    if (p->n && told < p->told[(p->n - 1) % PROGRESS_SAMPLES])
        p->n = 0; /* another search, or a master that came back */
    p->time_ns[p->n % PROGRESS_SAMPLES] = now;
    p->told[p->n++ % PROGRESS_SAMPLES] = told;
    if (p->n == 2 * PROGRESS_SAMPLES)
        p->n = PROGRESS_SAMPLES; /* same slots, so the ring goes on */
}

/* "host measuring latency" of one board, "3 boards: 2 busy, 1 offline" of several. */
static void format_boards(const struct results_board *board, size_t n, char text[96])
{
    size_t busy = 0, offline = 0;
    if (n == 0) {
        copy_string(text, 96, "waiting for a board");
        return;
    }
    if (n == 1) {
        const char *doing = board->phase[0] ? board->phase : board->state;
        const char *what = board->online ? doing : "offline";
        snprintf(text, 96, "%.40s %.40s", board->id, what);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        offline += !board[i].online;
        busy += board[i].online && !strcmp(board[i].state, "busy");
    }
    struct text_builder t = text_begin(text, 96);
    text_add(&t, "%zu boards: %zu busy", n, busy);
    if (offline)
        text_add(&t, ", %zu offline", offline);
}

/* The nearer of the two ends; -1: unknown. */
static int64_t time_left(const struct progress *p, const struct results_status *s, int64_t budget_wall_ns)
{
    double rate = progress_rate(p);
    int64_t left = -1;
    if (rate > 0 && s->budget >= s->told)
        left = (int64_t)((s->budget - s->told) / rate * 1e9);
    if (budget_wall_ns > 0) {
        int64_t wall = budget_wall_ns > s->active_ns ? budget_wall_ns - s->active_ns : 0;
        left = left < 0 ? wall : min_of(wall, left);
    }
    return left;
}

void progress_format(const struct progress *p, const struct results_status *s, int64_t budget_wall_ns, const struct results_board *board,
                     size_t n_boards, char text[PROGRESS_LINE_MAX])
{
    char boards[96], left[16], rate[32] = "";
    format_boards(board, n_boards, boards);
    double r = progress_rate(p);
    if (r > 0)
        snprintf(rate, sizeof rate, " · %.*f/s", r < 10 ? 2 : 0, r);
    struct text_builder t = text_begin(text, PROGRESS_LINE_MAX);
    text_add(&t, "%u/%u evaluations · front %u · hypervolume %.4f%s", s->told, s->budget, s->front_size, s->hypervolume, rate);
    int64_t ns = time_left(p, s, budget_wall_ns);
    bool running = !strcmp(s->state, "running"), moves = running && !s->hold[0];
    if (moves && ns >= 0) {
        format_duration(ns, left);
        text_add(&t, " · %s left", left);
    }
    if (!running)
        text_add(&t, " · %s", s->state);
    if (s->hold[0])
        text_add(&t, " · %s", s->reason);
    else if (running)
        text_add(&t, " · %s", boards);
}

/* Cuts UTF-8 text to that many characters. */
static void cut(char *text, unsigned columns)
{
    unsigned n = 0;
    for (char *c = text; *c; c++) {
        if (((unsigned char)*c & 0xc0) != 0x80 && n++ == columns) {
            *c = 0;
            return;
        }
    }
}

void progress_update(struct progress *p, const struct results_status *s, int64_t budget_wall_ns, const struct results_board *board, size_t n_boards,
                     int64_t now)
{
    char line[PROGRESS_LINE_MAX];
    remember(p, s->told, now);
    if (p->quiet)
        return;
    bool new_state = strcmp(p->last_state, s->state) || strcmp(p->last_hold, s->hold), again = now - p->last_line_ns >= LINE_EVERY_S * SONATA_SECOND;
    progress_failure(p, &s->failure, now);
    progress_format(p, s, budget_wall_ns, board, n_boards, line);
    if (p->terminal) {
        cut(line, p->columns - 1);
        fprintf(p->out, "\r\033[K%s", line);
        p->shown = true;
    } else if (new_state || (s->told != p->last_told && again)) {
        fprintf(p->out, "%s\n", line);
        p->last_line_ns = now;
        p->last_told = s->told;
    }
    copy_string(p->last_state, sizeof p->last_state, s->state);
    copy_string(p->last_hold, sizeof p->last_hold, s->hold);
    fflush(p->out);
}

void progress_failure(struct progress *p, const struct results_failure *f, int64_t now)
{
    bool same = !strcmp(p->failure, f->reason);
    if (!f->reason[0] || f->wall_ns == p->failure_wall_ns || (same && now - p->failure_shown_ns < SAME_FAILURE_S * SONATA_SECOND))
        return;
    p->failure_wall_ns = f->wall_ns;
    p->failure_shown_ns = now;
    copy_string(p->failure, sizeof p->failure, f->reason);
    progress_note(p, "the evaluator failed on board %s: %s", f->board, f->reason);
    for (const char *line = f->output; *line; line += strcspn(line, "\n"), line += *line == '\n')
        progress_note(p, "  | %.*s", (int)strcspn(line, "\n"), line);
}

void progress_note(struct progress *p, const char *format, ...)
{
    va_list args;
    if (p->shown)
        fputs("\r\033[K", p->out);
    p->shown = false;
    va_start(args, format);
    vfprintf(p->out, format, args);
    va_end(args);
    fputc('\n', p->out);
    fflush(p->out);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fputc('\n', p->out);
    p->shown = false;
    fflush(p->out);
}
