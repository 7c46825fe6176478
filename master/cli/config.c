/* The client's configuration file: which master, which key, so that they need not be given every time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"

enum { CONFIG_PATH_MAX = 1024 };

struct file_settings {
    struct cli_common common;
};

static const struct option_def file_options[] = {
    CLI_MASTER_OPTIONS(struct file_settings),
    {0},
};

/* What the settings point into, for as long as the program runs. */
static struct {
    struct bytes text;
    char key[CONFIG_PATH_MAX];
} kept;

/* "": there is no home. */
static void find_path(char path[CONFIG_PATH_MAX])
{
    const char *given = getenv("SONATA_CLIENT_CONFIG"), *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    struct text_builder t = text_begin(path, CONFIG_PATH_MAX);
    if (given && given[0])
        text_add(&t, "%s", given);
    else if (xdg && xdg[0])
        text_add(&t, "%s/sonata/client.yaml", xdg);
    else if (home && home[0])
        text_add(&t, "%s/.config/sonata/client.yaml", home);
    if (t.cut)
        path[0] = '\0';
}

/* A key file is named from the folder of the configuration. */
static int place_key(const char *path, struct cli_common *common, struct sonata_error *err)
{
    const char *slash = strrchr(path, '/');
    if (!common->key || common->key[0] == '/' || !slash)
        return 0;
    struct text_builder t = text_begin(kept.key, sizeof kept.key);
    text_add(&t, "%.*s/%s", (int)(slash - path), path, common->key);
    if (t.cut)
        return sonata_error_set(err, -ENAMETOOLONG, "%s: the key file's name is too long", path);
    common->key = kept.key;
    return 0;
}

int cli_config_read(struct cli_common *common, struct sonata_error *err)
{
    char path[CONFIG_PATH_MAX];
    struct file_settings settings = {.common = *common};
    find_path(path);
    if (!path[0] || !file_exists(path))
        return 0;
    bytes_clear(&kept.text);
    int r = options_file(file_options, path, &settings, &kept.text, err);
    if (!r)
        r = place_key(path, &settings.common, err);
    if (!r)
        *common = settings.common;
    return r;
}
