/* memfd_pins written by hand: what a search costs when nothing is general. cc -DTASKS=3 -DPAGES=5 */

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t State;

enum { MAX_SUCCESSORS = TASKS * (2 + 3 * PAGES) + 1 };

/* From the lowest bit: mapped, writable, pinned, data, sealed. */
enum { WRITABLE = TASKS, PINNED = 2 * TASKS, DATA = PINNED + TASKS * PAGES, SEALED = DATA + PAGES };

#define BIT(n) ((State)1 << (n))
#define FIELD(at, bits) ((BIT(bits) - 1) << (at))
#define WRITERS (FIELD(WRITABLE, TASKS) | FIELD(PINNED, TASKS * PAGES))

static State initial(void)
{
    return 0;
}

static bool holds(State s)
{
    return !(s & BIT(SEALED)) || !(s & WRITERS);
}

static inline unsigned successors(State s, State *out)
{
    State *begin = out;
    bool sealed = s & BIT(SEALED);

    for (int t = 0; t < TASKS; t++) {
        State mapped = BIT(t), writable = BIT(WRITABLE + t);
        if (!(s & mapped)) {
            *out++ = s | mapped; /* map_readable */
            if (!sealed)
                *out++ = s | mapped | writable; /* map_writable */
        } else {
            *out++ = s & ~(mapped | writable); /* unmap */
            if (s & writable)
                *out++ = s & ~writable; /* make_readable */
            else if (!sealed)
                *out++ = s | writable; /* make_writable */
        }
        for (int p = 0; p < PAGES; p++) {
            State pinned = BIT(PINNED + t * PAGES + p), data = BIT(DATA + p);
            if (s & pinned) {
                *out++ = s & ~pinned; /* unpin */
                *out++ = s ^ data;    /* dma */
            }
            if (s & writable) {
                if (!(s & pinned))
                    *out++ = s | pinned; /* pin */
                *out++ = s ^ data;       /* store */
            }
        }
    }
    if (!sealed && !(s & WRITERS))
        *out++ = s | BIT(SEALED); /* seal */
    return out - begin;
}

#include "search.h"
