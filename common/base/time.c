/* Times for people. */
#include "base/time.h"

#include <math.h>
#include <stdio.h>

void format_duration(int64_t ns, char text[16])
{
    double s = (double)ns * 1e-9;
    if (s < 0)
        s = 0;
    if (s < 9.95)
        snprintf(text, 16, "%.1fs", s);
    else if (s < 59.5)
        snprintf(text, 16, "%.0fs", s);
    else if (s < 3600)
        snprintf(text, 16, "%dm%02ds", (int)s / 60, (int)s % 60);
    else if (s < 360000)
        snprintf(text, 16, "%dh%02dm", (int)(s / 3600), (int)(s / 60) % 60);
    else
        snprintf(text, 16, "%.0fd", fmin(s / 86400, 1e6));
}
