/* One step of a recurrent network of 8 numbers over 120 steps of time, squared errors, SGD. */
#define real double
#include "network.h"

enum { T = 120, H = 8, P = H * H + H + H + H + 1 };

static real h[T + 1][H], out[T], grad[P];

double recurrent(real *p, const real *x, const real *y, double rate) {
    const real *w = p, *u = w + H * H, *b = u + H, *o = b + H, *c = o + H;
    real *dw = grad, *du = dw + H * H, *db = du + H, *d_o = db + H, *dc = d_o + H;
    real dh[H] = {0}, g[H];
    double loss = 0;
    memset(grad, 0, sizeof grad);
    for (int t = 0; t < T; t++) {
        out[t] = c[0];
        for (int i = 0; i < H; i++) {
            real sum = u[i] * x[t] + b[i];
            for (int j = 0; j < H; j++)
                sum += w[i * H + j] * h[t][j];
            h[t + 1][i] = tanh(sum);
            out[t] += o[i] * h[t + 1][i];
        }
        loss += (out[t] - y[t]) * (out[t] - y[t]) / T;
    }
    for (int t = T - 1; t >= 0; t--) {
        real e = 2 * (out[t] - y[t]) / T;
        dc[0] += e;
        for (int i = 0; i < H; i++) {
            d_o[i] += e * h[t + 1][i];
            g[i] = (dh[i] + e * o[i]) * (1 - h[t + 1][i] * h[t + 1][i]);
            du[i] += g[i] * x[t];
            db[i] += g[i];
        }
        for (int j = 0; j < H; j++)
            dh[j] = 0;
        for (int i = 0; i < H; i++)
            for (int j = 0; j < H; j++) {
                dw[i * H + j] += g[i] * h[t][j];
                dh[j] += g[i] * w[i * H + j];
            }
    }
    for (int i = 0; i < P; i++)
        p[i] -= rate * grad[i];
    return loss;
}
