/* What decides who may connect: ZAP requests and key files. The first byte picks; a request is a row of frames, each after its length (u16). */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "net/keyfile.h"
#include "net/zap_request.h"

static void request(struct reader r)
{
    struct zap_request q = {0};
    while (r.left && !r.bad) {
        size_t n = reader_u16(&r);
        const uint8_t *frame = reader_take(&r, n);
        if (frame || !n)
            zap_request_add(&q, frame, n);
    }
    const char *domain;
    char key[41];
    if (zap_request_read(&q, &domain, key) && (strlen(key) != 40 || strlen(domain) >= ZAP_FRAME_MAX))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    if (data[0] % 2 == 0) {
        request(reader_of(data + 1, size - 1));
        return 0;
    }
    struct sonata_error err;
    struct keyfile k;
    if (!keyfile_parse("fuzz", data + 1, size - 1, &k, &err) && k.secret_key[0] && strlen(k.public_key) != 40)
        abort(); /* a secret key always has its public one */
    return 0;
}
