/* One step of a one-layer GPT of 4,192 parameters on a word of up to 16 letters, with Adam. */
#define real double
#include "network.h"

enum { D = 16, HEADS = 4, S = D / HEADS, LONGEST = 16, LETTERS = 27, WIDE = 4 * D };
enum { P = LETTERS * D + LONGEST * D + 4 * D * D + 2 * WIDE * D + LETTERS * D };

static double grad[P], mean[P], square[P];
static double e[LONGEST][D], x[LONGEST][D], y[LONGEST][D], q[LONGEST][D], k[LONGEST][D];
static double v[LONGEST][D], att[LONGEST][D], x2[LONGEST][D], z[LONGEST][D], h[LONGEST][WIDE];
static double x3[LONGEST][D], chance[LONGEST][LETTERS], a[LONGEST][HEADS][LONGEST];
static double s0[LONGEST], s1[LONGEST], s2[LONGEST];

static void product(double *restrict out, const double *restrict w, const double *restrict in,
                    int n, int m) {
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < m; j++)
            sum += w[i * m + j] * in[j];
        out[i] = sum;
    }
}

/* Adds to the gradients of a matrix and of what it was multiplied by. */
static void product_back(double *restrict dw, double *restrict din, const double *restrict w,
                         const double *restrict in, const double *restrict dout, int n, int m) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) {
            dw[i * m + j] += dout[i] * in[j];
            din[j] += dout[i] * w[i * m + j];
        }
}

static double normalised(double *out, const double *in) {
    double sum = 0;
    for (int i = 0; i < D; i++)
        sum += in[i] * in[i];
    double scale = 1 / sqrt(sum / D + 1e-5);
    for (int i = 0; i < D; i++)
        out[i] = in[i] * scale;
    return scale;
}

static void normalised_back(double *din, const double *in, double scale, const double *dout) {
    double sum = 0;
    for (int i = 0; i < D; i++)
        sum += dout[i] * in[i];
    sum *= scale * scale * scale / D;
    for (int i = 0; i < D; i++)
        din[i] += scale * dout[i] - sum * in[i];
}

double gpt(double *p, const int *word, const int *length, double rate) {
    const double *letters = p, *places = letters + LETTERS * D, *query = places + LONGEST * D;
    const double *key = query + D * D, *value = key + D * D, *out = value + D * D;
    const double *wide = out + D * D, *narrow = wide + WIDE * D, *head = narrow + D * WIDE;
    double *dletters = grad, *dplaces = grad + (places - p), *dquery = grad + (query - p);
    double *dkey = grad + (key - p), *dvalue = grad + (value - p), *dout = grad + (out - p);
    double *dwide = grad + (wide - p), *dnarrow = grad + (narrow - p), *dhead = grad + (head - p);
    static double dk[LONGEST][D], dv[LONGEST][D];
    static int step;
    int T = *length - 1;
    double loss = 0;
    memset(grad, 0, sizeof grad);
    memset(dk, 0, sizeof dk);
    memset(dv, 0, sizeof dv);
    for (int t = 0; t < T; t++) {
        double total = 0, more[D];
        for (int i = 0; i < D; i++)
            e[t][i] = letters[word[t] * D + i] + places[t * D + i];
        s0[t] = normalised(x[t], e[t]);
        s1[t] = normalised(y[t], x[t]);
        product(q[t], query, y[t], D, D);
        product(k[t], key, y[t], D, D);
        product(v[t], value, y[t], D, D);
        memset(att[t], 0, sizeof att[t]);
        for (int n = 0; n < HEADS; n++) {
            double sum = 0;
            for (int j = 0; j <= t; j++) {
                double score = 0;
                for (int i = n * S; i < n * S + S; i++)
                    score += q[t][i] * k[j][i];
                sum += a[t][n][j] = exp(score * 0.5);
            }
            for (int j = 0; j <= t; j++) {
                a[t][n][j] /= sum;
                for (int i = n * S; i < n * S + S; i++)
                    att[t][i] += a[t][n][j] * v[j][i];
            }
        }
        product(more, out, att[t], D, D);
        for (int i = 0; i < D; i++)
            x2[t][i] = x[t][i] + more[i];
        s2[t] = normalised(z[t], x2[t]);
        product(h[t], wide, z[t], WIDE, D);
        for (int i = 0; i < WIDE; i++)
            h[t][i] = h[t][i] > 0 ? h[t][i] : 0;
        product(more, narrow, h[t], D, WIDE);
        for (int i = 0; i < D; i++)
            x3[t][i] = x2[t][i] + more[i];
        product(chance[t], head, x3[t], LETTERS, D);
        for (int i = 0; i < LETTERS; i++)
            total += chance[t][i] = exp(chance[t][i]);
        for (int i = 0; i < LETTERS; i++)
            chance[t][i] /= total;
        loss -= log(chance[t][word[t + 1]]) / T;
    }
    for (int t = T - 1; t >= 0; t--) {
        double dx[D] = {0}, de[D] = {0}, datt[D] = {0}, dq[D] = {0}, dy[D] = {0}, dz[D] = {0};
        double dh[WIDE] = {0};
        for (int i = 0; i < LETTERS; i++)
            chance[t][i] = (chance[t][i] - (i == word[t + 1])) / T;
        product_back(dhead, dx, head, x3[t], chance[t], LETTERS, D);
        product_back(dnarrow, dh, narrow, h[t], dx, D, WIDE);
        for (int i = 0; i < WIDE; i++)
            dh[i] = h[t][i] > 0 ? dh[i] : 0;
        product_back(dwide, dz, wide, z[t], dh, WIDE, D);
        normalised_back(dx, x2[t], s2[t], dz);
        product_back(dout, datt, out, att[t], dx, D, D);
        for (int n = 0; n < HEADS; n++) {
            double da[LONGEST], sum = 0;
            for (int j = 0; j <= t; j++) {
                da[j] = 0;
                for (int i = n * S; i < n * S + S; i++) {
                    da[j] += datt[i] * v[j][i];
                    dv[j][i] += a[t][n][j] * datt[i];
                }
                sum += a[t][n][j] * da[j];
            }
            for (int j = 0; j <= t; j++) {
                double ds = 0.5 * a[t][n][j] * (da[j] - sum);
                for (int i = n * S; i < n * S + S; i++) {
                    dq[i] += ds * k[j][i];
                    dk[j][i] += ds * q[t][i];
                }
            }
        }
        product_back(dquery, dy, query, y[t], dq, D, D);
        product_back(dkey, dy, key, y[t], dk[t], D, D);
        product_back(dvalue, dy, value, y[t], dv[t], D, D);
        normalised_back(dx, x[t], s1[t], dy);
        normalised_back(de, e[t], s0[t], dx);
        for (int i = 0; i < D; i++) {
            dletters[word[t] * D + i] += de[i];
            dplaces[t * D + i] += de[i];
        }
    }
    adam(P, p, grad, mean, square, ++step, rate);
    return loss;
}
