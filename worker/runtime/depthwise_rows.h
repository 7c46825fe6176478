/* Depthwise kernels for one vector width: depthwise.c includes this once for each, with LANES set. Not a header for anyone else.
 *
 * One block is N neighbouring outputs of a row, kept in registers. An input column is loaded once and meets every output and tap it belongs to;
 * columns and rows of the border are left out instead of multiplied by zero, which on maps of 2x2 to 7x7 is most of the work. K, STRIDE and N are
 * constants wherever this is inlined, so that the inner loops unroll completely. */

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(f) JOIN(f, LANES)
#define VECTOR NAME(v)

typedef float VECTOR __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t NAME(m) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

/* Cuts every value to min..max. */
INLINE void NAME(limit)(VECTOR *v, float min, float max)
{
    const VECTOR low = (VECTOR){0} + min, high = (VECTOR){0} + max;
    NAME(m) keep = (NAME(m))(*v > low);
    *v = (VECTOR)((keep & (NAME(m))*v) | (~keep & (NAME(m))low));
    keep = (NAME(m))(*v < high);
    *v = (VECTOR)((keep & (NAME(m))*v) | (~keep & (NAME(m))high));
}

/* x, w, bias, y point at the first of LANES channels; w advances by `tap` floats from one tap to the next. */
INLINE void NAME(block)(const struct depthwise *d, const float *x, const float *w, size_t tap, const float *bias, float *y, long i, long j,
                        const long k, const long stride, const long n)
{
    const struct depthwise_shape *l = &d->shape;
    const long height = l->in[0], width = l->in[1], top = i * stride - l->pad[0], left = j * stride - l->pad[1], step = (long)l->in_stride;
    VECTOR sum[8];
    for (long t = 0; t < n; t++)
        sum[t] = *(const VECTOR *)bias;
    for (long u = top < 0 ? -top : 0; u < k && top + u < height; u++) {
        const float *row = x + ((top + u) * width + left) * step;
        VECTOR weight[7];
#pragma GCC unroll 8
        for (long v = 0; v < k; v++)
            weight[v] = *(const VECTOR *)(w + (size_t)(u * k + v) * tap);
#pragma GCC unroll 32
        for (long s = 0; s < (n - 1) * stride + k; s++) {
            if ((unsigned long)(left + s) >= (unsigned long)width)
                continue;
            VECTOR in = *(const VECTOR *)(row + s * step);
#pragma GCC unroll 8
            for (long t = 0; t < n; t++)
                if (s >= t * stride && s < t * stride + k)
                    sum[t] += in * weight[s - t * stride];
        }
    }
    y += (size_t)(i * l->out[1] + j) * l->out_stride;
    const long left_over = l->out[1] - j;
#pragma GCC unroll 8
    for (long t = 0; t < n; t++) {
        if (t >= left_over)
            break;
        NAME(limit)(&sum[t], l->min, l->max);
        *(VECTOR *)(y + (size_t)t * l->out_stride) = sum[t];
    }
}

/* Rows from..to of LANES channels. */
INLINE void NAME(plane)(const struct depthwise *d, const float *x, const float *w, size_t tap, const float *bias, float *y, long from, long to,
                        const long k, const long stride)
{
    const long out = d->shape.out[1];
    for (long i = from; i < to; i++) {
        for (long j = 0; j < out; j += 8) {
            if (out - j > 4)
                NAME(block)(d, x, w, tap, bias, y, i, j, k, stride, 8);
            else if (out - j > 2)
                NAME(block)(d, x, w, tap, bias, y, i, j, k, stride, 4);
            else
                NAME(block)(d, x, w, tap, bias, y, i, j, k, stride, 2);
        }
    }
}

/* Output rows from..to (without it) of all channels, the last ones by a mask. */
INLINE void NAME(channels)(const struct depthwise *d, const float *x, const float *w, size_t tap, const float *bias, float *y, long from, long to)
{
    switch (d->shape.kernel * 10 + d->shape.stride) {
    case 31: NAME(plane)(d, x, w, tap, bias, y, from, to, 3, 1); break;
    case 32: NAME(plane)(d, x, w, tap, bias, y, from, to, 3, 2); break;
    case 51: NAME(plane)(d, x, w, tap, bias, y, from, to, 5, 1); break;
    case 52: NAME(plane)(d, x, w, tap, bias, y, from, to, 5, 2); break;
    case 71: NAME(plane)(d, x, w, tap, bias, y, from, to, 7, 1); break;
    default: NAME(plane)(d, x, w, tap, bias, y, from, to, 7, 2); break;
    }
}

#undef VECTOR
#undef NAME
#undef JOIN
#undef JOIN_
#undef LANES
