/* What every command of the device needs: lines to the host, and time. */
#include "firmware/device_internal.h"

#include <stddef.h>

void device_line(struct device *d, struct text *t)
{
    d->port->write(d->port->context, t->data, t->n);
    d->port->write(d->port->context, "\r\n", 2);
    t->n = 0;
}

void device_say(struct device *d, const char *s)
{
    d->port->write(d->port->context, s, text_length(s));
    d->port->write(d->port->context, "\r\n", 2);
}

uint64_t device_now(struct device *d)
{
    uint32_t ticks = d->port->ticks(d->port->context);

    d->now += (uint32_t)(ticks - d->last_ticks);
    d->last_ticks = ticks;
    return d->now;
}

uint32_t device_microseconds(const struct device *d, uint64_t ticks)
{
    uint32_t hz = d->port->tick_hz, rest;
    uint64_t seconds = text_divide(ticks, hz, &rest);

    return (uint32_t)(seconds * 1000000u + text_divide((uint64_t)rest * 1000000u, hz, NULL));
}
