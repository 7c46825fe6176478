/* Raspberry Pi 5: the PMIC's converters through `vcgencmd pmic_read_adc`.
 *
 * P = sum of current x voltage over the rails that have both, matched by stem; EXT5V_V and BATT_V are voltages only and no rails. One read costs
 * about 23 ms of firmware time (zeus#273), so 10 Hz is the limit. The sum leaves out regulator losses and the 5 V USB loads: scope `rails`, never
 * more. A Pi 4 answers `error=1 error_msg="Command not registered"`: it has no current sensing. */
#include "power/power_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "process/process.h"

struct pmic_sensor {
    struct power_sensor base;
    struct power_config config;
    struct command_line tool;
    unsigned n_rails;
    char rail[POWER_RAILS_MAX][POWER_NAME_MAX];
};

struct reading {
    char stem[POWER_NAME_MAX];
    double amp, volt;
    bool has_amp, has_volt;
};

/* "     VDD_CORE_A current(7)=0.81260000A" */
static bool parse_line(const char *line, size_t n, char stem[POWER_NAME_MAX], char *ret_kind, double *ret_value)
{
    const char *end = line + n;
    while (line < end && (*line == ' ' || *line == '\t'))
        line++;
    size_t word = 0;
    while (line + word < end && line[word] != ' ')
        word++;
    const char *equals = memchr(line, '=', (size_t)(end - line));
    if (!equals || word < 3 || word - 2 >= POWER_NAME_MAX || line[word - 2] != '_' || (line[word - 1] != 'A' && line[word - 1] != 'V'))
        return false;
    char number[40];
    size_t length = (size_t)(end - equals - 1);
    if (!length || length >= sizeof number)
        return false;
    memcpy(number, equals + 1, length);
    number[length] = '\0';
    char *stop;
    double v = strtod(number, &stop);
    if (stop == number || (*stop != 'A' && *stop != 'V'))
        return false;
    memcpy(stem, line, word - 2);
    stem[word - 2] = '\0';
    *ret_kind = line[word - 1];
    *ret_value = v;
    return true;
}

static struct reading *reading_of(struct reading *list, size_t *n, const char *stem)
{
    for (size_t i = 0; i < *n; i++)
        if (!strcmp(list[i].stem, stem))
            return &list[i];
    if (*n == 2 * (size_t)POWER_RAILS_MAX)
        return NULL;
    list[*n] = (struct reading){0};
    copy_string(list[*n].stem, POWER_NAME_MAX, stem);
    return &list[(*n)++];
}

int pmic_parse(const char *text, double *ret_mw, unsigned *ret_n_rails, char names[][POWER_NAME_MAX], struct sonata_error *err)
{
    struct reading list[2 * POWER_RAILS_MAX];
    size_t n = 0;
    if (strstr(text, "error=1"))
        return sonata_error_set(err, -ENODEV, "pmic_read_adc is not known to this firmware (only a Pi 5 measures its rails): %.100s", text);
    for (const char *p = text; *p;) {
        size_t length = strcspn(p, "\r\n");
        char stem[POWER_NAME_MAX], kind;
        double v;
        struct reading *r;
        if (parse_line(p, length, stem, &kind, &v) && (r = reading_of(list, &n, stem))) {
            *(kind == 'A' ? &r->amp : &r->volt) = v;
            *(kind == 'A' ? &r->has_amp : &r->has_volt) = true;
        }
        p += length;
        p += strspn(p, "\r\n");
    }
    double watt = 0;
    unsigned rails = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i].has_amp && !list[i].has_volt)
            return sonata_error_set(err, -EBADMSG, "pmic_read_adc: rail %s has a current but no voltage", list[i].stem);
        if (!list[i].has_amp || rails == POWER_RAILS_MAX)
            continue;
        watt += list[i].amp * list[i].volt;
        if (names)
            copy_string(names[rails], POWER_NAME_MAX, list[i].stem);
        rails++;
    }
    if (!rails)
        return sonata_error_set(err, -EBADMSG, "pmic_read_adc: no rail in the answer: %.100s", text);
    *ret_mw = watt * 1e3;
    *ret_n_rails = rails;
    return 0;
}

static int ask(struct pmic_sensor *s, int64_t *ret_t_ns, double *ret_mw, unsigned *ret_n, struct sonata_error *err)
{
    const char *argv[COMMAND_ARGS_MAX + 2];
    size_t n = 0;
    for (; n < s->tool.n; n++)
        argv[n] = s->tool.argv[n];
    argv[n++] = "pmic_read_adc";
    argv[n] = NULL;
    struct process_limits limits = {.time_ns = 2 * SONATA_SECOND, .output_max = 16384};
    struct process_result result;
    int64_t begin = clock_monotonic_ns();
    int r = process_run(argv, &limits, &result, err);
    if (r)
        return r == -ENOENT ? sonata_error_set(err, -ENODEV, "%s is not installed", argv[0]) : r;
    *ret_t_ns = begin + (clock_monotonic_ns() - begin) / 2;
    if (result.end != PROCESS_EXITED)
        r = sonata_error_set(err, -EIO, "%s pmic_read_adc: %s", argv[0], process_end_name(result.end));
    else
        r = pmic_parse((const char *)result.out.data, ret_mw, ret_n, s->n_rails ? NULL : s->rail, err);
    process_result_fini(&result);
    return r;
}

static void pmic_close(struct power_sensor *sensor)
{
    struct pmic_sensor *s = (struct pmic_sensor *)sensor;
    command_fini(&s->tool);
    free(s);
}

static int pmic_open(const struct power_config *config, struct power_sensor **ret_sensor, struct sonata_error *err)
{
    struct pmic_sensor *s = xcalloc(1, sizeof *s);
    s->base.ops = &power_pmic;
    s->config = *config;
    int64_t t;
    double mw;
    unsigned n = 0;
    int r = command_parse(config->command[0] ? config->command : "vcgencmd", &s->tool, err);
    if (!r && s->tool.n == COMMAND_ARGS_MAX)
        r = sonata_error_set(err, -E2BIG, "the vcgencmd command line is too long");
    if (!r)
        r = ask(s, &t, &mw, &n, err);
    if (r) {
        pmic_close(&s->base);
        return r;
    }
    s->n_rails = n;
    *ret_sensor = &s->base;
    return 0;
}

static void pmic_describe(const struct power_sensor *sensor, struct power_description *d)
{
    const struct pmic_sensor *s = (const struct pmic_sensor *)sensor;
    copy_string(d->sensor, sizeof d->sensor, "rpi5-pmic");
    d->scope = POWER_SCOPE_RAILS;
    d->kind = POWER_KIND_POWER;
    d->max_hz = 10;
    d->n_rails = s->n_rails;
    memcpy(d->rail, s->rail, sizeof d->rail);
    power_apply_config(&s->config, d);
}

static int pmic_read(struct power_sensor *sensor, int64_t *ret_t_ns, double *ret_mw, struct sonata_error *err)
{
    struct pmic_sensor *s = (struct pmic_sensor *)sensor;
    unsigned n = 0;
    int64_t t;
    double mw;
    int r = ask(s, &t, &mw, &n, err);
    if (r)
        return r;
    if (n != s->n_rails)
        return sonata_error_set(err, -EBADMSG, "pmic_read_adc: %u rails, %u when opened", n, s->n_rails);
    *ret_t_ns = t;
    *ret_mw = mw;
    return 0;
}

const struct power_ops power_pmic = {.name = "pmic", .open = pmic_open, .describe = pmic_describe, .read = pmic_read, .close = pmic_close};
