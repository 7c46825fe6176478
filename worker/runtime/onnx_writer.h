/* A network as an ONNX model: the format every board tool reads. */
#ifndef SONATA_RUNTIME_ONNX_WRITER_H
#define SONATA_RUNTIME_ONNX_WRITER_H

#include "base/bytes.h"
#include "domain/network.h"

enum { ONNX_OPSET = 13, ONNX_IR_VERSION = 7 };

/* Appends the serialised ModelProto. Input "image" float [N, channels, size, size] (NCHW, pixel / 255), output "logits" float [N, classes], N
 * symbolic. Nodes: Conv (bias, batch norm folded), Relu, Add, GlobalAveragePool, Flatten, Gemm. Weights are raw little-endian data in OIHW order.
 * Same network, same bytes. */
void onnx_write(const struct network *n, const char *graph_name, struct bytes *out);

#endif
