/* Options of sonata-master. */
#ifndef SONATA_DAEMON_SETTINGS_H
#define SONATA_DAEMON_SETTINGS_H

#include "base/bytes.h"
#include "base/error.h"
#include "conf/options.h"
#include "run/engine.h"

struct settings {
    const char *state, *worker_endpoint, *client_endpoint, *security, *config, *log_level, *backup, *backup_dir;
    int64_t replay, exit_with;
    bool log_json, check, check_config, dump_config, exit_with_parent, help, version;
    int64_t ready_fd;
    int64_t heartbeat_ns, suspect_ns, offline_ns, lease_ns, grace_ns, backoff_ns, time_limit_ns, commit_retry_ns, keep_samples_ns, keep_events_ns,
        quarantine_ns, hang_limit_ns;
    int64_t max_infra, max_invalid, max_bug, prefetch, queue, searches, connections, per_address, address_rate;
    double map_size, samples_max, upload_reserve, artefacts_max, queue_bytes, worker_rate, client_rate, byte_rate;
    struct bytes keep; /* text of the configuration file */
};

extern const struct option_def settings_table[];

/* defaults < file < environment (SONATA_MASTER_…) < flags. */
int settings_read(struct settings *s, int argc, char **argv, struct sonata_error *err) SONATA_MUST_CHECK;
/* -EINVAL when times are not in order etc. */
int settings_check(const struct settings *s, struct sonata_error *err) SONATA_MUST_CHECK;
/* What the engine takes of the settings. */
struct engine_config settings_run_config(const struct settings *s);
/* Takes over from `next` what may change while the master runs (`reloadable` in the table) and hands the rest to `other`, by name, when it differs.
 * Text is not taken over, so `next` may go. */
void settings_reload(struct settings *s, const struct settings *next, void (*other)(const char *name));
/* Releases what it holds. */
void settings_fini(struct settings *s);

#endif
