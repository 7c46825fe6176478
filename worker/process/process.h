/* Runs one external program inside bounds: own process group, optional cgroup v2 leaf, limits on time, memory, tasks, file size and
 * output, no shell, no inherited descriptors, no new privileges. The call blocks, so it belongs in a child process or a thread,
 * never in the event loop. */
#ifndef SONATA_PROCESS_PROCESS_H
#define SONATA_PROCESS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/cpu.h"
#include "base/error.h"

enum { PROCESS_OUTPUT_DEFAULT = 1 << 20 };

/* Zero fields mean: no limit (memory, tasks, file size), the default (the others), unchanged (uid, core -> see below). */
struct process_limits {
    int64_t time_ns;     /* wall time until SIGTERM; 0: 60 s */
    int64_t grace_ns;    /* SIGTERM to SIGKILL; 0: 2 s */
    int64_t dead_ns;     /* SIGKILL to giving up (uninterruptible sleep); 0: 5 s */
    size_t output_max;   /* bytes kept of stdout and of stderr each (the last ones); 0: 1 MiB. 64 times that kills */
    uint64_t memory_max; /* bytes: memory.max of the leaf, else RLIMIT_DATA */
    unsigned tasks_max;  /* pids.max of the leaf; not enforced without a leaf */
    uint64_t file_max;   /* bytes of any one file it writes (RLIMIT_FSIZE) */
    unsigned uid, gid;   /* when uid is not 0 and we are root: run as this user */
    bool pin;            /* restrict to `cores` */
    struct core_set cores;
    const char *work_dir;      /* NULL: ours */
    const char *cgroup_parent; /* folder under which a leaf may be made (process_cgroup_find()); NULL: none */
    const char *const *env;    /* extra "K=V" entries, NULL-terminated; NULL: none. The rest of our environment is passed on */
    int cancel_fd;             /* readable means stop now; <= 0: none */
};

enum process_end {
    PROCESS_EXITED,    /* by itself: see exit_code */
    PROCESS_SIGNALLED, /* died by a signal that was not ours: see signal */
    PROCESS_TIMEOUT,
    PROCESS_OUTPUT, /* flooded its output */
    PROCESS_OOM,    /* the kernel killed it for memory (known with a leaf only) */
    PROCESS_CANCELED,
    PROCESS_STUCK, /* did not die of SIGKILL within dead_ns: the board needs recovery; pid still has to be reaped */
};
/* "exited", "timeout", … */
const char *process_end_name(enum process_end end);

struct process_result {
    enum process_end end;
    int exit_code, signal;
    pid_t pid;             /* of the leader; of use when STUCK */
    struct bytes out, err; /* zero-terminated (the zero is not counted); release with process_result_fini() */
    bool out_cut, err_cut; /* the beginning is missing */
    bool in_cgroup;
    int64_t duration_ns;
    long max_rss_kib; /* largest resident size of the leader, 0 unknown */
};

/* Runs argv (NULL-terminated, argv[0] looked up on PATH) to its end. 0: it ran, see ret_result; negative errno: it could not be
 * started (-ENOENT, -EACCES, …) with the reason. */
int process_run(const char *const *argv, const struct process_limits *limits, struct process_result *ret_result,
                struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void process_result_fini(struct process_result *r);

/* From now on orphans below this process become its children. */
void process_adopt_orphans(void);
/* Kills (SIGKILL) and reaps every child of this process but those in `keep`, and what becomes its child by that: 64 ms at most. How many it reaped.
 */
unsigned process_kill_strays(const pid_t *keep, size_t n_keep);

struct process_usage {
    unsigned below;    /* processes below it, at most 4095 are counted */
    uint64_t resident; /* bytes of all of them and itself; shared pages count once for each */
};
/* What a process and all below it take now. Not for several threads at a time. */
struct process_usage process_tree_usage(pid_t pid);

/* Reaps a leader that was STUCK. True when it is gone now. */
bool process_reap(pid_t pid);

/* Our own cgroup v2 folder into path[size] when leaves can be made there (mounted, writable); -ENOENT else. root is "" or a test's. */
int process_cgroup_find(const char *root, char *path, size_t size);

enum { COMMAND_ARGS_MAX = 64 };
/* Words of a configured command line. Blanks separate; '…' and "…" group; backslash escapes inside "…" and outside quotes. There are
 * no variables, globs, pipes or redirections. Release with command_fini(). */
struct command_line {
    char *text;
    size_t n;
    const char *argv[COMMAND_ARGS_MAX + 1];
};
/* -EINVAL: a quote is not closed, or there are no words; -E2BIG: too many. */
int command_parse(const char *text, struct command_line *ret_command, struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void command_fini(struct command_line *c);
/* Whether a command line can be read: the `check` of an option that is one. */
int command_check(const char *text, struct sonata_error *err);
/* Full path of a program on PATH (or of a path as it is) when it can be executed; false when there is none. */
bool command_find(const char *name, char *path, size_t size);

#endif
