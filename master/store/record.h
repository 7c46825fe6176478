/* The stored records and their bytes, a header for each kind. Each value starts with a version byte; decoders are bounded and give -EBADMSG on
 * anything that is not such a record, -EPROTONOSUPPORT on a version from the future. A format change adds a version and keeps the old reader. */
#ifndef SONATA_STORE_RECORD_H
#define SONATA_STORE_RECORD_H

#include "store/record_board.h"
#include "store/record_evaluation.h"
#include "store/record_search.h"
#include "store/record_team.h"

#endif
