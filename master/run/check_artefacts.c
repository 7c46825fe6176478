/* `sonata-master --check`, model files: each record has its file with the content that its name says, each file its record. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/part.h"
#include "run/check_internal.h"

static bool path_of(const struct check *c, const char *name, char *path, size_t size)
{
    return (size_t)snprintf(path, size, "%s/" STORE_ARTEFACT_FOLDER "/%s", store_folder(c->store), name) < size;
}

bool check_artefact(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct artefact_record record;
    struct sonata_error err = {{0}};
    char hex[HASH_HEX], path[PART_PATH_MAX];
    uint8_t seen[HASH_SIZE];
    uint64_t bytes;
    if (n_key != HASH_SIZE || artefact_record_decode(value, n_value, &record)) {
        check_finding(c, "the record of a model file is damaged");
        return true;
    }
    hash_to_hex(key, HASH_SIZE, hex);
    if (!path_of(c, hex, path, sizeof path) || file_hash(path, record.bytes, seen, &bytes, &err))
        check_finding(c, "a model file is missing or cannot be read: %s: it is built again where it is needed", err.text);
    else if (bytes != record.bytes || memcmp(seen, key, HASH_SIZE))
        check_finding(c, "model file %s is damaged: remove it, and it is built again where it is needed", path);
    return true;
}

void check_artefact_folder(struct check *c)
{
    char path[PART_PATH_MAX];
    unsigned orphans = 0, parts = 0;
    DIR *d = path_of(c, "", path, sizeof path) ? opendir(path) : NULL;
    struct dirent *e;
    while (d && (e = readdir(d))) {
        uint8_t hash[HASH_SIZE];
        bool file = strlen(e->d_name) >= HASH_HEX - 1, whole = file && !hash_from_hex(e->d_name, hash);
        parts += file && !whole;
        orphans += whole && !check_has(c, STORE_ARTEFACT, key_bytes(hash, HASH_SIZE));
    }
    if (d)
        closedir(d);
    if (!orphans && !parts)
        return;
    snprintf(path, sizeof path, "%u model files without a record and %u parts of such: left by transfers, removed when they are a day old", orphans,
             parts);
    c->say(c->user, path);
}
