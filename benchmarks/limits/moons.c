/* One step of 2-16-16-1 with ReLU on 100 points: hinge loss, L2 penalty, SGD. */
#define real double
#include "network.h"

enum { N = 100, H = 16, P = 2 * H + H + H * H + H + H + 1 };

static real turned[H * H], a[N * H], b[N * H], out[N], ga[N * H], gb[N * H], gout[N], grad[P];

double moons(real *p, const real *x, const real *y, double rate) {
    real *w1 = p, *b1 = w1 + 2 * H, *w2 = b1 + H, *b2 = w2 + H * H, *w3 = b2 + H, *b3 = w3 + H;
    real *d1 = grad, *e1 = d1 + 2 * H, *d2 = e1 + H, *e2 = d2 + H * H, *d3 = e2 + H, *e3 = d3 + H;
    double loss = 0, penalty = 0;
    linear(N, 2, H, x, w1, b1, turned, a);
    for (int i = 0; i < N * H; i++)
        a[i] = a[i] > 0 ? a[i] : 0;
    linear(N, H, H, a, w2, b2, turned, b);
    for (int i = 0; i < N * H; i++)
        b[i] = b[i] > 0 ? b[i] : 0;
    linear(N, H, 1, b, w3, b3, turned, out);
    for (int i = 0; i < N; i++) {
        real margin = 1 - y[i] * out[i];
        loss += margin > 0 ? margin / N : 0;
        gout[i] = margin > 0 ? -y[i] / N : 0;
    }
    linear_back(N, H, 1, b, w3, gout, d3, e3, gb);
    for (int i = 0; i < N * H; i++)
        gb[i] = b[i] > 0 ? gb[i] : 0;
    linear_back(N, H, H, a, w2, gb, d2, e2, ga);
    for (int i = 0; i < N * H; i++)
        ga[i] = a[i] > 0 ? ga[i] : 0;
    linear_back(N, 2, H, x, w1, ga, d1, e1, 0);
    for (int i = 0; i < P; i++) {
        penalty += p[i] * p[i];
        p[i] -= rate * (grad[i] + 2e-4 * p[i]);
    }
    return loss + 1e-4 * penalty;
}
