/* The way of a message to the master. */
#include <errno.h>

#include "agent/agent_internal.h"

int agent_send(struct agent *a, Sonata__Envelope *e)
{
    if (!a->socket)
        return -EAGAIN;
    struct bytes out = {0};
    envelope_pack(e, &out);
    int r = out.size > WIRE_MESSAGE_MAX ? -EMSGSIZE : net_send(a->socket, NULL, out.data, out.size);
    bytes_fini(&out);
    return r;
}
