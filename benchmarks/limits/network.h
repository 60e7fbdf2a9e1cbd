/* What the networks written by hand share: products in vectors, and Adam's update. */
#include <string.h>
#include <tgmath.h>

#define HOT static inline __attribute__((always_inline))
enum { ROWS = 4, LANES = 32 / sizeof(real) };
typedef real vector __attribute__((vector_size(32), aligned(sizeof(real))));

/* A tile of out (n, m) = a @ b + c: rows of a, which has steps down and along, by columns of b. */
#define TILE(kind, columns, width, c0)                                                \
    {                                                                                 \
        kind sum[ROWS][columns];                                                      \
        for (int q = 0; q < count; q++)                                               \
            for (int l = 0; l < columns; l++)                                         \
                sum[q][l] = c ? *(const kind *)(c + j + l * width) : c0;              \
        for (int i = 0; i < k; i++)                                                   \
            for (int q = 0; q < count; q++)                                           \
                for (int l = 0; l < columns; l++)                                     \
                    sum[q][l] += a[(r + q) * down + i * along] *                      \
                                 *(const kind *)(b + i * m + j + l * width);          \
        for (int q = 0; q < count; q++)                                               \
            for (int l = 0; l < columns; l++)                                         \
                *(kind *)(out + (r + q) * m + j + l * width) = sum[q][l];             \
    }

HOT void rows(int r, int count, int k, int m, const real *restrict a, int down, int along,
              const real *restrict b, const real *restrict c, real *restrict out) {
    int j = 0;
    for (; j + 2 * LANES <= m; j += 2 * LANES)
        TILE(vector, 2, LANES, (vector){0})
    for (; j + LANES <= m; j += LANES)
        TILE(vector, 1, LANES, (vector){0})
    for (; j < m; j++)
        TILE(real, 1, 1, 0)
}

/* out (n, m) = a (n, k) @ b (k, m) + c (m), which may be NULL */
HOT void product(int n, int k, int m, const real *a, int down, int along, const real *b,
                 const real *c, real *out) {
    const int most = n / ROWS * ROWS;
    for (int r = 0; r < most; r += ROWS)
        rows(r, ROWS, k, m, a, down, along, b, c, out);
    for (int r = most; r < n; r++)
        rows(r, 1, k, m, a, down, along, b, c, out);
}

/* out (n, m) = x (n, k) @ w.T (k, m) + b, with w (m, k) turned around first */
HOT void linear(int n, int k, int m, const real *x, const real *w, const real *b, real *turned,
                real *out) {
    for (int j = 0; j < m; j++)
        for (int i = 0; i < k; i++)
            turned[i * m + j] = w[j * k + i];
    product(n, k, m, x, k, 1, turned, b, out);
}

/* dw (m, k) = g.T @ x; db = sum of g's rows, dx (n, k) = g @ w, unless they are NULL */
HOT void linear_back(int n, int k, int m, const real *x, const real *w, const real *g, real *dw,
                     real *db, real *dx) {
    product(m, n, k, g, 1, m, x, 0, dw);
    if (dx)
        product(n, m, k, g, m, 1, w, 0, dx);
    if (!db)
        return;
    memset(db, 0, sizeof(real) * (size_t)m);
    for (int r = 0; r < n; r++)
        for (int j = 0; j < m; j++)
            db[j] += g[r * m + j];
}

HOT void adam(int n, real *restrict p, const real *restrict g, real *restrict m, real *restrict v,
              int step, real rate) {
    const real scale = rate / (1 - (real)pow(0.9, (double)step));
    const real root = 1 / sqrt(1 - (real)pow(0.999, (double)step));
    for (int i = 0; i < n; i++) {
        m[i] = (real)0.9 * m[i] + (real)0.1 * g[i];
        v[i] = (real)0.999 * v[i] + (real)0.001 * g[i] * g[i];
        p[i] -= scale * m[i] / (sqrt(v[i]) * root + (real)1e-8);
    }
}
