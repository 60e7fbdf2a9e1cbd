/* Adam's update of the 109,386 numbers of 784-128-64-10, in float. */
#define real float
#include "network.h"

enum { P = 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10 };

static real m[P], v[P];
static int step;

void update(real *p, const real *g, double rate) { adam(P, p, g, m, v, ++step, (real)rate); }
