/* The text of a token: "sonata_", 16 hexadecimal digits of an id, 64 of a secret, 8 of a checksum, so that a slip is known as one and tools that look
 * for leaked secrets find it. Who may what with it is the master's to say (master/access/tokens.h). */
#ifndef SONATA_NET_TOKEN_H
#define SONATA_NET_TOKEN_H

#include <stdint.h>

#include "base/error.h"

enum { TOKEN_TEXT = 96, TOKEN_ID_BYTES = 8, TOKEN_HASH_BYTES = 32 };

struct token {
    uint8_t id[TOKEN_ID_BYTES];
    uint8_t hash[TOKEN_HASH_BYTES]; /* BLAKE2b of the text: what the master keeps */
};

/* A new one; the text is the secret. */
void token_new(char ret_text[TOKEN_TEXT], struct token *ret_token);
/* -EINVAL: not a token, or a digit is wrong. */
int token_parse(const char *text, struct token *ret_token) SONATA_MUST_CHECK;

#endif
