/* Who asks, and what it may see. See call.h. */
#include <string.h>

#include "base/memory.h"
#include "rpc/call.h"

bool caller_identify(const struct rpc *rpc, const char *user_id, struct rpc_caller *ret_caller)
{
    *ret_caller = (struct rpc_caller){.admin = true};
    if (!rpc->config.access)
        return true;
    const struct access_key *k = access_who(rpc->config.access, user_id);
    if (!k || k->role == ACCESS_WORKER)
        return false;
    ret_caller->admin = k->role == ACCESS_ADMIN;
    copy_string(ret_caller->team, sizeof ret_caller->team, k->team);
    copy_string(ret_caller->label, sizeof ret_caller->label, k->label);
    const struct team *team = access_team(rpc->config.access, k->team);
    copy_string(ret_caller->pool, sizeof ret_caller->pool, team && !team->share ? team->name : "");
    return true;
}

bool caller_sees(const struct rpc_caller *caller, const struct search_record *s) { return caller->admin || !strcmp(caller->team, s->team); }
