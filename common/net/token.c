/* See token.h. */
#include "net/token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"

enum { PREFIX = 7, ID_HEX = 2 * TOKEN_ID_BYTES, SECRET_BYTES = 32, BODY = PREFIX + ID_HEX + 2 * SECRET_BYTES, CHECK_BYTES = 4 };
static const char prefix[] = "sonata_";

_Static_assert(BODY + 2 * CHECK_BYTES + 1 == TOKEN_TEXT, "a token's length");

static void checksum(const char *text, char hex[2 * CHECK_BYTES + 1])
{
    uint8_t hash[HASH_SIZE];
    hash_content(text, BODY, hash);
    hash_to_hex(hash, CHECK_BYTES, hex);
}

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

void token_new(char ret_text[TOKEN_TEXT], struct token *ret_token)
{
    uint8_t random[TOKEN_ID_BYTES + SECRET_BYTES];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        abort(); /* the kernel has no random numbers */
    memcpy(ret_text, prefix, sizeof prefix);
    hash_to_hex(random, sizeof random, ret_text + PREFIX);
    checksum(ret_text, ret_text + BODY);
    memcpy(ret_token->id, random, sizeof ret_token->id);
    hash_content(ret_text, TOKEN_TEXT - 1, ret_token->hash);
}

int token_parse(const char *text, struct token *ret_token)
{
    char check[2 * CHECK_BYTES + 1];
    struct token t;
    if (strlen(text) != TOKEN_TEXT - 1 || strncmp(text, prefix, PREFIX))
        return -EINVAL;
    checksum(text, check);
    if (strcmp(check, text + BODY))
        return -EINVAL;
    for (unsigned i = 0; i < TOKEN_ID_BYTES; i++) {
        int high = hex_value(text[PREFIX + 2 * i]), low = hex_value(text[PREFIX + 2 * i + 1]);
        if (high < 0 || low < 0)
            return -EINVAL;
        t.id[i] = (uint8_t)(high << 4 | low);
    }
    hash_content(text, TOKEN_TEXT - 1, t.hash);
    *ret_token = t;
    return 0;
}
