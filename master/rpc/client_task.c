/* Replay and backup as requests: start, and ask how it stands. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/memory.h"
#include "rpc/rpc_internal.h"

/* A backup's name becomes a folder's: nothing that leaves the folder of backups. */
static bool is_folder_name(const char *name)
{
    size_t n = strlen(name);
    if (n < 1 || n > 100 || name[0] == '.')
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
            return false;
    }
    return true;
}

static int start_backup(struct rpc *rpc, const struct rpc_caller *caller, const char *name, struct task **ret_task, struct rpc_reply *reply)
{
    char path[RPC_TASK_PATH_MAX], when[24];
    clock_format_utc(engine_wall(rpc->run), when);
    for (char *p = when; *p; p++)
        *p = *p == ':' ? '-' : *p;
    if (!name[0])
        name = when;
    if (!is_folder_name(name))
        return sonata_error_set(&reply->err, -EINVAL, "'%.100s' as a backup's name: letters, digits, '-', '_' and '.' are expected", name);
    if (mkdir(rpc->config.backup_dir, 0700) && errno != EEXIST)
        return sonata_error_set(&reply->err, -errno, "%s cannot be made: %s", rpc->config.backup_dir, strerror(errno));
    if ((size_t)snprintf(path, sizeof path, "%s/%s", rpc->config.backup_dir, name) >= sizeof path)
        return sonata_error_set(&reply->err, -ENAMETOOLONG, "the path of the backup is too long");
    int r = task_start(&rpc->tasks, TASK_BACKUP, 0, path, "", ret_task, &reply->err);
    if (!r && rpc->config.access) {
        char text[AUDIT_TEXT_MAX];
        snprintf(text, sizeof text, "backup to %.150s", (*ret_task)->path);
        access_audit(rpc->config.access, engine_wall(rpc->run), caller->label, text);
    }
    return r;
}

static Sonata__TaskStatus *status_message(const struct task *k)
{
    Sonata__TaskStatus *m = xmalloc(sizeof *m);
    sonata__task_status__init(m);
    m->id = k->id;
    m->kind = xstrdup(task_kind_name(k->kind));
    m->state = xstrdup(task_state_name(k->state));
    m->search = k->search;
    m->text = xstrdup(k->state == TASK_RUNNING ? "" : k->text);
    m->path = xstrdup(k->path);
    m->elapsed_ns = (k->state == TASK_RUNNING ? clock_monotonic_ns() : k->ended_ns) - k->started_ns;
    return m;
}

int client_task(struct rpc *rpc, const struct rpc_caller *caller, const Sonata__Task *verb, struct rpc_reply *reply)
{
    struct task *k = NULL;
    int r = 0;
    if (!strcmp(verb->action, "replay"))
        r = verb->search ? task_start(&rpc->tasks, TASK_REPLAY, verb->search, "", caller->team, &k, &reply->err)
                         : sonata_error_set(&reply->err, -EINVAL, "which search?");
    else if (!strcmp(verb->action, "backup"))
        r = start_backup(rpc, caller, verb->name, &k, reply);
    else if (strcmp(verb->action, "status"))
        r = sonata_error_set(&reply->err, -EINVAL, "'%.40s': replay, backup or status is expected", verb->action);
    else if (!(k = task_find(&rpc->tasks, verb->task)) || (!caller->admin && strcmp(k->owner, caller->team)))
        r = sonata_error_set(&reply->err, -ENOENT, "there is no such task (any more)");
    if (!r)
        reply->message.task = status_message(k);
    return r;
}
