/* See fake_master.h. Blocking: the test is the only thread. */
#include "fake_master.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"

void fake_master_open(struct fake_master *m, const char *endpoint)
{
    int linger = 0;
    m->context = zmq_ctx_new();
    m->socket = zmq_socket(m->context, ZMQ_ROUTER);
    zmq_setsockopt(m->socket, ZMQ_LINGER, &linger, sizeof linger);
    if (zmq_bind(m->socket, endpoint)) {
        fprintf(stderr, "%s: %s\n", endpoint, zmq_strerror(zmq_errno()));
        abort();
    }
    copy_string(m->endpoint, sizeof m->endpoint, endpoint);
    m->incarnation++;
    m->chunk = m->chunk ? m->chunk : 16; /* several chunks for the smallest blob */
    m->welcome = true;
    m->strangers = true;
}

void fake_master_close(struct fake_master *m)
{
    while (m->n_events)
        envelope_free(m->event[--m->n_events]);
    zmq_close(m->socket);
    zmq_ctx_term(m->context);
    m->socket = m->context = NULL;
}

const uint8_t *fake_master_add_blob(struct fake_master *m, const void *p, size_t n)
{
    size_t i = m->n_blobs++;
    hash_content(p, n, m->blob[i].hash);
    bytes_append(&m->blob[i].data, p, n);
    return m->blob[i].hash;
}

void fake_master_send_raw(struct fake_master *m, const void *p, size_t n)
{
    zmq_send(m->socket, m->peer, m->peer_size, ZMQ_SNDMORE);
    zmq_send(m->socket, p, n, 0);
}

void fake_master_send(struct fake_master *m, Sonata__Envelope *e)
{
    struct bytes out = {0};
    envelope_pack(e, &out);
    fake_master_send_raw(m, out.data, out.size);
    bytes_fini(&out);
}

static void send_blob(struct fake_master *m, const Sonata__BlobGet *get)
{
    Sonata__BlobChunk chunk = SONATA__BLOB_CHUNK__INIT;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_BLOB_CHUNK;
    e.blob_chunk = &chunk;
    chunk.hash = get->hash;
    chunk.offset = get->offset;
    chunk.missing = true;
    m->blob_requests++;
    for (size_t i = 0; i < m->n_blobs; i++) {
        if (memcmp(m->blob[i].hash, get->hash.data, HASH_SIZE) || get->offset > m->blob[i].data.size)
            continue;
        size_t n = m->blob[i].data.size - get->offset, max = get->max < m->chunk ? get->max : m->chunk;
        chunk.missing = false;
        chunk.total = m->blob[i].data.size;
        chunk.data = (ProtobufCBinaryData){.len = n < max ? n : max, .data = m->blob[i].data.data + get->offset};
    }
    fake_master_send(m, &e);
}

static void send_welcome(struct fake_master *m)
{
    char server[] = "fake";
    Sonata__Welcome welcome = SONATA__WELCOME__INIT;
    welcome.server = server;
    welcome.heartbeat_ms = 100;
    welcome.lease_ms = 5000;
    welcome.master_incarnation = m->incarnation;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_WELCOME;
    e.welcome = &welcome;
    fake_master_send(m, &e);
}

static void send_stranger(struct fake_master *m)
{
    char text[] = "say hello first";
    Sonata__Fault fault = SONATA__FAULT__INIT;
    fault.code = -ENOTCONN;
    fault.text = text;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_FAULT;
    e.fault = &fault;
    fake_master_send(m, &e);
}

static Sonata__Envelope *receive(struct fake_master *m, int timeout_ms)
{
    zmq_pollitem_t item = {.socket = m->socket, .events = ZMQ_POLLIN};
    if (zmq_poll(&item, 1, timeout_ms) <= 0)
        return NULL;
    int n = zmq_recv(m->socket, m->peer, sizeof m->peer, 0);
    m->peer_size = n > 0 ? (size_t)n : 0;
    zmq_msg_t body;
    zmq_msg_init(&body);
    zmq_msg_recv(&body, m->socket, 0);
    bool other;
    struct sonata_error err = {0};
    Sonata__Envelope *e = envelope_unpack(zmq_msg_data(&body), zmq_msg_size(&body), &other, &err);
    zmq_msg_close(&body);
    return e;
}

Sonata__Envelope *fake_master_wait(struct fake_master *m, Sonata__Envelope__BodyCase kind, int timeout_ms)
{
    int64_t deadline = clock_monotonic_ns() + timeout_ms * SONATA_MS;
    for (int64_t left; (left = deadline - clock_monotonic_ns()) > 0;) {
        Sonata__Envelope *e = receive(m, (int)(left / SONATA_MS) + 1);
        if (!e)
            continue;
        if (e->body_case == SONATA__ENVELOPE__BODY_HELLO) {
            m->strangers = false;
            if (m->welcome)
                send_welcome(m);
        } else if (e->body_case == SONATA__ENVELOPE__BODY_BLOB_GET) {
            send_blob(m, e->blob_get);
        } else if (m->strangers) {
            send_stranger(m);
        }
        if (e->body_case == kind)
            return e;
        if (e->body_case == SONATA__ENVELOPE__BODY_BOARD_EVENT && m->n_events < FAKE_EVENTS_MAX)
            m->event[m->n_events++] = e;
        else
            envelope_free(e);
    }
    return NULL;
}

void fake_master_assign(struct fake_master *m, const struct evaluation_job *job)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_ASSIGN;
    e.assign = job_to_message(job);
    fake_master_send(m, &e);
    sonata__assign__free_unpacked(e.assign, NULL);
}

void fake_master_cancel(struct fake_master *m, uint64_t attempt)
{
    Sonata__Cancel cancel = SONATA__CANCEL__INIT;
    cancel.attempt = attempt;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_CANCEL;
    e.cancel = &cancel;
    fake_master_send(m, &e);
}

static void acknowledge(struct fake_master *m, const Sonata__Measurement *result)
{
    char verdict[] = "accepted";
    Sonata__ResultAck ack = SONATA__RESULT_ACK__INIT;
    ack.attempt = result->attempt;
    ack.epoch = result->epoch;
    ack.verdict = verdict;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_RESULT_ACK;
    e.result_ack = &ack;
    fake_master_send(m, &e);
}

bool fake_master_result(struct fake_master *m, int timeout_ms, bool with_ack, struct measurement *ret_measurement)
{
    Sonata__Envelope *e = fake_master_wait(m, SONATA__ENVELOPE__BODY_RESULT, timeout_ms);
    if (!e)
        return false;
    struct sonata_error err = {0};
    int r = measurement_from_message(e->result->measurement, ret_measurement, &err);
    if (r)
        fprintf(stderr, "result: %s\n", err.text);
    else if (with_ack)
        acknowledge(m, e->result->measurement);
    envelope_free(e);
    return !r;
}

Sonata__Envelope *fake_master_event(struct fake_master *m, int timeout_ms, bool with_ack)
{
    Sonata__Envelope *event = m->n_events ? m->event[0] : fake_master_wait(m, SONATA__ENVELOPE__BODY_BOARD_EVENT, timeout_ms);
    if (m->n_events && event == m->event[0])
        memmove(m->event, m->event + 1, --m->n_events * sizeof m->event[0]);
    if (event && with_ack) {
        Sonata__BoardEventAck ack = SONATA__BOARD_EVENT_ACK__INIT;
        ack.sequence = event->board_event->sequence;
        Sonata__Envelope e = SONATA__ENVELOPE__INIT;
        e.body_case = SONATA__ENVELOPE__BODY_BOARD_EVENT_ACK;
        e.board_event_ack = &ack;
        fake_master_send(m, &e);
    }
    return event;
}

void fake_master_command(struct fake_master *m, const char *board, const char *action)
{
    Sonata__BoardCommand command = SONATA__BOARD_COMMAND__INIT;
    command.board = (char *)board;
    command.action = (char *)action;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_BOARD_COMMAND;
    e.board_command = &command;
    fake_master_send(m, &e);
}
