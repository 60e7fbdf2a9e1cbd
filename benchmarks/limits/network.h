/* What the networks written by hand share: products in the order in which memory lies.
   The innermost loops have no sums in them, so the compiler may use vectors. */
#include <tgmath.h>
#include <string.h>

/* out (n, m) = x (n, k) @ w.T (k, m) + b, with w (m, k) turned around first */
static inline void linear(int n, int k, int m, const real *restrict x, const real *restrict w,
                          const real *restrict b, real *restrict turned, real *restrict out) {
    for (int j = 0; j < m; j++)
        for (int i = 0; i < k; i++)
            turned[i * m + j] = w[j * k + i];
    for (int r = 0; r < n; r++) {
        for (int j = 0; j < m; j++)
            out[r * m + j] = b[j];
        for (int i = 0; i < k; i++)
            for (int j = 0; j < m; j++)
                out[r * m + j] += x[r * k + i] * turned[i * m + j];
    }
}

/* dw (m, k) = g.T @ x, db = sum of g's rows; dx (n, k) = g @ w unless dx is NULL */
static inline void linear_back(int n, int k, int m, const real *restrict x, const real *restrict w,
                               const real *restrict g, real *restrict dw, real *restrict db,
                               real *restrict dx) {
    memset(dw, 0, sizeof(real) * (size_t)(m * k));
    memset(db, 0, sizeof(real) * (size_t)m);
    for (int r = 0; r < n; r++) {
        for (int j = 0; j < m; j++) {
            db[j] += g[r * m + j];
            for (int i = 0; i < k; i++)
                dw[j * k + i] += g[r * m + j] * x[r * k + i];
        }
        if (dx) {
            for (int i = 0; i < k; i++)
                dx[r * k + i] = 0;
            for (int j = 0; j < m; j++)
                for (int i = 0; i < k; i++)
                    dx[r * k + i] += g[r * m + j] * w[j * k + i];
        }
    }
}

static inline void adam(int n, real *restrict p, const real *restrict g, real *restrict m,
                        real *restrict v, int step, real rate) {
    const real c1 = 1 - (real)pow(0.9, (double)step), c2 = 1 - (real)pow(0.999, (double)step);
    for (int i = 0; i < n; i++) {
        m[i] = (real)0.9 * m[i] + (real)0.1 * g[i];
        v[i] = (real)0.999 * v[i] + (real)0.001 * g[i] * g[i];
        p[i] -= rate * (m[i] / c1) / (sqrt(v[i] / c2) + (real)1e-8);
    }
}
