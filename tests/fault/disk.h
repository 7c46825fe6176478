/* A disk that remembers and fails on demand.
 *
 * Linked into a test, disk.c takes the place of libc's open, pwrite, writev, write, ftruncate, fsync and fdatasync for every library of the
 * process. It logs what happens to files named data.mdb, so that the state of the file after a power cut at any moment can be rebuilt, and
 * it can make the N-th such call fail. */
#ifndef SONATA_TESTS_FAULT_DISK_H
#define SONATA_TESTS_FAULT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng;

enum disk_event_type { DISK_WRITE, DISK_TRUNCATE, DISK_SYNC };

struct disk_event {
    enum disk_event_type type;
    bool synchronous;       /* the write is durable when it returns (O_DSYNC) */
    uint64_t offset, size;  /* truncate: size */
    uint8_t *data;          /* write: the bytes, owned by the log */
};

/* Forgets the log and starts a new one. */
void disk_record(void);
void disk_stop(void);
size_t disk_events(void);
const struct disk_event *disk_event(size_t i);

/* What a power cut after the first n events leaves in the file. DISK_ALL: every write reached the disk. DISK_SYNCED: only what a sync made
 * durable. DISK_TORN: beyond that, each 512-byte sector of later writes by the toss of a coin. Writes the bytes to `path`. */
enum disk_cut { DISK_ALL, DISK_SYNCED, DISK_TORN };
void disk_replay(size_t n, enum disk_cut cut, struct rng *rng, const char *path);

/* The nth (from 1) write, truncate or sync from now on, and all that follow, fail with this errno; 0 calls it off. */
void disk_fail_after(uint64_t nth, int error);
/* From now on a file data.mdb cannot be opened, with this errno; 0 calls it off. */
void disk_fail_open(int error);
/* How many calls have failed since. */
uint64_t disk_failures(void);

#endif
