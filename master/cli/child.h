/* A program that runs beside the client: started, kept alive, ended in order. */
#ifndef SONATA_CLI_CHILD_H
#define SONATA_CLI_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum { CHILD_PATH_MAX = 1200, CHILD_ARGUMENTS_MAX = 128 };

struct child {
    const char *program;                 /* "sonata-master"; NULL: none, polling it does nothing */
    char *argument[CHILD_ARGUMENTS_MAX]; /* argv, owned */
    int n_arguments;
    char log[CHILD_PATH_MAX];    /* file that its output is appended to */
    pid_t pid;                   /* 0: not running */
    int64_t started, next_start; /* monotonic ns */
    unsigned quick_deaths;
    char event[200];
};

/* Appends a copy to argv. */
void child_add(struct child *c, const char *text);
/* The program beside this executable when it is there, else its bare name for $PATH. */
void child_locate(const char *program, char path[CHILD_PATH_MAX]);
/* In the child between fork and exec: only async-signal-safe calls. Does not return. */
void child_become(const struct child *c, const char *path, int log, pid_t parent);
/* Starts the program with its arguments, its output going to c->log. 0, or -errno: log or process could not be made. */
int child_start(struct child *c, struct sonata_error *err) SONATA_MUST_CHECK;
/* Starts it again when it died, with growing pauses. *ret_event is a line for people, or left as it is. -ECHILD: it dies again and again; err holds
 * the end of its log. */
int child_poll(struct child *c, const char **ret_event, struct sonata_error *err) SONATA_MUST_CHECK;
/* Waits for an end until the deadline (monotonic), then kills its group. */
void child_finish(struct child *c, int64_t deadline);
/* Releases the arguments. */
void child_fini(struct child *c);

#endif
