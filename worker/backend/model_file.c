/* See model_file.h. */
#include "backend/model_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/medium.h"
#include "base/memory.h"
#include "base/part.h"

int model_scratch(const struct backend_job *job, char *path, size_t size, struct sonata_error *err)
{
    if (!job->model_folder || !job->model_folder[0] ||
        (size_t)snprintf(path, size, "%s/build-%llu", job->model_folder, (unsigned long long)job->job->attempt) >= size)
        return sonata_error_set(err, -EINVAL, "there is no folder for models");
    model_scratch_remove(path); /* of an earlier try */
    return mkdir(path, 0700) ? sonata_error_set(err, -errno, "%s: cannot be made: %s", path, strerror(errno)) : 0;
}

void model_scratch_remove(const char *path)
{
    char file[PART_PATH_MAX + 256];
    DIR *d = opendir(path);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && (size_t)snprintf(file, sizeof file, "%s/%s", path, e->d_name) < sizeof file)
            unlink(file);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

/* Piece by piece through part.h: hashed before it is copied, so what changes in between is refused. */
static int copy(const char *from, struct part *p, struct sonata_error *err)
{
    enum { PIECE = 1 << 16 };
    cleanup_free uint8_t *piece = xmalloc(PIECE);
    cleanup_fd int fd = open(from, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int r = fd < 0 || lseek(fd, (off_t)part_size(p), SEEK_SET) < 0 ? sonata_error_set(err, -errno, "%s: %s", from, strerror(errno)) : 0;
    while (!r) {
        ssize_t n = read(fd, piece, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? sonata_error_set(err, -errno, "%s: %s", from, strerror(errno)) : part_finish(p, err);
        r = part_append(p, piece, (size_t)n, err);
    }
    return r;
}

int model_take(const struct backend_job *job, const char *from, const char *format, struct measurement *m, struct sonata_error *err)
{
    struct artefact a = {.bytes = 0};
    struct part *part = NULL;
    char who[24];
    if (!name_is_valid(format, sizeof a.format))
        return sonata_error_set(err, -EINVAL, "the format of a model is a word of at most %d letters, not '%.40s'", ARTEFACT_FORMAT_MAX - 1, format);
    copy_string(a.format, sizeof a.format, format);
    int r = file_hash(from, ARTEFACT_BYTES_MAX, a.hash, &a.bytes, err);
    if (!r && !a.bytes)
        r = sonata_error_set(err, -EINVAL, "%s: it is empty", from);
    snprintf(who, sizeof who, "%llu", (unsigned long long)job->job->attempt);
    if (!r)
        r = part_open(job->model_folder, a.hash, a.bytes, who, &part, err);
    if (r)
        return r;
    r = copy(from, part, err);
    if (r)
        part_drop(part);
    else
        part_close(part);
    if (r)
        return r;
    m->artefact = a;
    measurement_add(m, METRIC_MODEL, (double)a.bytes, (double)a.bytes, (double)a.bytes, 0);
    return 0;
}
