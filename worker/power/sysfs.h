/* Small reads of sysfs and procfs attributes, bounded, with the errno the kernel gave (a disabled channel is -EIO, an unpowered thermal
 * zone -EAGAIN). Files are opened for each read: attributes are recomputed by the kernel on open, and a fake tree may replace them. */
#ifndef SONATA_POWER_SYSFS_H
#define SONATA_POWER_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SYSFS_PATH_MAX = 400, SYSFS_NAME_MAX = 128 };

/* First line, blanks trimmed. -ENAMETOOLONG when it does not fit. */
int sysfs_text(const char *path, char *text, size_t size);
/* A whole number in the first line; errors of sysfs_text() and parse_i64(). */
int sysfs_i64(const char *path, int64_t *ret_value);
/* A number in the first line; errors of sysfs_text() and parse_double(). */
int sysfs_double(const char *path, double *ret_value);
/* The same with folder and file given apart. */
int sysfs_text_at(const char *folder, const char *file, char *text, size_t size);
/* As sysfs_i64(). */
int sysfs_i64_at(const char *folder, const char *file, int64_t *ret_value);
/* As sysfs_double(). */
int sysfs_double_at(const char *folder, const char *file, double *ret_value);
/* folder/name into path[size]; false (and "") when it does not fit. */
bool sysfs_join(char *path, size_t size, const char *folder, const char *name);
/* Whether folder/file is there. */
bool sysfs_exists(const char *folder, const char *file);

/* Names in a folder that begin with prefix, in natural order (hwmon2 before hwmon10); returns how many, at most max. A missing folder is
 * empty. */
size_t sysfs_list(const char *folder, const char *prefix, char (*ret_name)[SYSFS_NAME_MAX], size_t max);
/* Base name of the link folder/file ("device" -> "1-0040"); "" when it is none. */
void sysfs_link_name(const char *folder, const char *file, char *name, size_t size);

#endif
