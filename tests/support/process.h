/* Child processes of a test: they die with the test, log to a file, and are ended by signal. */
#ifndef SONATA_TESTS_SUPPORT_PROCESS_H
#define SONATA_TESTS_SUPPORT_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* How many times as long as in an ordinary build something may take before it counts as hung. Every wait below includes it. */
#ifdef SONATA_SANITIZED
enum { TEST_PATIENCE = 4 };
#else
enum { TEST_PATIENCE = 1 };
#endif

/* Descriptors that programs started from now on may have; 0: as many as we. */
extern unsigned process_descriptors;
/* Starts argv[0] (a path) with stdout and stderr appended to log. Returns the pid; aborts when it cannot fork. */
pid_t process_start(const char *const argv[], const char *log);
/* SIGKILL and reap. */
void process_kill(pid_t pid);
/* SIGTERM, waits up to timeout_ms (then SIGKILL). Exit status, or 128 + signal. */
int process_stop(pid_t pid, int timeout_ms);
/* Waits up to timeout_ms; -1: still running. */
int process_wait(pid_t pid, int timeout_ms);
/* Runs to the end; exit status as above. */
int process_run(const char *const argv[], const char *log, int timeout_ms);
/* First child of a process; 0: none. */
pid_t process_child_of(pid_t pid);
/* Waits up to timeout_ms until a process of somebody else has ended, its status fetched or not. false: it still runs. */
bool process_is_gone(pid_t pid, int timeout_ms);
/* rm -r of a test folder below /tmp or /dev/shm; refuses anything else. */
void remove_folder(const char *folder);

#endif
