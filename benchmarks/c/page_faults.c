/* page_faults written by hand: what a search costs when nothing is general. cc -DTASKS=2 -DPAGES=2 */

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t State;

enum { MAX_SUCCESSORS = TASKS * PAGES * 3 + TASKS + 2 * PAGES };

enum Cache { ABSENT, CLEAN, DIRTY, WRITEBACK };
enum Pte { NONE, READ_ONLY, WRITABLE };
enum Fault { F_LOOKUP, F_LOCK, F_CHECK_SIZE, F_MAP, F_UNLOCK };
enum WriteBack { W_LOCK, W_PROTECT, W_SUBMIT, W_END_IO };
enum Truncate { T_LOWER_SIZE, T_UNMAP, T_LOCK, T_UNMAP_AGAIN, T_REMOVE, T_RAISE_SIZE };

/* A task is its program counter and its page plus one (zero is null): 3 + 3 bits. A page follows the tasks:
 * cache 2, locked 1, beyond 1, write_back 2, truncate 3, and 2 bits for the entry of each task. */
enum { TASK_BITS = 6, PAGE_BITS = 9 + 2 * TASKS, PAGES_AT = TASK_BITS * TASKS };

#define PC(t) (TASK_BITS * (t))
#define PAGE(t) (PC(t) + 3)
#define CACHE(p) (PAGES_AT + PAGE_BITS * (p))
#define LOCKED(p) (CACHE(p) + 2)
#define BEYOND(p) (CACHE(p) + 3)
#define WRITE_BACK(p) (CACHE(p) + 4)
#define TRUNCATE(p) (CACHE(p) + 6)
#define PTE(t, p) (CACHE(p) + 9 + 2 * (t))

_Static_assert(PAGES_AT + PAGE_BITS * PAGES < 64, "a state has to fit into a word, and not to fill it");

static inline unsigned get(State s, int at, int bits)
{
    return s >> at & ((1u << bits) - 1);
}

static inline State set(State s, int at, int bits, State value)
{
    return (s & ~((((State)1 << bits) - 1) << at)) | value << at;
}

static State initial(void)
{
    return 0;
}

static bool holds(State s)
{
    for (int p = 0; p < PAGES; p++)
        for (int t = 0; t < TASKS; t++) {
            unsigned pte = get(s, PTE(t, p), 2), cache = get(s, CACHE(p), 2);
            if ((pte != NONE && cache == ABSENT) || (pte == WRITABLE && cache != DIRTY))
                return false;
        }
    return true;
}

static inline State unmap_all(State s, int p)
{
    return set(s, PTE(0, p), 2 * TASKS, NONE);
}

static inline State protect_all(State s, int p)
{
    for (int t = 0; t < TASKS; t++)
        if (get(s, PTE(t, p), 2) == WRITABLE)
            s = set(s, PTE(t, p), 2, READ_ONLY);
    return s;
}

static inline State *fault(State s, int t, State *out)
{
    int p = get(s, PAGE(t), 3) - 1;
    switch ((enum Fault)get(s, PC(t), 3)) {
    case F_LOOKUP:
        for (int q = 0; q < PAGES; q++)
            if (!get(s, BEYOND(q), 1) && get(s, PTE(t, q), 2) == NONE)
                *out++ = set(set(s, PC(t), 3, F_LOCK), PAGE(t), 3, q + 1);
        break;
    case F_LOCK:
        if (!get(s, LOCKED(p), 1))
            *out++ = set(set(s, LOCKED(p), 1, 1), PC(t), 3, F_CHECK_SIZE);
        break;
    case F_CHECK_SIZE:
        if (get(s, BEYOND(p), 1))
            *out++ = set(set(s, LOCKED(p), 1, 0), PC(t), TASK_BITS, F_LOOKUP);
        else if (get(s, CACHE(p), 2) == ABSENT)
            *out++ = set(set(s, CACHE(p), 2, CLEAN), PC(t), 3, F_MAP);
        else
            *out++ = set(s, PC(t), 3, F_MAP);
        break;
    case F_MAP:
        *out++ = set(set(s, PTE(t, p), 2, READ_ONLY), PC(t), 3, F_UNLOCK);
        break;
    case F_UNLOCK:
        *out++ = set(set(s, LOCKED(p), 1, 0), PC(t), TASK_BITS, F_LOOKUP);
        break;
    }
    return out;
}

static inline State *write_back(State s, int p, State *out)
{
    switch ((enum WriteBack)get(s, WRITE_BACK(p), 2)) {
    case W_LOCK:
        if (!get(s, LOCKED(p), 1) && get(s, CACHE(p), 2) == DIRTY)
            *out++ = set(set(s, LOCKED(p), 1, 1), WRITE_BACK(p), 2, W_PROTECT);
        break;
    case W_PROTECT:
        *out++ = set(protect_all(s, p), WRITE_BACK(p), 2, W_SUBMIT);
        break;
    case W_SUBMIT:
        *out++ = set(set(set(s, CACHE(p), 2, WRITEBACK), LOCKED(p), 1, 0), WRITE_BACK(p), 2, W_END_IO);
        break;
    case W_END_IO:
        *out++ = set(set(s, CACHE(p), 2, CLEAN), WRITE_BACK(p), 2, W_LOCK);
        break;
    }
    return out;
}

static inline State *truncate_page(State s, int p, State *out)
{
    switch ((enum Truncate)get(s, TRUNCATE(p), 3)) {
    case T_LOWER_SIZE:
        *out++ = set(set(s, BEYOND(p), 1, 1), TRUNCATE(p), 3, T_UNMAP);
        break;
    case T_UNMAP:
        *out++ = set(unmap_all(s, p), TRUNCATE(p), 3, T_LOCK);
        break;
    case T_LOCK:
        if (!get(s, LOCKED(p), 1) && get(s, CACHE(p), 2) != WRITEBACK)
            *out++ = set(set(s, LOCKED(p), 1, 1), TRUNCATE(p), 3, T_UNMAP_AGAIN);
        break;
    case T_UNMAP_AGAIN:
        *out++ = set(unmap_all(s, p), TRUNCATE(p), 3, T_REMOVE);
        break;
    case T_REMOVE:
        *out++ = set(set(set(s, CACHE(p), 2, ABSENT), LOCKED(p), 1, 0), TRUNCATE(p), 3, T_RAISE_SIZE);
        break;
    case T_RAISE_SIZE:
        *out++ = set(set(s, BEYOND(p), 1, 0), TRUNCATE(p), 3, T_LOWER_SIZE);
        break;
    }
    return out;
}

static inline unsigned successors(State s, State *out)
{
    State *begin = out;
    for (int t = 0; t < TASKS; t++) {
        out = fault(s, t, out);
        for (int p = 0; p < PAGES; p++) {
            unsigned pte = get(s, PTE(t, p), 2);
            if (pte != NONE)
                *out++ = set(s, PTE(t, p), 2, NONE); /* unmap */
            if (pte == READ_ONLY && !get(s, LOCKED(p), 1) && get(s, CACHE(p), 2) != WRITEBACK)
                *out++ = set(set(s, PTE(t, p), 2, WRITABLE), CACHE(p), 2, DIRTY); /* make_writable */
        }
    }
    for (int p = 0; p < PAGES; p++) {
        out = write_back(s, p, out);
        out = truncate_page(s, p, out);
    }
    return out - begin;
}

#include "search.h"
