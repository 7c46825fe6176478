/* sonata boards: what the workers offer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/text_table.h"

struct settings {
    struct cli_common common;
};

/* A team is not told what a board did for all. */
static void print_count(struct text_table *t, bool hidden, uint64_t n)
{
    if (hidden)
        text_table_cell(t, "-");
    else
        text_table_cell(t, "%llu", (unsigned long long)n);
}

/* "+0.4% 3m05s": how far the last canary was off its reference, and how long ago; of one that is not timed, whether the board answered. */
static void canary_text(const struct results_board *b, char text[40])
{
    char age[16];
    snprintf(text, 40, "-");
    if (!b->canary_wall_ns)
        return;
    format_duration(clock_wall_ns() - b->canary_wall_ns, age);
    if (b->canary_us > 0 && b->reference_us > 0)
        snprintf(text, 40, "%+.1f%% %s", 100 * (b->canary_us / b->reference_us - 1), age);
    else
        snprintf(text, 40, "%s %s", b->canary_us > 0 ? "answered" : "failed", age);
}

/* Each once: the boards it is about carry the same text. */
static void print_warnings(const struct results_board *board, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool said = !board[i].warning[0];
        for (size_t k = 0; k < i && !said; k++)
            said = !strcmp(board[k].warning, board[i].warning);
        if (!said)
            printf("warning: %s\n", board[i].warning);
    }
}

/* "ready (drain by alice: new fan)" */
static void print_state(struct text_table *t, const struct results_board *b)
{
    const char *state = b->online ? b->state : "offline";
    if (b->held[0])
        text_table_cell(t, "%s (%s%s%s)", state, b->held, b->held_why[0] ? " " : "", b->held_why);
    else
        text_table_cell(t, "%s", state);
}

static void print_boards(const struct results_board *board, size_t n)
{
    static const char *const heading[] = {"board", "type", "backend", "worker", "state", "done", "failed", "busy", "canary", "doing", "metrics"};
    struct text_table *t = text_table_new();
    for (size_t i = 0; i < 11; i++)
        text_table_column(t, heading[i], i >= 5 && i <= 8);
    for (size_t i = 0; i < n; i++) {
        const struct results_board *b = &board[i];
        text_table_cell(t, "%s", b->id);
        text_table_cell(t, "%s", b->type);
        text_table_cell(t, "%s", b->backend);
        text_table_cell(t, "%s", b->worker);
        print_state(t, b);
        print_count(t, b->anonymous, b->done);
        print_count(t, b->anonymous, b->failed);
        text_table_cell(t, "%.0f%%", 100 * b->busy_share);
        char canary[40];
        canary_text(b, canary);
        text_table_cell(t, "%s", canary);
        text_table_cell(t, "%s", b->phase[0] ? b->phase : b->detail);
        text_table_cell(t, "%s", b->metrics);
    }
    text_table_print(t, stdout);
    text_table_free(t);
    print_warnings(board, n);
    if (!n)
        puts("no boards; start a worker: sonata-worker --master ENDPOINT");
}

int cmd_boards(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_free struct results_board *board = NULL;
    size_t n = 0;
    int r = session_open_common(&s.common, &session, &err);
    if (!r)
        r = results_fetch_all_boards(session, &board, &n, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (!s.common.json) {
        print_boards(board, n);
        return CLI_OK;
    }
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, json_board(&board[i]));
    return json_print(list);
}
