/* A model file that a board built: taken up under its hash, so that it outlives whatever made it. */
#ifndef SONATA_BACKEND_MODEL_FILE_H
#define SONATA_BACKEND_MODEL_FILE_H

#include "backend/backend.h"

/* A new folder below job->model_folder for the maker to write in; its path into path[size]. */
int model_scratch(const struct backend_job *job, char *path, size_t size, struct sonata_error *err) SONATA_MUST_CHECK;
/* The scratch folder with the files in it goes. */
void model_scratch_remove(const char *path);
/* Copies the plain file `from` (at most ARTEFACT_BYTES_MAX) into job->model_folder, durably, and makes it the artefact of the measurement, with
 * metric METRIC_MODEL. -EINVAL: no plain file, empty, or a format that is no name; -EFBIG; else what the disk says. */
int model_take(const struct backend_job *job, const char *from, const char *format, struct measurement *m,
               struct sonata_error *err) SONATA_MUST_CHECK;

#endif
