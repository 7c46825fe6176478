/* See settings.h. */
#include "daemon/settings.h"

#include <errno.h>
#include <string.h>

#include "conf/program_options.h"

#define AT(member) offsetof(struct settings, member)

const struct option_def settings_table[] = {
    {.name = "state",
     .letter = 's',
     .type = OPTION_TEXT,
     .offset = AT(state),
     .argument = "DIR",
     .standard = "/var/lib/sonata",
     .help = "folder of the store; made when absent"},
    {.name = "worker-endpoint",
     .letter = 'w',
     .type = OPTION_TEXT,
     .offset = AT(worker_endpoint),
     .argument = "ENDPOINT",
     .standard = "tcp://127.0.0.1:7101",
     .help = "where workers connect: tcp://ADDRESS:PORT (port 0: any free) or ipc://PATH"},
    {.name = "client-endpoint",
     .letter = 'c',
     .type = OPTION_TEXT,
     .offset = AT(client_endpoint),
     .argument = "ENDPOINT",
     .standard = "tcp://127.0.0.1:7102",
     .help = "where clients connect"},
    {.name = "security",
     .type = OPTION_CHOICE,
     .offset = AT(security),
     .argument = "KIND",
     .standard = "auto",
     .choices = "auto|curve|none",
     .help =
         "curve: both ports are encrypted and only listed keys may connect; none: whoever can connect may do everything; auto: curve when a port is "
         "tcp, none when both are ipc"},
    OPTION_ROW_CONFIG(struct settings, 'f', "read options from FILE first"),
    OPTION_ROW_LOG_LEVEL(struct settings),
    OPTION_ROW_LOG_JSON(struct settings),
    {.name = "heartbeat",
     .type = OPTION_DURATION,
     .offset = AT(heartbeat_ns),
     .argument = "TIME",
     .standard = "2s",
     .help = "how often workers give a sign of life"},
    {.name = "suspect",
     .type = OPTION_DURATION,
     .offset = AT(suspect_ns),
     .argument = "TIME",
     .standard = "6s",
     .help = "silence after which a worker gets no new jobs"},
    {.name = "offline",
     .type = OPTION_DURATION,
     .offset = AT(offline_ns),
     .argument = "TIME",
     .standard = "15s",
     .help = "silence after which its boards count as offline"},
    {.name = "lease",
     .type = OPTION_DURATION,
     .offset = AT(lease_ns),
     .argument = "TIME",
     .standard = "30s",
     .help = "silence after which its jobs are given to others"},
    {.name = "grace",
     .type = OPTION_DURATION,
     .offset = AT(grace_ns),
     .argument = "TIME",
     .standard = "60s",
     .help = "added to running leases after a restart of the master"},
    {.name = "backoff",
     .type = OPTION_DURATION,
     .offset = AT(backoff_ns),
     .argument = "TIME",
     .standard = "5s",
     .help = "delay before a job that failed is tried again; doubles each time"},
    {.name = "time-limit",
     .type = OPTION_DURATION,
     .offset = AT(time_limit_ns),
     .argument = "TIME",
     .standard = "10m",
     .min = 1,
     .max = 86400,
     .help = "longest time one attempt may take on a board",
     .reloadable = true},
    {.name = "retry-infra",
     .type = OPTION_INT,
     .offset = AT(max_infra),
     .argument = "N",
     .standard = "3",
     .min = 0,
     .max = 1000000,
     .help = "tries again after a failed board"},
    {.name = "retry-invalid",
     .type = OPTION_INT,
     .offset = AT(max_invalid),
     .argument = "N",
     .standard = "3",
     .min = 0,
     .max = 1000000,
     .help = "tries again after a measurement under wrong conditions"},
    {.name = "retry-bug",
     .type = OPTION_INT,
     .offset = AT(max_bug),
     .argument = "N",
     .standard = "1",
     .min = 0,
     .max = 1000000,
     .help = "tries again after a result that makes no sense"},
    {.name = "prefetch",
     .type = OPTION_INT,
     .offset = AT(prefetch),
     .argument = "N",
     .standard = "1",
     .min = 0,
     .max = SCHED_SLOTS_MAX - 1,
     .help = "jobs leased to a board ahead of time, so that it never waits for the disk of the master"},
    {.name = "quarantine",
     .type = OPTION_DURATION,
     .offset = AT(quarantine_ns),
     .argument = "TIME",
     .standard = "5m",
     .min = 0,
     .max = 86400,
     .help = "no jobs for a board without canaries that failed three different ones; 3 and 12 times as long when it goes on failing; 0: never"},
    {.name = "queue",
     .type = OPTION_INT,
     .offset = AT(queue),
     .argument = "N",
     .standard = "256",
     .min = 10,
     .max = 1000000,
     .help = "messages that may wait for one connection"},
    {.name = "queue-bytes",
     .type = OPTION_NUMBER,
     .offset = AT(queue_bytes),
     .argument = "BYTES",
     .standard = "16Mi",
     .min = 4194304,
     .max = 1e12,
     .help = "bytes that may wait for one worker, or for all connections of one client key; what is beyond is dropped"},
    {.name = "connections",
     .type = OPTION_INT,
     .offset = AT(connections),
     .argument = "N",
     .standard = "20000",
     .min = 0,
     .max = 1000000,
     .help = "connections open at a time on each port, further ones are closed at once; 0: as many as there are descriptors"},
    {.name = "connections-per-address",
     .type = OPTION_INT,
     .offset = AT(per_address),
     .argument = "N",
     .standard = "5000",
     .min = 0,
     .max = 1000000,
     .help = "of them from one IP address; 0: no limit of their own"},
    {.name = "connection-rate",
     .type = OPTION_INT,
     .offset = AT(address_rate),
     .argument = "N",
     .standard = "200",
     .min = 0,
     .max = 1000000,
     .help = "new connections a second from one IP address to each port, after a burst of as many as it may have open; further ones are closed "
             "before their "
             "handshake; 0: no limit"},
    {.name = "worker-rate",
     .type = OPTION_NUMBER,
     .offset = AT(worker_rate),
     .argument = "N",
     .standard = "5000",
     .min = 0,
     .max = 1e9,
     .help = "messages a second one worker's connection may send, twice as many at once; 0: no limit",
     .reloadable = true},
    {.name = "client-rate",
     .type = OPTION_NUMBER,
     .offset = AT(client_rate),
     .argument = "N",
     .standard = "1000",
     .min = 0,
     .max = 1e9,
     .help = "requests a second of one client key, twice as many at once; 0: no limit",
     .reloadable = true},
    {.name = "byte-rate",
     .type = OPTION_NUMBER,
     .offset = AT(byte_rate),
     .argument = "BYTES",
     .standard = "64Mi",
     .min = 0,
     .max = 1e13,
     .help = "bytes a second to and from one worker, from one client, four times as many at once; a peer beyond a limit is not listened to for 10 s; "
             "0: no limit",
     .reloadable = true},
    {.name = "keep-samples",
     .type = OPTION_DURATION,
     .offset = AT(keep_samples_ns),
     .argument = "TIME",
     .standard = "0s",
     .min = 0,
     .max = 1e9,
     .help = "age after which the raw samples of measurements are dropped (720h: a month); 0: never",
     .reloadable = true},
    {.name = "samples-max",
     .type = OPTION_NUMBER,
     .offset = AT(samples_max),
     .argument = "BYTES",
     .standard = "0",
     .min = 0,
     .max = 1e15,
     .help = "while measurements take more than this in the store, raw samples are dropped, oldest first, but none of the last hour; 0: no limit",
     .reloadable = true},
    {.name = "keep-events",
     .type = OPTION_DURATION,
     .offset = AT(keep_events_ns),
     .argument = "TIME",
     .standard = "0s",
     .min = 0,
     .max = 1e9,
     .help = "time after the end of a search when its event log is dropped: it can still be extended, but no longer be replayed; 0: never",
     .reloadable = true},
    {.name = "upload-reserve",
     .type = OPTION_NUMBER,
     .offset = AT(upload_reserve),
     .argument = "BYTES",
     .standard = "256Mi",
     .min = 0,
     .max = 1e15,
     .help = "room on the store's disk that uploads leave for results: one that would take it is refused",
     .reloadable = true},
    {.name = "artefacts-max",
     .type = OPTION_NUMBER,
     .offset = AT(artefacts_max),
     .argument = "BYTES",
     .standard = "16Gi",
     .min = 0,
     .max = 1e15,
     .help = "model files kept beside the store; beyond it the oldest go that no search under way and no front needs; 0: no limit",
     .reloadable = true},
    {.name = "searches",
     .type = OPTION_INT,
     .offset = AT(searches),
     .argument = "N",
     .standard = "1000",
     .min = 1,
     .max = 100000,
     .help = "searches that may be unfinished at the same time",
     .reloadable = true},
    {.name = "commit-retry",
     .type = OPTION_DURATION,
     .offset = AT(commit_retry_ns),
     .argument = "TIME",
     .standard = "1s",
     .help = "pause before a failed write of the store is tried again",
     .reloadable = true},
    {.name = "hang-limit",
     .type = OPTION_DURATION,
     .offset = AT(hang_limit_ns),
     .argument = "TIME",
     .standard = "600s",
     .min = 0,
     .max = 1e9,
     .help = "an event loop that does not turn for so long ends the process with SIGABRT, for whoever keeps it running to start it again; 0: never"},
    {.name = "map-size",
     .type = OPTION_NUMBER,
     .offset = AT(map_size),
     .argument = "BYTES",
     .standard = "64Mi",
     .min = 65536,
     .max = 1e13,
     .help = "first size of the store's memory map; it grows by itself"},
    OPTION_ROW_READY_FD(struct settings, "the two endpoints"),
    OPTION_ROW_EXIT_WITH_PARENT(struct settings),
    {.name = "exit-with",
     .type = OPTION_INT,
     .offset = AT(exit_with),
     .argument = "PID",
     .standard = "0",
     .min = 0,
     .max = INT32_MAX,
     .help = "the same, said by the process itself: PID is its number, and when it has ended before, nothing is begun"},
    {.name = "check",
     .type = OPTION_FLAG,
     .offset = AT(check),
     .help = "verify the store, print what is in it and what is wrong, and exit (0: sound)"},
    {.name = "backup",
     .type = OPTION_TEXT,
     .offset = AT(backup),
     .argument = "FOLDER",
     .help = "copy the store (a master may be running on it) to FOLDER, which can be started from, and exit"},
    {.name = "backup-dir",
     .type = OPTION_TEXT,
     .offset = AT(backup_dir),
     .argument = "DIR",
     .standard = "",
     .help = "where `sonata backup` puts copies of the store; default: the folder backups in the state folder"},
    {.name = "replay",
     .type = OPTION_INT,
     .offset = AT(replay),
     .argument = "SEARCH",
     .standard = "0",
     .min = 0,
     .max = 9e15,
     .help = "run the event log of a search again from its start, compare every proposal, and exit (0: identical)"},
    {.name = "check-config", .type = OPTION_FLAG, .offset = AT(check_config), .help = "verify the options and exit"},
    {.name = "dump-config", .type = OPTION_FLAG, .offset = AT(dump_config), .help = "print the options in force, as a configuration file, and exit"},
    OPTION_ROW_HELP(struct settings),
    OPTION_ROW_VERSION(struct settings),
    {0}};

int settings_read(struct settings *s, int argc, char **argv, struct sonata_error *err)
{
    int rest;
    *s = (struct settings){0};
    options_defaults(settings_table, s);
    int r = options_environment(settings_table, "SONATA_MASTER", s, err);
    if (!r)
        r = options_parse(settings_table, argc, argv, s, &rest, err);
    if (!r && rest < argc)
        r = sonata_error_set(err, -EINVAL, "'%s': only options are expected", argv[rest]);
    if (r || !s->config)
        return r;
    const char *path = s->config;
    struct bytes keep = {0};
    options_defaults(settings_table, s);
    r = options_file(settings_table, path, s, &keep, err);
    s->keep = keep;
    if (!r)
        r = options_environment(settings_table, "SONATA_MASTER", s, err);
    if (!r)
        r = options_parse(settings_table, argc, argv, s, &rest, err);
    return r;
}

struct engine_config settings_run_config(const struct settings *s)
{
    struct engine_config c = engine_config_default();
    c.sched.heartbeat_ns = s->heartbeat_ns;
    c.sched.suspect_ns = s->suspect_ns;
    c.sched.offline_ns = s->offline_ns;
    c.sched.lease_ns = s->lease_ns;
    c.sched.grace_ns = s->grace_ns;
    c.sched.backoff_ns = s->backoff_ns;
    c.sched.max_infra = (uint32_t)s->max_infra;
    c.sched.max_invalid = (uint32_t)s->max_invalid;
    c.sched.max_bug = (uint32_t)s->max_bug;
    c.sched.prefetch = (uint32_t)s->prefetch;
    c.time_limit_ns = s->time_limit_ns;
    c.commit_retry_ns = s->commit_retry_ns;
    c.keep_samples_ns = s->keep_samples_ns;
    c.quarantine_ns = s->quarantine_ns;
    c.samples_max = (uint64_t)s->samples_max;
    c.keep_events_ns = s->keep_events_ns;
    c.upload_reserve = (uint64_t)s->upload_reserve;
    c.artefacts_max = (uint64_t)s->artefacts_max;
    c.searches_max = (uint32_t)s->searches;
    return c;
}

int settings_check(const struct settings *s, struct sonata_error *err)
{
    struct engine_config c = settings_run_config(s);
    int r = sched_config_check(&c.sched, err);
    if (!r && !s->state[0])
        r = sonata_error_set(err, -EINVAL, "--state: a folder is expected");
    const char *const endpoint[] = {s->worker_endpoint, s->client_endpoint};
    for (int i = 0; i < 2 && !r; i++) {
        if (strncmp(endpoint[i], "tcp://", 6) && strncmp(endpoint[i], "ipc://", 6))
            r = sonata_error_set(err, -EINVAL, "endpoint '%s': tcp://ADDRESS:PORT or ipc://PATH is expected", endpoint[i]);
    }
    return r;
}

static size_t size_of(enum option_type type)
{
    if (type == OPTION_FLAG)
        return sizeof(bool);
    return type == OPTION_NUMBER ? sizeof(double) : sizeof(int64_t);
}

static bool is_text(enum option_type type) { return type == OPTION_TEXT || type == OPTION_CHOICE; }

void settings_reload(struct settings *s, const struct settings *next, void (*other)(const char *name))
{
    for (const struct option_def *d = settings_table; d->name; d++) {
        if (option_same(d, s, next))
            continue;
        if (!d->reloadable)
            other(d->name);
        else if (!is_text(d->type))
            memcpy((char *)s + d->offset, (const char *)next + d->offset, size_of(d->type));
    }
}

void settings_fini(struct settings *s) { bytes_fini(&s->keep); }
