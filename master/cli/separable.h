/* Which members of a front stand there by more than the noise of their measurements. */
#ifndef SONATA_CLI_SEPARABLE_H
#define SONATA_CLI_SEPARABLE_H

#include "cli/results.h"

/* For each member of the front: `rival` becomes the id of another member that it does not surely beat in any objective, with `unseparable` set ("not
 * separable at 95 %"): measured again, the other may well beat it in all. The rival that comes nearest to beating it is named: the one with the most
 * objectives it is surely better in, of equals the first.
 *
 * Two values differ surely when their distance is more than the root of the sum of the squares of the two half widths between them, the 95 % interval
 * of a difference by the method of variance estimates recovery (Zou and Donner, Statistics in Medicine 2008, equation 3). Exact values (n = 0) differ
 * when they differ, and so do accuracies: all networks see the same pictures, so their intervals, which are about other pictures, say nothing about
 * which is better on these. */
void results_separate(struct results *r);

#endif
