/* See stamp.h. */
#include "backend/stamp.h"

#include <sys/stat.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "process/process.h"

static void add_file(const char *path, struct bytes *out)
{
    struct stat st;
    if (stat(path, &st) || !S_ISREG(st.st_mode))
        return;
    bytes_put_u64(out, (uint64_t)st.st_ino);
    bytes_put_u64(out, (uint64_t)st.st_size);
    bytes_put_u64(out, (uint64_t)st.st_mtim.tv_sec);
    bytes_put_u64(out, (uint64_t)st.st_mtim.tv_nsec);
}

uint64_t command_stamp(const char *command_line)
{
    cleanup_bytes struct bytes files = {0};
    struct command_line command;
    char program[1024];
    if (command_parse(command_line, &command, NULL))
        return 0;
    if (command.n && command_find(command.argv[0], program, sizeof program))
        add_file(program, &files);
    for (size_t i = 1; i < command.n; i++)
        add_file(command.argv[i], &files);
    command_fini(&command);
    return hash64(files.data, files.size);
}
