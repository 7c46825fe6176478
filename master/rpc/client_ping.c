/* Whether the master is there, and for admins how it does itself: disk, store, backups. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/time.h"
#include "rpc/verbs.h"

enum { BACKUPS_LOOKED_AT = 10000 };

static uint64_t store_bytes(const char *state)
{
    char path[1200];
    struct stat st;
    snprintf(path, sizeof path, "%s/data.mdb", state);
    return stat(path, &st) ? 0 : (uint64_t)st.st_blocks * 512;
}

/* When the newest copy in the folder was written; 0: there is none. */
static int64_t newest_backup(const char *folder)
{
    int64_t newest = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return 0;
    unsigned n = 0;
    for (struct dirent *e; n < BACKUPS_LOOKED_AT && (e = readdir(dir)); n++) {
        char path[1400];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s/data.mdb", folder, e->d_name);
        if (e->d_name[0] != '.' && !stat(path, &st))
            newest = max_of(newest, (int64_t)st.st_mtim.tv_sec * SONATA_SECOND);
    }
    closedir(dir);
    return newest;
}

static Sonata__Caller *caller_message(const struct rpc_call *call)
{
    const struct rpc_caller *c = call->caller;
    Sonata__Caller *m = xmalloc(sizeof *m);
    sonata__caller__init(m);
    m->admin = c->admin;
    m->team = xstrdup(c->team);
    m->label = xstrdup(c->label);
    m->scope = xstrdup(token_scope_name(c->scope));
    m->search = c->search;
    m->expires_wall_ns = c->expires_wall_ns;
    m->keys = call->rpc->config.access != NULL;
    return m;
}

int client_ping(struct rpc_call *call)
{
    const struct rpc_config *config = &call->rpc->config;
    struct statvfs disk;
    call->reply->message.caller = caller_message(call);
    if (!call->caller->admin || call->caller->search || !config->state)
        return 0;
    Sonata__MasterStatus *m = xmalloc(sizeof *m);
    sonata__master_status__init(m);
    if (!statvfs(config->state, &disk)) {
        m->disk_free = (uint64_t)disk.f_bavail * disk.f_frsize;
        m->disk_size = (uint64_t)disk.f_blocks * disk.f_frsize;
    }
    m->started_wall_ns = (int64_t)config->incarnation;
    m->store_bytes = store_bytes(config->state);
    m->backups = config->backup_dir && config->backup_dir[0];
    m->backup_wall_ns = m->backups ? newest_backup(config->backup_dir) : 0;
    call->reply->message.master = m;
    return 0;
}
