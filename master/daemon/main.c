/* sonata-master: options, one-shot modes, then the daemon. Exit status: 0 fine, 1 failure or findings, 2 wrong usage; a look at the store that a
 * signal ended: 128 and its number. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/apart.h"
#include "daemon/master.h"
#include "daemon/settings.h"
#include "store/backup.h"
#include "store/verify.h"

enum { EXIT_USAGE = 2 };

static void print_help(void)
{
    printf("Usage: sonata-master [OPTION]…\n\nHolds architecture searches and gives their evaluations to the boards of its workers.\n\n");
    options_help(settings_table, stdout);
    printf("\nEvery option can be set by a file (--config) or the environment (SONATA_MASTER_WORKER_ENDPOINT=…); flags win.\n");
}

static void say(void *user, const char *line) { fprintf(user, "%s\n", line); }

static void say_problem(void *user, const char *line) { fprintf(user, "PROBLEM %s\n", line); }

/* Pages first: LMDB follows them blindly. */
static int check_job(void *arg)
{
    const struct settings *s = arg;
    struct sonata_error err = {{0}};
    struct store_options options = {.read_only = true};
    struct store *store;
    struct pages_counts pages;
    int r = store_verify(s->state, say_problem, stdout, &pages, &err);
    if (!r && pages.findings) {
        printf("%llu problems found in the pages of the store; what is on them was not looked at: restore a backup\n",
               (unsigned long long)pages.findings);
        return 1;
    }
    if (!r)
        r = store_open(s->state, &options, &store, &err);
    if (r) {
        fprintf(stderr, "sonata-master: %s\n", err.text);
        return 1;
    }
    printf("pages            %llu used, %llu free; %llu bytes of them hold nothing: damage there changes nothing, and is not told\n",
           (unsigned long long)pages.pages, (unsigned long long)pages.free, (unsigned long long)pages.room);
    uint64_t findings = engine_check(store, say, stdout);
    store_close(store);
    return findings ? 1 : 0;
}

static int back_up_job(void *arg)
{
    const struct settings *s = arg;
    struct sonata_error err = {{0}};
    if (store_backup(s->state, s->backup, &err)) {
        fprintf(stderr, "sonata-master: %s\n", err.text);
        return 1;
    }
    printf("%s is a copy of %s; verify it with: sonata-master --check --state %s\n", s->backup, s->state, s->backup);
    return 0;
}

static int replay_job(void *arg)
{
    const struct settings *s = arg;
    struct sonata_error err = {{0}};
    struct store_options options = {.read_only = true};
    struct store *store;
    uint64_t events;
    uint32_t proposals;
    int r = store_open(s->state, &options, &store, &err);
    if (!r) {
        r = engine_replay(store, (uint64_t)s->replay, &events, &proposals, &err);
        store_close(store);
    }
    if (r) {
        fprintf(stderr, "sonata-master: %s\n", err.text);
        return 1;
    }
    printf("search %lld: %llu events run again, %u proposals identical\n", (long long)s->replay, (unsigned long long)events, proposals);
    return 0;
}

enum { LOOK_NICE = 10 }; /* boards and the master go first */

static int look(struct settings *s, int (*job)(void *))
{
    if (s->exit_with) /* for a client of the master */
        (void)!setpriority(PRIO_PROCESS, 0, LOOK_NICE);
    int crashed, status = apart_run(s->state, job, s, &crashed);
    if (crashed)
        fprintf(stderr,
                "sonata-master: PROBLEM the look at %s was ended by signal %d: the store is damaged where the check of its pages does not see it\n",
                s->state, crashed);
    return status;
}

/* In every mode: what a killed master began must not go on without it. The parent may have died before prctl(). */
static bool tie_to_parent(pid_t parent) { return !prctl(PR_SET_PDEATHSIG, SIGTERM) && getppid() == parent; }

/* What the settings ask for: to look at something, or to serve. */
static int act(struct settings *s, int argc, char **argv)
{
    if (s->check_config)
        printf("the configuration is sound\n");
    else if (s->dump_config)
        options_dump(settings_table, s, stdout);
    else if (s->backup)
        return look(s, back_up_job);
    else if (s->replay)
        return look(s, replay_job);
    else if (s->check)
        return look(s, check_job);
    else
        return master_main(s, argc, argv);
    return 0;
}

int main(int argc, char **argv)
{
    pid_t parent = getppid();
    struct settings s;
    struct sonata_error err = {{0}};
    int r = settings_read(&s, argc, argv, &err);
    if (!r && (s.help || s.version)) {
        if (s.help)
            print_help();
        else
            printf("sonata-master %s\n", SONATA_VERSION);
        settings_fini(&s);
        return 0;
    }
    if (!r)
        r = settings_check(&s, &err);
    if (r) {
        fprintf(stderr, "sonata-master: %s\nTry 'sonata-master --help'.\n", err.text);
        settings_fini(&s);
        return EXIT_USAGE;
    }
    enum log_level level = LOG_INFO;
    if (log_level_parse(s.log_level, &level))
        level = LOG_INFO;
    log_init("sonata-master", level, s.log_json);
    int status = 0;
    if ((s.exit_with_parent || s.exit_with) && !tie_to_parent(s.exit_with ? (pid_t)s.exit_with : parent)) {
        fprintf(stderr, "sonata-master: the process that started this one has ended\n");
        status = 1;
    } else
        status = act(&s, argc, argv);
    settings_fini(&s);
    return status;
}
