/* sonata boards: what the workers offer. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/text_table.h"

struct settings {
    struct cli_common common;
};

static const struct option_def options[] = {
    CLI_SERVER_OPTIONS(struct settings),
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

/* A team is not told what a board did for all. */
static void print_count(struct text_table *t, bool hidden, uint64_t n)
{
    if (hidden)
        text_table_cell(t, "-");
    else
        text_table_cell(t, "%llu", (unsigned long long)n);
}

static void print_boards(const struct results_board *board, size_t n)
{
    static const char *const heading[] = {"board", "type", "backend", "worker", "state", "done", "failed", "busy", "metrics", "doing"};
    struct text_table *t = text_table_new();
    for (size_t i = 0; i < 10; i++)
        text_table_column(t, heading[i], i >= 5 && i <= 7);
    for (size_t i = 0; i < n; i++) {
        const struct results_board *b = &board[i];
        text_table_cell(t, "%s", b->id);
        text_table_cell(t, "%s", b->type);
        text_table_cell(t, "%s", b->backend);
        text_table_cell(t, "%s", b->worker);
        text_table_cell(t, "%s", b->online ? b->state : "offline");
        print_count(t, b->anonymous, b->done);
        print_count(t, b->anonymous, b->failed);
        text_table_cell(t, "%.0f%%", 100 * b->busy_share);
        text_table_cell(t, "%s", b->metrics);
        text_table_cell(t, "%s", b->phase[0] ? b->phase : b->detail);
    }
    text_table_print(t, stdout);
    text_table_free(t);
    if (!n)
        puts("no boards; start a worker: sonata-worker --master ENDPOINT");
}

int cmd_boards(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, options, &s, argc, argv, 0, 0, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_free struct results_board *board = xcalloc(RESULTS_BOARDS_MAX, sizeof *board);
    size_t n = 0;
    int r = session_open_common(&s.common, &session, &err);
    if (!r)
        r = results_fetch_boards(session, board, RESULTS_BOARDS_MAX, &n, &err);
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
