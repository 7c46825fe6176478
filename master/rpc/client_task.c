/* Replay and backup as requests: start, and ask how it stands. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/memory.h"
#include "rpc/verbs.h"

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

static int answer(struct rpc_call *call, int rc, const struct task *k)
{
    if (!rc)
        call->reply->message.task = status_message(k);
    return rc;
}

int client_backup(struct rpc_call *call)
{
    struct rpc *rpc = call->rpc;
    struct sonata_error *err = &call->reply->err;
    char path[RPC_TASK_PATH_MAX], when[24];
    const char *name = call->request->task->name;
    clock_format_utc(engine_wall(rpc->run), when);
    for (char *p = when; *p; p++)
        *p = *p == ':' ? '-' : *p;
    if (!name[0])
        name = when;
    if (!is_folder_name(name))
        return sonata_error_set(err, -EINVAL, "'%.100s' as a backup's name: letters, digits, '-', '_' and '.' are expected", name);
    if (mkdir(rpc->config.backup_dir, 0700) && errno != EEXIST)
        return sonata_error_set(err, -errno, "%s cannot be made: %s", rpc->config.backup_dir, strerror(errno));
    if ((size_t)snprintf(path, sizeof path, "%s/%s", rpc->config.backup_dir, name) >= sizeof path)
        return sonata_error_set(err, -ENAMETOOLONG, "the path of the backup is too long");
    struct task *k = NULL;
    int rc = task_start(&rpc->tasks, &(struct task_request){TASK_BACKUP, 0, path, ""}, &k, err);
    return answer(call, rc, k);
}

int client_replay(struct rpc_call *call)
{
    uint64_t search = call->request->task->search;
    struct sonata_error *err = &call->reply->err;
    struct task *k = NULL;
    int rc = search ? task_start(&call->rpc->tasks, &(struct task_request){TASK_REPLAY, search, "", call->caller->team}, &k, err)
                    : sonata_error_set(err, -EINVAL, "which search?");
    return answer(call, rc, k);
}

/* A team's own tasks only: another's answers as one that does not exist. */
int client_task_status(struct rpc_call *call)
{
    const struct task *k = task_find(&call->rpc->tasks, call->request->task->task);
    bool sees = k && (call->caller->admin || !strcmp(k->owner, call->caller->team));
    return answer(call, sees ? 0 : sonata_error_set(&call->reply->err, -ENOENT, "there is no such task (any more)"), k);
}
