/* One step of 64-64-10 with ReLU on a batch of 64: softmax cross-entropy, Adam. */
#ifndef real
#define real double
#endif
#include "network.h"

enum { N = 64, D = 64, H = 64, C = 10, P = D * H + H + H * C + C };

static real turned[D * H], a[N * H], out[N * C], ga[N * H], g[N * C], grad[P], m[P], v[P];
static int step;

double digits(real *p, const real *x, const int *classes, double rate) {
    real *w1 = p, *b1 = w1 + D * H, *w2 = b1 + H, *b2 = w2 + H * C;
    real *d1 = grad, *e1 = d1 + D * H, *d2 = e1 + H, *e2 = d2 + H * C;
    double loss = 0;
    linear(N, D, H, x, w1, b1, turned, a);
    for (int i = 0; i < N * H; i++)
        a[i] = a[i] > 0 ? a[i] : 0;
    linear(N, H, C, a, w2, b2, turned, out);
    for (int r = 0; r < N; r++) {
        real top = out[r * C], sum = 0;
        for (int j = 1; j < C; j++)
            top = out[r * C + j] > top ? out[r * C + j] : top;
        for (int j = 0; j < C; j++)
            sum += g[r * C + j] = exp(out[r * C + j] - top);
        loss -= (out[r * C + classes[r]] - top - log(sum)) / N;
        for (int j = 0; j < C; j++)
            g[r * C + j] = (g[r * C + j] / sum - (j == classes[r])) / N;
    }
    linear_back(N, H, C, a, w2, g, d2, e2, ga);
    for (int i = 0; i < N * H; i++)
        ga[i] = a[i] > 0 ? ga[i] : 0;
    linear_back(N, D, H, x, w1, ga, d1, e1, 0);
    adam(P, p, grad, m, v, ++step, rate);
    return loss;
}
