/* See order.h. */
#include "board/order.h"

#include <stdio.h>
#include <string.h>

#include "board/preflight.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "process/process.h"

static const int64_t CHECK_NS = 30 * SONATA_SECOND, COOL_NS = 120 * SONATA_SECOND, EMULATED_NS = 300 * SONATA_SECOND, SLACK_NS = 10 * SONATA_SECOND;

static void say_no(struct board_answer *a, const char *text)
{
    a->ok = false;
    copy_string(a->text, sizeof a->text, text[0] ? text : "it failed without a reason");
}

void order_canary(const struct backend_ops *ops, void *backend, const struct board_config *config, bool timed, struct board_answer *ret_answer)
{
    static struct cpu_state before; /* 6 KiB; one canary per process */
    char reason[PREFLIGHT_REASON_MAX];
    struct sonata_error err = {0};
    *ret_answer = (struct board_answer){0};
    if (timed && board_config_measures(config) && !preflight(config, COOL_NS, &before, reason)) {
        say_no(ret_answer, reason);
        return;
    }
    int64_t start = clock_monotonic_ns();
    double us = 0;
    int r = ops->canary(backend, timed, &us, &err);
    if (!timed)
        us = (double)(clock_monotonic_ns() - start + 1) / 1e3;
    if (r || !(us > 0))
        say_no(ret_answer, err.text);
    else
        *ret_answer = (struct board_answer){.ok = true, .latency_us = us};
}

static void last_line(const struct bytes *text, char *line, size_t size)
{
    size_t n = text->size;
    while (n && (text->data[n - 1] == '\n' || text->data[n - 1] == ' '))
        n--;
    size_t begin = n;
    while (begin && text->data[begin - 1] != '\n')
        begin--;
    const char *last = n ? (const char *)text->data + begin : "";
    snprintf(line, size, "%.*s", (int)min_of(n - begin, size - 1), last);
}

void order_rung(const struct board_config *config, enum recovery_rung rung, struct board_answer *ret_answer)
{
    struct sonata_error err = {0};
    struct command_line command;
    struct process_result result;
    char board[BOARD_NAME_MAX + 16], line[100], text[200];
    *ret_answer = (struct board_answer){0};
    if (command_parse(config->health.recover[rung], &command, &err)) {
        say_no(ret_answer, err.text);
        return;
    }
    snprintf(board, sizeof board, "SONATA_BOARD=%s", config->id);
    const char *const env[] = {board, NULL};
    struct process_limits limits = {.time_ns = recovery_rung_limit_ns(rung), .env = env, .output_max = 1 << 16};
    int r = process_run(command.argv, &limits, &result, &err);
    if (r) {
        say_no(ret_answer, err.text);
    } else {
        last_line(result.err.size ? &result.err : &result.out, line, sizeof line);
        ret_answer->ok = result.end == PROCESS_EXITED && result.exit_code == 0;
        snprintf(text, sizeof text, "%.60s %s, code %d: %s", command.argv[0], process_end_name(result.end), result.exit_code, line);
        copy_string(ret_answer->text, sizeof ret_answer->text, text);
        process_result_fini(&result);
    }
    command_fini(&command);
}

int64_t order_limit_ns(const struct board_config *config, const struct health_order *order)
{
    if (order->kind == HEALTH_ORDER_RUNG)
        return recovery_rung_limit_ns(order->rung) + SLACK_NS;
    int64_t limit = CHECK_NS + (config->mcu.emulated ? EMULATED_NS : 0);
    if (config->backend == BACKEND_EVALUATOR) /* it may be asked for a whole architecture */
        limit += config->time_limit_ns > 0 ? config->time_limit_ns : BOARD_TIME_LIMIT_NS;
    if (order->timed)
        limit += 10 * config->health.canary_ns + (board_config_measures(config) ? COOL_NS : 0);
    return limit;
}
