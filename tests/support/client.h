/* A client of the master for tests: asks, and asks again with the same request id until there is an answer. */
#ifndef SONATA_TESTS_SUPPORT_CLIENT_H
#define SONATA_TESTS_SUPPORT_CLIENT_H

#include "codec/codec.h"

/* The key pair of all that follows, with the server's key; NULL: none. Borrowed. */
struct net_security;
void client_use_keys(const struct net_security *keys);
/* Fills the id (random unless it has one already). NULL after timeout_ms (times TEST_PATIENCE). Free with sonata__reply__free_unpacked(). The master may be killed and
 * restarted meanwhile: the question is sent again every second on a new connection. */
Sonata__Reply *client_ask(const char *endpoint, Sonata__Request *q, int timeout_ms);
/* Submits; 0 or the reply's code with its text printed. id: 16 bytes, or NULL for a random one. */
int client_submit_spec(const char *endpoint, const struct search_spec *spec, const uint8_t *id, uint64_t *ret_search, int timeout_ms);
/* Status of a search, NULL on time-out or error. Free the reply it belongs to. */
Sonata__Reply *client_show_search(const char *endpoint, uint64_t search, int timeout_ms);
/* Asks until the search has at least that many results. false: not within timeout_s (times TEST_PATIENCE). */
bool client_wait_told(const char *endpoint, uint64_t search, uint32_t n, int timeout_s);
/* All individuals (pages joined); aborts the test program on failure. Free each with sonata__individual__free_unpacked and the array. */
Sonata__Individual **client_all_individuals(const char *endpoint, uint64_t search, bool front_only, size_t *ret_n);

#endif
