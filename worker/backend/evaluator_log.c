/* See evaluator_log.h. A bucket of EVALUATOR_LOG_BURST bytes that fills with EVALUATOR_LOG_RATE; what does not fit is counted and left out, so an
 * evaluator that floods its stderr fills neither the disk nor the journal, and is never stopped by it. */
#define _GNU_SOURCE /* close_range */
#include "backend/evaluator_log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"

static void keep_tail(struct evaluator_log *log, const char *p, size_t n)
{
    uint64_t at = atomic_load(&log->written);
    for (size_t i = n > EVALUATOR_LOG_TAIL ? n - EVALUATOR_LOG_TAIL : 0; i < n; i++)
        log->tail[(at + i) % EVALUATOR_LOG_TAIL] = p[i];
    atomic_store(&log->written, at + n);
}

struct bucket {
    int64_t filled_ns;
    uint64_t bytes, left_out;
};

static void fill(struct bucket *b)
{
    int64_t now = clock_monotonic_ns();
    uint64_t more = (uint64_t)((double)(now - b->filled_ns) / 1e9 * EVALUATOR_LOG_RATE);
    if (!more)
        return;
    b->bytes = b->bytes + more < EVALUATOR_LOG_BURST ? b->bytes + more : EVALUATOR_LOG_BURST;
    b->filled_ns = now;
}

static void pass_on(struct bucket *b, const char *p, size_t n)
{
    char note[80];
    fill(b);
    if (b->left_out && b->bytes > EVALUATOR_LOG_RATE) {
        int k = snprintf(note, sizeof note, "\n[sonata: %llu bytes of the evaluator's log left out]\n", (unsigned long long)b->left_out);
        (void)!write(2, note, (size_t)k);
        b->left_out = 0;
    }
    size_t take = b->left_out ? 0 : n;
    take = take < b->bytes ? take : (size_t)b->bytes;
    if (take)
        (void)!write(2, p, take);
    b->bytes -= take;
    b->left_out += n - take;
}

static _Noreturn void relay(struct evaluator_log *log, int fd, pid_t parent)
{
    struct bucket bucket = {.filled_ns = clock_monotonic_ns(), .bytes = EVALUATOR_LOG_BURST};
    char chunk[4096];
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(fd, 0) < 0)
        _exit(1);
    close_range(3, ~0U, 0);
    signal(SIGTERM, SIG_DFL);
    for (;;) {
        ssize_t n = read(0, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        keep_tail(log, chunk, (size_t)n);
        pass_on(&bucket, chunk, (size_t)n);
    }
    atomic_store(&log->ended, true);
    _exit(0);
}

pid_t evaluator_log_start(struct evaluator_log *log, int fd)
{
    pid_t parent = getpid();
    atomic_store(&log->ended, false);
    atomic_store(&log->written, 0);
    pid_t pid = fork();
    if (!pid)
        relay(log, fd, parent);
    return pid < 0 ? -errno : pid;
}

static char at(const struct evaluator_log *log, uint64_t i)
{
    char c = log->tail[i % EVALUATOR_LOG_TAIL];
    return (unsigned char)c < ' ' && c != '\n' ? ' ' : c;
}

void evaluator_log_last(struct evaluator_log *log, bool to_end, char *line, size_t size)
{
    for (int i = 0; to_end && i < 100 && !atomic_load(&log->ended); i++)
        clock_sleep_ns(2 * SONATA_MS);
    uint64_t end = atomic_load(&log->written), least = end > EVALUATOR_LOG_TAIL ? end - EVALUATOR_LOG_TAIL : 0;
    while (end > least && (at(log, end - 1) == '\n' || at(log, end - 1) == ' '))
        end--;
    uint64_t begin = end;
    while (begin > least && at(log, begin - 1) != '\n')
        begin--;
    size_t n = 0;
    for (uint64_t i = begin; i < end && n + 1 < size; i++)
        line[n++] = at(log, i);
    line[n] = '\0';
}

uint64_t evaluator_log_written(const struct evaluator_log *log) { return atomic_load(&log->written); }

void evaluator_log_lines(const struct evaluator_log *log, uint64_t since, char *lines, size_t size)
{
    char text[EVALUATOR_LOG_TAIL];
    uint64_t end = atomic_load(&log->written), before;
    for (int i = 0; i < 10; i++) { /* until nothing comes for 5 ms */
        before = end;
        clock_sleep_ns(5 * SONATA_MS);
        end = atomic_load(&log->written);
        if (end == before && (end > since || atomic_load(&log->ended)))
            break;
    }
    uint64_t least = end > EVALUATOR_LOG_TAIL ? end - EVALUATOR_LOG_TAIL : 0, begin = max_of(since, least);
    size_t n = 0;
    for (uint64_t i = begin; i < end; i++)
        text[n++] = log->tail[i % EVALUATOR_LOG_TAIL];
    text_last_lines(text, n, lines, size);
}
