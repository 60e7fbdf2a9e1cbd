/* One step of a one-layer GPT of 4,192 parameters on a word of up to 16 letters, with Adam. */
#define real double
#include "network.h"

enum { D = 16, HEADS = 4, S = D / HEADS, LONGEST = 16, LETTERS = 27, WIDE = 4 * D };
enum { P = LETTERS * D + LONGEST * D + 4 * D * D + 2 * WIDE * D + LETTERS * D };

typedef real rows_of_d[LONGEST][D];
static real grad[P], mean[P], square[P], turned[WIDE * D];
static rows_of_d e, x, y, q, k, v, att, x2, z, x3, more, dx, de, dz, dy, datt, dq, dk, dv;
static real h[LONGEST][WIDE], dh[LONGEST][WIDE], chance[LONGEST][LETTERS];
static real a[LONGEST][HEADS][LONGEST], s0[LONGEST], s1[LONGEST], s2[LONGEST];

static real normalised(real *out, const real *in) {
    real sum = 0;
    for (int i = 0; i < D; i++)
        sum += in[i] * in[i];
    real scale = 1 / sqrt(sum / D + 1e-5);
    for (int i = 0; i < D; i++)
        out[i] = in[i] * scale;
    return scale;
}

/* Adds to the gradient of what was normalised. */
static void normalised_back(real *din, const real *in, real scale, const real *dout) {
    real sum = 0;
    for (int i = 0; i < D; i++)
        sum += dout[i] * in[i];
    sum *= scale * scale * scale / D;
    for (int i = 0; i < D; i++)
        din[i] += scale * dout[i] - sum * in[i];
}

static void attention(int t) {
    memset(att[t], 0, sizeof att[t]);
    for (int n = 0; n < HEADS; n++) {
        real sum = 0;
        for (int j = 0; j <= t; j++) {
            real score = 0;
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
}

/* Adds to the gradients of the queries, keys and values. */
static void attention_back(int t) {
    for (int n = 0; n < HEADS; n++) {
        real da[LONGEST], sum = 0;
        for (int j = 0; j <= t; j++) {
            da[j] = 0;
            for (int i = n * S; i < n * S + S; i++) {
                da[j] += datt[t][i] * v[j][i];
                dv[j][i] += a[t][n][j] * datt[t][i];
            }
            sum += a[t][n][j] * da[j];
        }
        for (int j = 0; j <= t; j++) {
            real ds = 0.5 * a[t][n][j] * (da[j] - sum);
            for (int i = n * S; i < n * S + S; i++) {
                dq[t][i] += ds * k[j][i];
                dk[j][i] += ds * q[t][i];
            }
        }
    }
}

double gpt(real *p, const int *word, const int *length, double rate) {
    const real *letters = p, *places = letters + LETTERS * D, *query = places + LONGEST * D;
    const real *key = query + D * D, *value = key + D * D, *out = value + D * D;
    const real *wide = out + D * D, *narrow = wide + WIDE * D, *head = narrow + D * WIDE;
    real *dletters = grad, *dplaces = grad + (places - p), *dquery = grad + (query - p);
    real *dkey = grad + (key - p), *dvalue = grad + (value - p), *dout = grad + (out - p);
    real *dwide = grad + (wide - p), *dnarrow = grad + (narrow - p), *dhead = grad + (head - p);
    static int step;
    const int T = *length - 1;
    double loss = 0;
    for (int t = 0; t < T; t++) {
        for (int i = 0; i < D; i++)
            e[t][i] = letters[word[t] * D + i] + places[t * D + i];
        s0[t] = normalised(x[t], e[t]);
        s1[t] = normalised(y[t], x[t]);
    }
    linear(T, D, D, *y, query, 0, turned, *q);
    linear(T, D, D, *y, key, 0, turned, *k);
    linear(T, D, D, *y, value, 0, turned, *v);
    for (int t = 0; t < T; t++)
        attention(t);
    linear(T, D, D, *att, out, 0, turned, *more);
    for (int t = 0; t < T; t++) {
        for (int i = 0; i < D; i++)
            x2[t][i] = x[t][i] + more[t][i];
        s2[t] = normalised(z[t], x2[t]);
    }
    linear(T, D, WIDE, *z, wide, 0, turned, *h);
    for (int t = 0; t < T; t++)
        for (int i = 0; i < WIDE; i++)
            h[t][i] = h[t][i] > 0 ? h[t][i] : 0;
    linear(T, WIDE, D, *h, narrow, 0, turned, *more);
    for (int t = 0; t < T; t++)
        for (int i = 0; i < D; i++)
            x3[t][i] = x2[t][i] + more[t][i];
    linear(T, D, LETTERS, *x3, head, 0, turned, *chance);
    for (int t = 0; t < T; t++) {
        real total = 0;
        for (int i = 0; i < LETTERS; i++)
            total += chance[t][i] = exp(chance[t][i]);
        loss -= log(chance[t][word[t + 1]] / total) / T;
        for (int i = 0; i < LETTERS; i++)
            chance[t][i] = (chance[t][i] / total - (i == word[t + 1])) / T;
    }

    memset(dletters, 0, sizeof(real) * (size_t)((LETTERS + LONGEST) * D));
    memset(dq, 0, sizeof dq);
    memset(dk, 0, sizeof dk);
    memset(dv, 0, sizeof dv);
    memset(de, 0, sizeof de);
    linear_back(T, D, LETTERS, *x3, head, *chance, dhead, 0, *dx);
    linear_back(T, WIDE, D, *h, narrow, *dx, dnarrow, 0, *dh);
    for (int t = 0; t < T; t++)
        for (int i = 0; i < WIDE; i++)
            dh[t][i] = h[t][i] > 0 ? dh[t][i] : 0;
    linear_back(T, D, WIDE, *z, wide, *dh, dwide, 0, *dz);
    for (int t = 0; t < T; t++)
        normalised_back(dx[t], x2[t], s2[t], dz[t]);
    linear_back(T, D, D, *att, out, *dx, dout, 0, *datt);
    for (int t = 0; t < T; t++)
        attention_back(t);
    linear_back(T, D, D, *y, query, *dq, dquery, 0, *dy);
    linear_back(T, D, D, *y, key, *dk, dkey, 0, *dz);
    linear_back(T, D, D, *y, value, *dv, dvalue, 0, *datt);
    for (int t = 0; t < T; t++) {
        for (int i = 0; i < D; i++)
            dy[t][i] += dz[t][i] + datt[t][i];
        normalised_back(dx[t], x[t], s1[t], dy[t]);
        normalised_back(de[t], e[t], s0[t], dx[t]);
        for (int i = 0; i < D; i++) {
            dletters[word[t] * D + i] += de[t][i];
            dplaces[t * D + i] += de[t][i];
        }
    }
    adam(P, p, grad, mean, square, ++step, rate);
    return loss;
}
